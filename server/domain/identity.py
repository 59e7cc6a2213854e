"""Who is who: are two mentions in reports the same person? (Fellegi and Sunter, 1969)

Each thing that can be compared adds ``log2(m / u)``: how much likelier it is to look so among
mentions of one person than of two. What is unknown adds nothing. Three outcomes: linked, not, and
to be confirmed by a person. Keys are keyed hashes; of a name only the surname is known in clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from math import log2

from server.domain.address import Spot
from server.domain.names import surname_share
from server.domain.profiles import (
    Mention,
    Profile,
    join,
    profile_of,
    same_person,
    told_of_at_home,
)

ID_WORDS = ("身份证号相同", "身份证号不同")
PHONE_WORDS = ("电话相同", "电话不同")
AGENT_WORDS = ("代报警人相同", "")
NAME_WORDS = ("姓名相同", "姓名不同")


class Verdict(StrEnum):
    LINKED = "linked"
    CONFIRM = "confirm"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Match:
    """``score`` in bits; ``reasons`` are (what was compared and how it came out, bits)."""

    verdict: Verdict
    score: float
    reasons: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """``merge``: people who turn out to be the same as ``person``."""

    person: str
    match: Match
    merge: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchRule:
    """Bits of each outcome, and the two thresholds.

    A phone alone links (a number is mostly one person's); a shared phone with another full name
    does not. ``prior`` is what two mentions of one blocking key start with. Who called
    ``lone_from`` times from a door that nobody else is known at mostly lives there alone.
    """

    id_same: float = 24.0
    id_other: float = -40.0
    phone_same: float = 13.0
    phone_other: float = -4.0
    name_same: float = 11.0
    name_other: float = -16.0
    surname_other: float = -16.0
    sex_other: float = -9.0
    sex_same: float = 1.0
    home_same: float = 6.0
    building_same: float = 4.0
    area_same: float = 1.5
    place_other: float = -1.5
    household: float = 4.0
    lone_home: float = 4.0
    lone_from: int = 3
    agent_same: float = 9.0
    agent_self: float = -12.0
    opponent_name: float = 5.0
    opponent_surname: float = 3.0
    opponent_home: float = 2.0
    is_opponent: float = -4.0
    is_named_opponent: float = -14.0
    shared_phone: float = 2.0
    prior: float = -3.0
    margin: float = 2.0
    linked_from: float = 7.0
    confirm_from: float = 3.0


def compare(one: Mention, person: Profile, rule: MatchRule = MatchRule()) -> Match:
    """How well a mention goes with all that is known of a person."""
    place = _best_place(one.spot, person.spots, rule)
    one_home = place[1] >= rule.home_same
    phones = frozenset(person.calls_by_phone)
    parts = [
        _among(ID_WORDS, one.id_number, person.id_numbers, rule.id_same, rule.id_other),
        _among(PHONE_WORDS, one.phone, phones, rule.phone_same, rule.phone_other),
        *_names(one, person, rule, one_home=one_home),
        place,
        _agents(one, person, rule),
        _opponents(one, person, rule, one_home=one_home),
    ]
    reasons = tuple(part for part in parts if part[1])
    score = rule.prior + sum(bits for _, bits in reasons)
    return Match(_verdict(score, rule), score, reasons)


def choose(
    mention: Mention, people: Mapping[str, Profile], rule: MatchRule = MatchRule()
) -> Choice | None:
    """The person a mention goes best with, None when there is nobody to compare with.

    A phone that several people used speaks for each by their share of its calls. Two people who
    fit about equally well are never decided by a machine, unless the mention shows that they are
    one: then they are to be merged.
    """
    found = sorted(
        ((_shared(mention, person, people, rule), name) for name, person in people.items()),
        key=lambda pair: (-pair[0].score, pair[1]),
    )
    if not found:
        return None
    match, name = found[0]
    joined = join(people[name], profile_of([mention]))
    linked = [other for one, other in found[1:] if one.verdict is Verdict.LINKED]
    others = {other: people[other] for _, other in found[1:]}
    told = _told_of(joined, others, rule)
    merge = tuple(
        o for o in others if o in told or (o in linked and same_person(joined, others[o]))
    )
    rivals = [one.score for one, other in found[1:] if other not in merge]
    close = bool(rivals) and match.score - rivals[0] < rule.margin
    if close and match.verdict is Verdict.LINKED:
        return Choice(name, replace(match, verdict=Verdict.CONFIRM))
    return Choice(name, match, merge if match.verdict is Verdict.LINKED else ())


def _told_of(person: Profile, others: Mapping[str, Profile], rule: MatchRule) -> set[str]:
    """Those of the others whom agents only told of, and who can be nobody else of that door."""
    here = {name: other for name, other in others.items() if other.homes & person.homes}
    known = [other for other in here.values() if not other.only_told_of]
    alone = person.own_calls >= rule.lone_from and not known
    clear = [name for name, other in here.items() if not _rival(other, known)]
    return {name for name in clear if told_of_at_home(person, others[name], alone=alone)}


def _rival(told: Profile, known: list[Profile]) -> bool:
    """Whether somebody else known at the door bears the surname too."""
    return any(told.surnames & other.surnames for other in known)


def _alone(
    mention: Mention, person: Profile, people: Mapping[str, Profile], rule: MatchRule
) -> tuple[str, float]:
    """Told of without any name, at a door where only this person is known, who called often."""
    home = mention.spot.key if mention.spot and mention.spot.is_home else None
    if mention.agent is None or mention.name.surname or home not in person.homes:
        return "", 0.0
    if person.own_calls < rule.lone_from:
        return "", 0.0
    others = (one for one in people.values() if one is not person and home in one.homes)
    shared = any(one.own_calls or one.surnames - person.surnames for one in others)
    return ("", 0.0) if shared else ("此门牌只有此人", rule.lone_home)


def _shared(
    mention: Mention, person: Profile, people: Mapping[str, Profile], rule: MatchRule
) -> Match:
    match = _with(compare(mention, person, rule), _alone(mention, person, people, rule), rule)
    mine = person.calls_by_phone.get(mention.phone or "", 0)
    every = sum(one.calls_by_phone.get(mention.phone or "", 0) for one in people.values())
    if not mine or mine == every:
        return match
    return _with(match, ("电话多人使用", log2(mine / every) * rule.shared_phone), rule)


def _with(match: Match, part: tuple[str, float], rule: MatchRule) -> Match:
    if not part[1]:
        return match
    score = match.score + part[1]
    return Match(_verdict(score, rule), score, (*match.reasons, part))


def _verdict(score: float, rule: MatchRule) -> Verdict:
    if score >= rule.linked_from:
        return Verdict.LINKED
    return Verdict.CONFIRM if score >= rule.confirm_from else Verdict.NOT


def _among(
    words: tuple[str, str], one: str | None, known: frozenset[str], same: float, differ: float
) -> tuple[str, float]:
    if one is None or not known:
        return "", 0.0
    return (words[0], same) if one in known else (words[1], differ)


def _names(
    mention: Mention, person: Profile, rule: MatchRule, *, one_home: bool
) -> list[tuple[str, float]]:
    """Under one roof a shared surname says less: families have it. With another number beside it
    two in three are one person still (docs/RECURRENCE.md), so it is asked."""
    parts, one = [], mention.name
    if one.full and person.full_names:
        parts.append(
            _among(NAME_WORDS, one.full, person.full_names, rule.name_same, rule.name_other)
        )
    elif one.surname and person.surnames:
        what, bits = _surname(one.surname, person.surnames, rule)
        parts.append((what, rule.household if one_home and bits > 0 else bits))
    sexes = ("性别相同", "性别不同")
    parts.append(_among(sexes, one.sex, person.sexes, rule.sex_same, rule.sex_other))
    return parts


def _agents(one: Mention, person: Profile, rule: MatchRule) -> tuple[str, float]:
    """Whoever speaks for others is not whom they speak for."""
    for_person = {key.rpartition("|")[2] for key in person.agent_keys}
    named = one.name.full is not None and one.name.full in person.full_names
    if not named and (one.agent_phone in person.calls_by_phone or one.phone in for_person):
        return "此人是代报警人", rule.agent_self
    return _among(AGENT_WORDS, one.agent_key, person.agent_keys, rule.agent_same, 0.0)


def _opponents(
    one: Mention, person: Profile, rule: MatchRule, *, one_home: bool
) -> tuple[str, float]:
    """Nobody quarrels with themselves; a quarrel with the same one again speaks for one person,
    but little under one roof, where families share it."""
    names = {name.full for name in one.others if name.full}
    surnames = {name.surname for name in one.others if name.surname}
    own = {one.name.full} if one.name.full else set()
    if names & person.full_names or own & person.other_names:
        return "此人是对方", rule.is_named_opponent
    if surnames & person.surnames and one.name.surname not in person.surnames:
        return "此人是对方", rule.is_opponent
    if names & person.other_names:
        bits = rule.opponent_name
    elif surnames & person.other_surnames:
        shared = min(surname_share(surname) for surname in surnames & person.other_surnames)
        bits = min(log2(0.7 / shared), rule.opponent_surname)
    else:
        return "", 0.0
    return "对方相同", min(bits, rule.opponent_home) if one_home else bits


def _surname(one: str, known: frozenset[str], rule: MatchRule) -> tuple[str, float]:
    """Sharing a rare surname says more than sharing a common one: ``log2(.98 / its share)``."""
    if one not in known:
        return "姓氏不同", rule.surname_other
    return "姓氏相同", log2(0.98 / surname_share(one))


def _best_place(one: Spot | None, known: tuple[Spot, ...], rule: MatchRule) -> tuple[str, float]:
    """People move and call from elsewhere, so the place that fits best counts."""
    found = [_places(one, spot, rule) for spot in known] if one else []
    return max(found, key=lambda part: part[1], default=("地址", 0.0))


def _places(one: Spot, other: Spot, rule: MatchRule) -> tuple[str, float]:
    if one.area != other.area:
        return "地址不同", rule.place_other
    if one.building and other.building and one.building != other.building:
        return "楼栋不同", rule.place_other
    if one.room and other.room:
        same = one.room == other.room
        return ("门牌相同", rule.home_same) if same else ("门牌不同", rule.place_other)
    known = one.building and other.building
    return ("楼栋相同", rule.building_same) if known else ("小区相同", rule.area_same)
