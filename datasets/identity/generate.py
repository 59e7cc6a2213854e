"""Made-up callers with known identity, told the way reports tell them: for testing linkage.

    python datasets/identity/generate.py --people 800 --seed 7 > mentions.jsonl

Each line: ``{"id", "person", "noise", "name", "phone", "id_number", "address"}``; ``noise`` names
what was done to it. Phones begin with 100, ID numbers with 000000: no real ones exist. The kinds
and their shares are stated in ``SHARES``; they are assumptions, not measurements.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡余杜"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志红梅鹏辉波宁"
AREAS = ("翠柳苑", "荷塘里", "望溪花园", "东桥新村", "云栖坊", "北港家园", "横塘佳苑", "临河公寓")
NUMERALS = "零一二三四五六七八九"
SHARES = {
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


@dataclass(frozen=True, slots=True)
class Person:
    number: int
    name: str
    sex: str
    phones: tuple[str, ...]
    id_number: str
    home: tuple[str, int, int, int]
    """Area, building, unit, room."""


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


def mentions(count: int, seed: int) -> Iterator[dict[str, str | None]]:
    """Two to six reports a person, in random order over the whole time."""
    draw = Random(seed)
    every = people(count, draw)
    rows = [row for person in every for row in _told(person, every, draw)]
    draw.shuffle(rows)
    for number, row in enumerate(rows):
        yield {"id": f"m{number:05d}", **row}


def _told(person: Person, every: list[Person], draw: Random) -> Iterator[dict[str, str | None]]:
    for _ in range(draw.randint(2, 6)):
        noise = draw.choices(list(SHARES), list(SHARES.values()))[0]
        yield {"person": f"p{person.number}", "noise": noise, **_row(person, noise, every, draw)}


def _row(person: Person, noise: str, every: list[Person], draw: Random) -> dict[str, str | None]:
    row: dict[str, str | None] = {
        "name": person.name,
        "phone": person.phones[0],
        "id_number": person.id_number if draw.random() < 0.25 else None,
        "address": spelling(person.home, 0, draw),
    }
    if noise == "masked_name":
        row["name"] = person.name[0] + "某" * draw.choice((1, 2))
    elif noise == "titled_name":
        row["name"] = person.name[0] + ("先生" if person.sex == "m" else "女士")
    elif noise == "anonymous":
        row |= {"name": "匿名", "id_number": None}
    elif noise == "address_spelling":
        row["address"] = spelling(person.home, draw.randint(1, 6), draw)
    elif noise == "other_phone":
        row["phone"] = person.phones[-1]
    elif noise == "family_phone":
        row["phone"] = _neighbour_phone(person, every)
    elif noise == "no_address":
        row["address"] = None
    elif noise == "moved":
        row["address"] = spelling(_home(draw), 0, draw)
    elif noise == "called_from_elsewhere":
        row["address"] = f"滨河路{draw.randint(1, 300)}号"
    return row


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
