"""Made-up callers with known identity, told the way reports tell them: for testing linkage.

    python datasets/identity/generate.py --people 800 --seed 7 > mentions.jsonl

Each line: ``{"id", "person", "noise", "name", "phone", "id_number", "address", "text"}``;
``person`` is whose matter it is, name and phone are the caller's; ``noise`` names what was done to
it. Phones begin with 100, ID numbers with 000000: no real ones exist. The kinds and their weights
stand in ``OWN`` (callers for themselves) and ``TOLD`` (others speak, or others are named); they
are assumptions, not measurements.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡余杜"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志红梅鹏辉波宁"
AREAS = ("翠柳苑", "荷塘里", "望溪花园", "东桥新村", "云栖坊", "北港家园", "横塘佳苑", "临河公寓")
NUMERALS = "零一二三四五六七八九"
OWN = {
    "clean": 0.29,
    "masked_name": 0.14,
    "titled_name": 0.14,
    "anonymous": 0.10,
    "address_spelling": 0.12,
    "other_phone": 0.08,
    "family_phone": 0.02,
    "no_address": 0.05,
    "moved": 0.03,
    "called_from_elsewhere": 0.03,
}
TOLD = {
    "agent_relative": 0.03,
    "agent_neighbour": 0.015,
    "agent_property": 0.015,
    "agent_lawyer": 0.01,
    "agent_first_person": 0.02,
    "named_opponent": 0.05,
    "opponents_door": 0.01,
}
"""``agent_*``: somebody else tells it for the person; ``named_opponent``: the text names whom the
quarrel is with; ``opponents_door``: anonymous, at the door of the other side."""
EVERY = OWN | TOLD
MATTERS = ("楼上漏水", "半夜噪音", "停车占位", "楼道堆物", "押金不退", "宠物扰民")


@dataclass(frozen=True, slots=True)
class Person:
    number: int
    name: str
    sex: str
    phones: tuple[str, ...]
    id_number: str
    home: tuple[str, int, int, int]
    """Area, building, unit, room."""


Teller = Callable[[Person, list[Person], Random], dict[str, str | None]]


def people(count: int, draw: Random) -> list[Person]:
    """Three in ten live with the one before; of these two in ten share the surname."""
    made: list[Person] = []
    for number in range(count):
        shares = bool(made) and draw.random() < 0.3
        home = made[-1].home if shares else _home(draw)
        related = shares and draw.random() < 0.2
        surname = made[-1].name[0] if related else draw.choice(SURNAMES)
        given = "".join(draw.choice(GIVEN) for _ in range(draw.choice((1, 2, 2))))
        phones = tuple(f"100{number:06d}{line:02d}" for line in range(draw.choice((1, 1, 2))))
        born = f"000000{draw.randint(1950, 2004)}{draw.randint(1, 12):02d}{number % 28 + 1:02d}"
        made.append(
            Person(number, surname + given, draw.choice("mf"), phones, f"{born}{number:04d}", home)
        )
    return made


def mentions(
    count: int, seed: int, weights: Mapping[str, float] = EVERY
) -> Iterator[dict[str, str | None]]:
    """Two to six reports a person, in random order over the whole time."""
    draw = Random(seed)
    every = people(count, draw)
    rows = [row for person in every for row in _told(person, every, draw, weights)]
    draw.shuffle(rows)
    for number, row in enumerate(rows):
        yield {"id": f"m{number:05d}", **row}


def _told(
    person: Person, every: list[Person], draw: Random, weights: Mapping[str, float]
) -> Iterator[dict[str, str | None]]:
    for _ in range(draw.randint(2, 6)):
        noise = draw.choices(list(weights), list(weights.values()))[0]
        yield {"person": f"p{person.number}", "noise": noise, **_row(person, noise, every, draw)}


def _row(person: Person, noise: str, every: list[Person], draw: Random) -> dict[str, str | None]:
    teller = TELLERS.get(noise)
    told = teller(person, every, draw) if teller else _noisy(person, noise, every, draw)
    return _plain(person, draw) | told


def _noisy(person: Person, noise: str, every: list[Person], draw: Random) -> dict[str, str | None]:
    """What a kind of noise changes when people call for themselves."""
    title = "先生" if person.sex == "m" else "女士"
    changed: dict[str, dict[str, str | None]] = {
        "clean": {},
        "masked_name": {"name": person.name[0] + "某" * draw.choice((1, 2))},
        "titled_name": {"name": person.name[0] + title},
        "anonymous": {"name": "匿名", "id_number": None},
        "address_spelling": {"address": spelling(person.home, draw.randint(1, 6), draw)},
        "other_phone": {"phone": person.phones[-1]},
        "family_phone": {"phone": _neighbour_phone(person, every)},
        "no_address": {"address": None},
        "moved": {"address": spelling(_home(draw), 0, draw)},
        "called_from_elsewhere": {"address": f"滨河路{draw.randint(1, 300)}号"},
    }
    return changed[noise]


def _plain(person: Person, draw: Random) -> dict[str, str | None]:
    return {
        "name": person.name,
        "phone": person.phones[0],
        "id_number": person.id_number if draw.random() < 0.25 else None,
        "address": spelling(person.home, 0, draw),
        "text": f"报警人称{draw.choice(MATTERS)}，要求处理",
    }


def _told_by(agent: Person, draw: Random) -> dict[str, str | None]:
    """The caller is somebody else, with all that is theirs."""
    number = agent.id_number if draw.random() < 0.25 else None
    return {"name": agent.name, "phone": agent.phones[0], "id_number": number}


def _named(person: Person, draw: Random, *, whole: float, masked: float) -> str:
    """A name in a text: whole, masked or titled, or not told; the shares are of the first two."""
    chance = draw.random()
    if chance < whole:
        return person.name
    if chance < whole + masked:
        title = "先生" if person.sex == "m" else "女士"
        return person.name[0] + draw.choice(("某", title))
    return ""


def _by_relative(person: Person, every: list[Person], draw: Random) -> dict[str, str | None]:
    """Half of them have a child who never calls for themselves; always the same one."""
    agent = every[(person.number + 1) % len(every)]
    caller = _told_by(agent, draw)
    if person.number % 2:
        surname = person.name[0] if person.sex == "m" else agent.name[0]
        phone = f"100{person.number:06d}90"
        caller = {"name": surname + draw.choice(GIVEN), "phone": phone, "id_number": None}
    relation = "父亲" if person.sex == "m" else "母亲"
    named = _named(person, draw, whole=0.4, masked=0.3)
    return {**caller, "text": f"代其{relation}{named}报警，称{draw.choice(MATTERS)}，要求处理"}


def _by_first_person(person: Person, every: list[Person], draw: Random) -> dict[str, str | None]:
    """The same callers in their own words; few of them name their mother."""
    caller = {**_by_relative(person, every, draw)}
    kin = draw.choice(("爸", "父亲") if person.sex == "m" else ("妈", "母亲"))
    child = draw.choice(("儿子", "女儿"))
    named = _named(person, draw, whole=0.2, masked=0.2)
    matter = draw.choice(MATTERS)
    told = (
        f"我{kin}{named}被邻居骂了，因为{matter}，你们快来看看",
        f"替我{kin}{named}报警，{matter}，老人不会说",
        f"我是{named or '他'}的{child}，邻居和他吵架，{matter}",
        f"我{kin}{named}跟楼上吵起来了，为了{matter}，我在外地赶不回去",
    )
    return {**caller, "text": draw.choice(told)}


def _by_neighbour(person: Person, every: list[Person], draw: Random) -> dict[str, str | None]:
    agent = every[(person.number + 2) % len(every)]
    named = _named(person, draw, whole=0.2, masked=0.5)
    text = f"邻居报警称，{person.home[3]}室住户{named}与人争吵，{draw.choice(MATTERS)}"
    return {**_told_by(agent, draw), "text": text}


def _by_property(person: Person, _: list[Person], draw: Random) -> dict[str, str | None]:
    """One number for a whole compound."""
    named = _named(person, draw, whole=0.3, masked=0.5)
    text = f"物业工作人员报警称，{person.home[3]}室业主{named}与楼上因{draw.choice(MATTERS)}争吵"
    phone = f"10099990{AREAS.index(person.home[0]):03d}"
    return {"name": "物业", "phone": phone, "id_number": None, "text": text}


def _by_lawyer(person: Person, _: list[Person], draw: Random) -> dict[str, str | None]:
    """Twenty lawyers, each with many clients."""
    named = _named(person, draw, whole=0.8, masked=0.2)
    text = f"律师受当事人{named}委托报警，称{draw.choice(MATTERS)}，对方不肯处理"
    phone = f"10088880{person.number % 20:03d}"
    return {"name": draw.choice(SURNAMES) + "律师", "phone": phone, "id_number": None, "text": text}


def _named_opponent(person: Person, every: list[Person], draw: Random) -> dict[str, str | None]:
    """Mostly the same one; the caller masked, on one of their numbers."""
    same = draw.random() < 0.7
    opponent = every[(person.number * 7 + 3) % len(every)] if same else draw.choice(every)
    named = _named(opponent, draw, whole=0.3, masked=0.7)
    text = f"报警人称与{named}因{draw.choice(MATTERS)}发生争吵"
    return {"name": person.name[0] + "某", "phone": draw.choice(person.phones), "text": text}


def _opponents_door(person: Person, every: list[Person], draw: Random) -> dict[str, str | None]:
    opponent = every[(person.number * 7 + 3) % len(every)]
    named = _named(opponent, draw, whole=0.3, masked=0.7)
    text = f"报警人称到{named}家理论{draw.choice(MATTERS)}，被赶出门"
    address = spelling(opponent.home, 0, draw)
    return {"name": "匿名", "id_number": None, "address": address, "text": text}


TELLERS: dict[str, Teller] = {
    "agent_relative": _by_relative,
    "agent_first_person": _by_first_person,
    "agent_neighbour": _by_neighbour,
    "agent_property": _by_property,
    "agent_lawyer": _by_lawyer,
    "named_opponent": _named_opponent,
    "opponents_door": _opponents_door,
}


def spelling(home: tuple[str, int, int, int], style: int, draw: Random) -> str:
    """One home in seven spellings."""
    area, building, unit, room = home
    tens, ones = divmod(building, 10)
    words = (NUMERALS[tens] if tens > 1 else "") + ("十" if tens else "")
    chinese = words + (NUMERALS[ones] if ones or not tens else "")
    wide = str(building).translate({ord("0") + d: ord("０") + d for d in range(10)})
    styles = (
        f"{area}{building}幢{unit}单元{room}室",
        f"{area}小区{wide}栋{room}",
        f"{area}{chinese}号楼{room}室",
        f"{area}{building}-{unit}-{room}",
        f"某某区{draw.choice(('东', '西'))}苑街道{area}{building}号楼{unit}单元{room}室",
        f"{area} {building} 座 {room} 房",
        f"{area}{building}幢{''.join(NUMERALS[int(d)] for d in str(room))}室家中",
    )
    return styles[style]


def _neighbour_phone(person: Person, every: list[Person]) -> str:
    """The phone of somebody of the same home if there is one, else of anybody: borrowed."""
    near = [every[person.number - 1], every[(person.number + 1) % len(every)]]
    same = [other for other in near if other.home == person.home]
    return (same or near)[0].phones[0]


def _home(draw: Random) -> tuple[str, int, int, int]:
    room = draw.randint(1, 18) * 100 + draw.randint(1, 4)
    return draw.choice(AREAS), draw.randint(1, 24), draw.randint(1, 3), room


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=800)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    for row in mentions(given.people, given.seed):
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
