"""Where to wait, tried out: what today's posts reach in time, and what other posts would reach."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, render_template, request
from werkzeug.wrappers import Response

from server.domain.coverage import Coverage, Demand, TravelRule
from server.domain.errors import Invalid, OfficeError, Unavailable
from server.domain.hours import QUARTERS, Hours
from server.domain.reach_map import Plan, plan_of
from server.domain.roles import Action
from server.office import Office
from server.services import posts as service
from server.services.posts import Proposal, Wish
from server.web.access import current_office, needs
from server.web.pages import lists
from server.web.pages.notices import in_chinese

blueprint = Blueprint("posts", __name__)

SOLVE_S = 8.0
"""A solve of the page takes at most so long; the command line takes its time."""
KEEP = timedelta(minutes=10)
MAX_KEPT = 16
WAIT_S = 20.0
MOST_POSTS, MOST_MINUTES, MOST_KMH = 60, 120.0, 120.0
COLUMNS = ("方案", "驻点", "可达占比", "仅它可达", "纬度", "经度")
_EXTENSION = "xiaonao-what-if"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks: posts or a share of calls, minutes, speed, hours of the day; today's
    posts kept."""

    count: int | None
    share: float | None
    minutes: float
    speed_kmh: float
    keep: bool
    hours: Hours | None = None

    @property
    def wish(self) -> Wish | None:
        if self.count is None and self.share is None:
            return None
        return Wish(self.count, self.share, self.keep, hours=self.hours)


class WhatIfs:
    """Answers of the last minutes, bounded; one solve at a time, so that pages stay quick."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._kept: OrderedDict[Asked, tuple[datetime, Proposal]] = OrderedDict()

    def get(self, office: Office, asked: Asked, wish: Wish, rule: TravelRule) -> Proposal:
        """Raises Unavailable while another person's question takes long."""
        if not self._turn.acquire(timeout=WAIT_S):
            raise Unavailable("Another proposal is being worked out; try again in a minute.")
        try:
            return self._found(office, asked, wish, rule)
        finally:
            self._turn.release()

    def _found(self, office: Office, asked: Asked, wish: Wish, rule: TravelRule) -> Proposal:
        now, held = office.clock(), self._kept.get(asked)
        if held is not None and abs(now - held[0]) < KEEP:
            return held[1]
        limit_s = asked.minutes * 60
        made = service.propose(office, wish, rule=rule, limit_s=limit_s, time_limit_s=SOLVE_S)
        self._kept[asked] = (now, made)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return made


def prepare(extensions: dict[str, Any]) -> None:
    extensions[_EXTENSION] = WhatIfs()


@blueprint.get("/console/posts")
@needs(Action.READ_STATS)
def posts() -> str | Response:
    """Today's reach as figure, plan and table; with ``count`` or ``share`` a proposal beside it."""
    office = current_office()
    asked, fault = _asked(office)
    rule, limit_s = service.travel_rule(office, asked.speed_kmh), asked.minutes * 60
    reach = service.reach_today(office, rule=rule, limit_s=limit_s, hours=asked.hours)
    made: Proposal | None = None
    try:
        if not fault and asked.wish is not None:
            kept: WhatIfs = current_app.extensions[_EXTENSION]
            made = kept.get(office, asked, asked.wish, rule)
    except OfficeError as error:
        fault = _said(error)
    if lists.wants_file():
        return lists.as_file("驻点", COLUMNS, _lines(reach.today, made))
    return render_template(
        "posts.html",
        asked=asked,
        fault=fault,
        reach=reach,
        made=made,
        by_hours=service.reach_by_hours(office, rule=rule, limit_s=limit_s),
        quarters=QUARTERS,
        rule=rule,
        reach_m=rule.reach_m(limit_s),
        plan=_plan(office, reach.demand, reach.today, rule, limit_s),
        new_plan=_plan(office, reach.demand, made.proposed, rule, limit_s) if made else None,
        solve_s=SOLVE_S,
    )


def _plan(
    office: Office, demand: tuple[Demand, ...], found: Coverage, rule: TravelRule, limit_s: float
) -> Plan:
    return plan_of(office.district, demand, [one.post for one in found.posts], rule, limit_s)


def _lines(today: Coverage, made: Proposal | None) -> list[list[str | float]]:
    plans = [("现在", today), *([("方案", made.proposed)] if made else [])]
    return [
        [
            name,
            one.post.name,
            round(one.share, 4),
            round(one.only_share, 4),
            round(one.post.place.lat, 6),
            round(one.post.place.lon, 6),
        ]
        for name, plan in plans
        for one in plan.posts
    ]


def _asked(office: Office) -> tuple[Asked, str]:
    """What the address asks, and the fault in it, in Chinese; the settings stand in for gaps."""
    settings = office.settings
    usual = Asked(
        None, None, settings.deadlines.arrived_s / 60, settings.dispatch.speed_kmh, keep=False
    )
    try:
        count, share = _count_or_share()
        asked = Asked(
            count=None if count is None else int(count),
            share=None if share is None else share / 100,
            minutes=_number("minutes", 0.5, MOST_MINUTES) or usual.minutes,
            speed_kmh=_number("speed", 1, MOST_KMH) or usual.speed_kmh,
            keep=request.args.get("keep") == "yes",
            hours=_hours(),
        )
    except Invalid as error:
        return usual, in_chinese(error)
    return asked, ""


def _count_or_share() -> tuple[float | None, float | None]:
    count, share = _number("count", 1, MOST_POSTS), _number("share", 1, 100)
    if count is not None and share is not None:
        raise Invalid("count", "驻点数和目标占比只填一个")
    return count, share


def _hours() -> Hours | None:
    said = request.args.get("hours", "").strip()
    try:
        return Hours.parse(said) if said else None
    except Invalid:
        raise Invalid("hours", "请填两个整点，例如18-24或22-6") from None


def _number(name: str, least: float, most: float) -> float | None:
    said = request.args.get(name, "").strip()
    if not said:
        return None
    try:
        value = float(said)
    except ValueError:
        value = float("nan")
    if not least <= value <= most:
        raise Invalid(name, f"请填{least:g}到{most:g}之间的数字")
    return value


def _said(error: OfficeError) -> str:
    if isinstance(error, Unavailable):
        return "另一个方案正在计算，请过一分钟再试。"
    if isinstance(error, Invalid):
        return _WHY.get(error.field, "这样的方案做不到，请换一组数字。")
    return in_chinese(error)


_WHY = {
    "posts": "驻点数太少或太多，请换一个数。",
    "share": "全部候选地点加起来也达不到这个占比，请调低。",
    "minutes": "时限短于出发所需的时间，请放宽。",
}
