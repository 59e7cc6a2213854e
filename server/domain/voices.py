"""Who speaks in a text, for whom, who else is named: 代其母亲报警, 邻居报警称, 与李某争吵.

Whoever calls for others is no party: their phone and name must not make them one. Patterns of the
house styles that reports are written in; what fits none is taken for the caller's own matter, so a
missed agent costs what it did before, and an invented one only sends the call to its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from triage.entities import SURNAMES, find_entities


class Agent(StrEnum):
    RELATIVE = "relative"
    NEIGHBOUR = "neighbour"
    PROPERTY = "property"
    LAWYER = "lawyer"
    OTHER = "other"


CLOSE = frozenset({Agent.RELATIVE, Agent.NEIGHBOUR})
"""Of these the same one calling again mostly calls for the same person."""
_SHE = "母亲|妈妈?|奶奶|外婆|姥姥|妻子|老婆|女儿|姐姐|妹妹|婆婆|岳母|阿姨|姑姑|儿媳"
_HE = "父亲|爸爸?|爷爷|外公|姥爷|丈夫|老公|儿子|哥哥|弟弟|公公|岳父|叔叔|舅舅|女婿"
_KIN = f"{_SHE}|{_HE}|父母|家人|亲戚|家属"
_NEAR = "邻居|对门|隔壁|楼上|楼下"
_CLIENTS = (
    "当事人|委托人|客户|业主|住户|居民|村民|老人|朋友|同事|工友|室友|老乡|租客|房东|他人|别人"
)
_MASKED = rf"[{SURNAMES}](?:某{{1,2}}|先生|女士|小姐|阿姨|大爷|师傅)"
_NAMED = rf"(?:{_MASKED}|[{SURNAMES}](?!某)[\u4e00-\u9fff]{{1,2}}?)"
_CALLS = "报警|报个警|报案|来电|致电|打电话|拨打|求助|反映|咨询"
_PROXY = re.compile(
    rf"(?:代|替|帮|受)(?:其|自己|他|她|我)?的?(?P<near>{_NEAR})?的?(?P<rel>{_KIN}|{_CLIENTS})?"
    rf"(?P<name>{_NAMED})?(?:的?委托|所托)?(?P<end>{_CALLS})"
)
_ELDERS = (
    "妈妈?|母亲|爸爸?|父亲|爸妈|父母|爷爷|奶奶|外公|外婆|姥姥|姥爷|岳父|岳母|公公|婆婆"
    "|叔叔|阿姨|舅舅|姑姑|姐姐?|妹妹?|哥哥?|弟弟?|儿子|女儿|孙子|孙女"
)
_FOR_MINE = re.compile(
    rf"^我(?P<rel>{_ELDERS})(?:(?P<name>{_NAMED})(?=[被跟和与让在因家的]))?(?![们他她])"
    r"(?![^，。]{0,6}(?:同学|老师|同事|病友|护工|姐妹|搭子|朋友|单位|对象|前夫|说))"
    r"(?=[^我，。；]{0,12}?(?:被|跟|和|与|让))"
)
"""First person, for one's own people: 我妈被邻居骂了. A spouse's quarrel is the caller's too."""
_ME = re.compile(
    r"(?:打|骂|跟|和|与|同|对|把|被|让|给|找|向|赶|逼|欠|扣|砸|推|拉|问|掐|踢|害|吓|拿|吵|到|了|来)我"
    r"|我(?:跟|和|与|被|也|们|俩|家|本人|自己|就|还|都|打|骂|不|没|要|想|有|现在)"
)
"""The caller is in it."""
_IS_OF = re.compile(
    rf"(?P<who>报警人|我|本人)(?:系|是|为)(?:{_CLIENTS}|伤者|他|她|其|(?P<name>{_NAMED}))的?"
    rf"(?P<rel>{_KIN}|{_NEAR}|代理人|(?:代理|委托)?律师|同事|朋友|房东)"
)
_TITLES = (
    (Agent.PROPERTY, "物业(?:公司|中心)?(?:工作人员|经理|管家|保安)?|小区保安"),
    (Agent.NEIGHBOUR, f"(?:{_NEAR})?邻居"),
    (Agent.LAWYER, "(?:代理)?律师"),
    (
        Agent.OTHER,
        "(?:过路|热心|围观)?(?:群众|路人|市民)|网格员|社区(?:工作人员|干部)|村干部|房产中介",
    ),
)
_SAYS = re.compile(
    "^(?:报警人(?:系|是|为))?(?:"
    + "|".join(f"(?P<{agent}>{words})" for agent, words in _TITLES)
    + ")"
    r"，?(?:电话)?(?:报警|来电|致电|反映)?(?:称|说|反映|[:：])"
)
_TOLD_FOR = re.compile("住户|业主|居民|老人|租客|商户|当事人|夫妻|夫妇|母子|父子|一家|两家|有人")
_OWN = re.compile(
    r"自己|自家|我家|其家|本人|与其|对其|将其|被其|找其|向其|我[^国]|物业费|保安被|与物业"
)
_SELF = re.compile(
    rf"^(?:报警人|事主)?(?P<name>{_NAMED})(?:电话)?(?:来电|报警)?(?:报|称|说)"
    rf"|^[^，。；]{{0,12}}?(?P<later>{_MASKED})[^，。；:：]{{0,6}}?(?:报警|报案|来电|致电|拨打)"
)
_FULL = re.compile(
    rf"(?:当事人|委托人|住户|业主|对方|邻居|房东|租客|老板|与|和|跟|被|到|找)(?P<name>[{SURNAMES}][\u4e00-\u9fff]{{1,2}}?)"
    r"(?=[因与和跟被吵争打报殴骂家，,（(]|发生|产生|有矛盾|委托)"
)
_NO_NAME = frozenset("方人家士员工某们女")
"""Letters that end a word rather than a given name: 与对方, 和家人."""
MOST_NAMED = 4


@dataclass(frozen=True, slots=True)
class Voices:
    """``agent`` None: the caller's own matter. ``relation``: what the party is to the agent.
    ``party``: the name of whom the matter is, as told; ``others``: further people named, at most
    four; ``sex`` of the party where the relation tells it."""

    agent: Agent | None = None
    relation: str | None = None
    party: str | None = None
    others: tuple[str, ...] = ()
    sex: str | None = None


def hear(text: str) -> Voices:
    """What a report's text says of who speaks."""
    plain = re.sub(r"\s+", "", text)
    agent, relation, party = _agent(plain)
    if agent is None:
        told = _SELF.match(plain)
        said = (told["name"] or told["later"]) if told else None
        party = said if said and _is_name(said) else None
    named = _named(plain)
    if agent is not None and party is None and named:
        party = named[0]
    others = tuple(name for name in named if name != party)[:MOST_NAMED]
    return Voices(agent, relation, party, others, _sex(relation))


def _agent(text: str) -> tuple[Agent | None, str | None, str | None]:
    proxy = _PROXY.search(text)
    if proxy and (proxy["rel"] or proxy["near"] or proxy["name"]):
        lawyer = "律师" in text[: proxy.end()]
        kind = Agent.LAWYER if lawyer else _kind(proxy["near"] or proxy["rel"])
        return kind, _relation(kind, proxy["rel"]), proxy["name"]
    mine = _FOR_MINE.match(text)
    if mine and not _ME.search(text, mine.end()):
        return Agent.RELATIVE, mine["rel"], mine["name"]
    described = _IS_OF.search(text)
    if described and (described["who"] == "报警人" or not _ME.search(text, described.end())):
        kind = _kind(described["rel"])
        return kind, None, described["name"]
    return _titled(text), None, None


def _titled(text: str) -> Agent | None:
    """``邻居报警称``: an agent only where others are told of and nothing of the caller's own."""
    says = _SAYS.match(text)
    if not says or _OWN.search(text, says.end()) or not _TOLD_FOR.search(text, says.end()):
        return None
    return next(agent for agent, _ in _TITLES if says[agent])


def _kind(word: str | None) -> Agent:
    if word and re.fullmatch(_KIN, word):
        return Agent.RELATIVE
    if word and re.fullmatch(_NEAR, word):
        return Agent.NEIGHBOUR
    return Agent.LAWYER if word and ("律师" in word or word == "代理人") else Agent.OTHER


def _relation(kind: Agent, word: str | None) -> str | None:
    return word if kind is Agent.RELATIVE else None


def _sex(relation: str | None) -> str | None:
    if relation is None:
        return None
    if re.fullmatch(_SHE, relation):
        return "f"
    return "m" if re.fullmatch(_HE, relation) else None


def _named(text: str) -> list[str]:
    """Names in reading order, each once: masked ones anywhere, whole ones after a word that
    introduces a person."""
    found = [(one.start, one.text) for one in find_entities(text) if one.kind == "name"]
    found += [(one.start("name"), one["name"]) for one in _FULL.finditer(text)]
    return list(dict.fromkeys(name for _, name in sorted(found) if _is_name(name)))


def _is_name(word: str) -> bool:
    return word[-1] not in _NO_NAME or word.endswith(("某", "女士"))
