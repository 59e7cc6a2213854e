"""Who lives in the demo: units of the four points, members, accounts. All of it is made up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

PASSWORD = "demo-xiaonao"  # noqa: S105 - shown on the sign-in page; refused beyond loopback
HUMAN_UNIT = "shunda-1"
"""The unit of the account ``tiaojie``: the demo gives a person time before it acts itself."""
POINTS = (
    ("shunda", "顺达", 6),
    ("kangle", "康乐", 5),
    ("lindong", "临东", 6),
    ("hengtang", "横塘", 5),
)
_NUMBERS = "一二三四五六"
_SURNAMES = (
    "李王张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡"
)


@dataclass(frozen=True, slots=True)
class DemoUnit:
    id: str
    name: str
    point: str
    members: tuple[str, str]
    bodycam: str
    radio: str


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    role: str
    unit_id: str | None
    words: str


ACCOUNTS = (
    Account("zhihui", "dispatcher", None, "指挥室接派员：研判、派单、盯时限"),
    Account("tiaojie", "mediator", HUMAN_UNIT, "调解员：手机上签收、导航、到场、办结"),
    Account("dudao", "supervisor", None, "督导：看大屏、查统计、改标签"),
    Account("admin", "admin", None, "管理员"),
)


def demo_units() -> Iterator[DemoUnit]:
    """22 units, two members each, one bodycam and one radio."""
    count = 0
    for key, point, size in POINTS:
        for number in range(size):
            pair = _SURNAMES[2 * count], _SURNAMES[2 * count + 1]
            count += 1
            yield DemoUnit(
                id=f"{key}-{number + 1}",
                name=f"{point}{_NUMBERS[number]}组",
                point=point,
                members=(f"{pair[0]}某某", f"{pair[1]}某某"),
                bodycam=f"bc-{count:02d}",
                radio=f"rd-{count:02d}",
            )
