"""Where to wait: what today's posts reach, and which posts would reach more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from server.domain.coverage import Coverage, Demand, Post, TravelRule, cover, coverage
from server.domain.demand import PRIOR_CASES, expected, residents
from server.domain.errors import Invalid
from server.domain.geo import Place
from server.domain.hours import QUARTERS, Hours
from server.office import Office
from server.services import siting
from server.services.siting import Choice
from server.store import stats, units
from server.store.engine import reading
from server.store.last_scenes import last_scenes

PAST = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Wish:
    """Either ``count`` posts or the fewest that reach ``share``; neither: as many as today.

    ``keep`` leaves today's posts where they are and adds to them. ``busy`` is the share of time a
    unit is busy: then ``count`` units are placed (MEXCLP) and two may wait at one post. ``hours``
    takes the cases and the roster of that band of the day.
    """

    count: int | None = None
    share: float | None = None
    keep: bool = False
    busy: float | None = None
    hours: Hours | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What the demand was made from: case places used, imagined cases, and what was left out."""

    cases: int
    prior_cases: float
    without_place: int
    outside: int


@dataclass(frozen=True, slots=True)
class Reach:
    """Today's posts against the demand that is expected."""

    heard: Heard
    demand: tuple[Demand, ...]
    today: Coverage


@dataclass(frozen=True, slots=True)
class Proposal:
    rule: TravelRule
    limit_s: float
    heard: Heard
    today: Coverage
    proposed: Coverage
    gap: float
    """0 when no other choice reaches more; else how much more one might, as a share."""
    expected_share: float | None = None
    """With ``busy``: the share that is reached and finds a free unit (MEXCLP)."""


def travel_rule(office: Office, speed_kmh: float | None = None) -> TravelRule:
    """The settings' speed, detour and time for leaving, or the given speed."""
    dispatch, deadlines = office.settings.dispatch, office.settings.deadlines
    return TravelRule(speed_kmh or dispatch.speed_kmh, dispatch.detour, deadlines.departed_s)


def reach_today(
    office: Office, *, rule: TravelRule, limit_s: float, hours: Hours | None = None
) -> Reach:
    """What the posts of the units on duty reach now; in a band of ``hours``, at its next middle."""
    heard, demand = expected_demand(office, hours)
    return Reach(heard, demand, coverage(demand, posts_at(office, hours), rule, limit_s))


def reach_by_hours(
    office: Office, *, rule: TravelRule, limit_s: float
) -> tuple[tuple[Hours, Reach], ...]:
    """The same for each quarter of the coming day: another demand and another roster."""
    bands = (
        (band, reach_today(office, rule=rule, limit_s=limit_s, hours=band)) for band in QUARTERS
    )
    return tuple(bands)


def propose(
    office: Office,
    wish: Wish,
    *,
    rule: TravelRule,
    limit_s: float,
    time_limit_s: float = siting.TIME_LIMIT_S,
) -> Proposal:
    """Today's posts against the best choice among them and the gazetteer's places.

    Each solve takes at most ``time_limit_s``; what is then not proven best says so by its gap.
    Raises Invalid for a wish that cannot be met, Unavailable when the solver runs out of time.
    """
    _check(wish, rule, limit_s)
    heard, demand = expected_demand(office, wish.hours)
    today = posts_at(office, wish.hours)
    sites = _sites(office, today)
    keep = range(len(today)) if wish.keep else ()
    reached = cover(demand, sites, rule, limit_s)
    choice = _choose(demand, reached, wish, len(today), keep, time_limit_s)
    chosen = [sites[site] for site in choice.sites]
    before = coverage(demand, today, rule, limit_s)
    after = coverage(demand, chosen, rule, limit_s)
    expected_share = None
    if wish.busy is not None:
        expected_share = choice.weight / sum(point.weight for point in demand)
    return Proposal(rule, limit_s, heard, before, after, choice.gap, expected_share)


def expected_demand(office: Office, hours: Hours | None = None) -> tuple[Heard, tuple[Demand, ...]]:
    """The cases of the last 90 days, of ``hours`` alone where they are given, smoothed with where
    people live."""
    now, zone = office.clock(), _zone(office)
    with reading(office.engine) as conn:
        rows = stats.case_places(conn, now - PAST, now)
    found = [place for at, place in rows if hours is None or hours.hold(at.astimezone(zone))]
    placed = [place for place in found if place is not None]
    bounds = office.district.bounds
    used = [place for place in placed if bounds.contains(place.lat, place.lon)]
    # The imagined cases are of the same hours, or a quiet night would be nothing but them.
    prior = PRIOR_CASES * (hours.length_h / 24 if hours else 1)
    demand = expected(used, residents(office.district), prior)
    heard = Heard(len(used), prior, len(found) - len(placed), len(placed) - len(used))
    return heard, demand


def posts_at(office: Office, hours: Hours | None = None) -> tuple[Post, ...]:
    """Where the units on duty wait, now or at the next middle of ``hours`` by the roster; the
    district's points when nobody is on duty. Where units stay after a case, one that closed a case
    in its present duty waits there now."""
    now = office.clock()
    at = hours.next_middle(now.astimezone(_zone(office))).astimezone(UTC) if hours else now
    with reading(office.engine) as conn:
        duty = units.on_duty(conn, at)
        rows = [row for row in units.every(conn) if row.id in duty]
        stay = hours is None and office.settings.duty.after_case == "stay"
        scenes = last_scenes(conn, at) if stay else {}
    waiting = (
        Post(f"{row.name}（原地）", scenes[row.id])
        if row.id in scenes
        else Post(row.point, Place(row.lat, row.lon))
        for row in rows
    )
    points = (Post(p.name, Place(p.at.lat, p.at.lon)) for p in office.district.points)
    return _each_once(waiting) or _each_once(points)


def _zone(office: Office) -> ZoneInfo:
    return ZoneInfo(office.settings.district.time_zone)


def _sites(office: Office, today: Sequence[Post]) -> tuple[Post, ...]:
    """Today's posts first, then every named place: people can be sent to wait there."""
    named = (Post(p.name, Place(p.at.lat, p.at.lon)) for p in office.district.gazetteer)
    return _each_once([*today, *named])


def _each_once(posts: Iterable[Post]) -> tuple[Post, ...]:
    return tuple({post.place: post for post in reversed(list(posts))}.values())[::-1]


def _choose(
    demand: Sequence[Demand],
    reached: tuple[frozenset[int], ...],
    wish: Wish,
    today: int,
    keep: Sequence[int],
    time_limit_s: float,
) -> Choice:
    weights = [point.weight for point in demand]
    if wish.share is not None:
        return siting.fewest_posts(
            weights, reached, wish.share, keep=keep, time_limit_s=time_limit_s
        )
    count = wish.count or today
    if wish.busy is not None:
        return siting.expected_posts(
            weights, reached, count, busy=wish.busy, keep=keep, time_limit_s=time_limit_s
        )
    return siting.best_posts(weights, reached, count, keep=keep, time_limit_s=time_limit_s)


def _check(wish: Wish, rule: TravelRule, limit_s: float) -> None:
    if wish.count is not None and wish.share is not None:
        raise Invalid("posts", "say a number of posts or a share, not both")
    if wish.share is not None and wish.busy is not None:
        raise Invalid("busy", "goes with a number of posts, not with a share")
    if rule.reach_m(limit_s) <= 0:
        raise Invalid("minutes", f"leaving alone takes {rule.leaving_s / 60:.1f} min; ask for more")
