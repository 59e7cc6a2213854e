"""Where to wait: what today's posts reach in time, and which posts would reach more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from server.cli.common import home_option, office_of, table

if TYPE_CHECKING:
    from server.domain.coverage import Coverage
    from server.domain.geo import Place
    from server.services.posts import Proposal


@click.command()
@home_option
@click.option("--posts", "count", type=click.IntRange(1), help="Propose this many posts.")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    help="Propose the fewest posts that reach this share, for example 0.9.",
)
@click.option("--keep", is_flag=True, help="Leave today's posts where they are and add to them.")
@click.option(
    "--busy",
    type=click.FloatRange(0, 1, max_open=True),
    help="Share of time a unit is busy; then units are placed, and two may wait at one post.",
)
@click.option(
    "--speed-kmh",
    type=click.FloatRange(0, 120, min_open=True),
    help="How fast people ride; else dispatch.speed_kmh of the settings.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0, 120, min_open=True),
    help="From hand-over to arrival; else deadlines.arrived_s of the settings (8).",
)
@click.option(
    "--hours",
    metavar="FROM-TO",
    help="Cases and roster of these hours alone, for example 18-24 or 22-6.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of the table.")
def posts(
    home: Path,
    count: int | None,
    share: float | None,
    keep: bool,
    busy: float | None,
    speed_kmh: float | None,
    minutes: float | None,
    hours: str | None,
    as_json: bool,
) -> None:
    """Show which share of calls today's posts reach in time, and propose better posts.

    Calls are expected where cases were in the last 90 days and, while these are few, where people
    live. Without --posts and --share it proposes as many posts as there are today.

    \b
    Example:
      xiaonao posts --posts 12
      xiaonao posts --share 0.9 --keep --speed-kmh 20 --minutes 8
      xiaonao posts --posts 8 --hours 22-6
    """
    from server.domain.hours import Hours
    from server.services.posts import Wish, propose, travel_rule

    office = office_of(home)
    limit_s = office.settings.deadlines.arrived_s if minutes is None else minutes * 60
    band = Hours.parse(hours) if hours else None
    wish = Wish(count, share, keep, busy, band)
    made = propose(office, wish, rule=travel_rule(office, speed_kmh), limit_s=limit_s)
    if as_json:
        click.echo(json.dumps(_document(made), ensure_ascii=False, indent=2))
    else:
        _print(made)


def _print(made: Proposal) -> None:
    heard, rule = made.heard, made.rule
    click.echo(
        f"demand: {heard.cases} cases of 90 days and {heard.prior_cases:.0f} by population"
        f" (left out: {heard.without_place} without a place, {heard.outside} outside the district)"
    )
    click.echo(
        f"reach: {made.limit_s / 60:g} min at {rule.speed_kmh:g} km/h, leaving in"
        f" {rule.leaving_s / 60:g} min, road {rule.detour:g} times air:"
        f" {rule.reach_m(made.limit_s):.0f} m"
    )
    for word, plan in (("today", made.today), ("proposed", made.proposed)):
        click.echo(f"\n{word}: {len(plan.posts)} posts reach {plan.share:.1%}")
        rows = [
            (p.post.name, f"{p.share:.1%}", f"{p.only_share:.1%}", *_degrees(p.post.place))
            for p in plan.posts
        ]
        table(("near", "reaches", "only it reaches", "lat", "lon"), rows)
    if made.expected_share is not None:
        click.echo(f"\n{made.expected_share:.1%} are reached and find a free unit.")
    if made.gap > 0:
        click.echo(f"\nThe solver stopped at its time limit; up to {made.gap:.1%} more may exist.")


def _degrees(place: Place) -> tuple[str, str]:
    return f"{place.lat:.5f}", f"{place.lon:.5f}"


def _document(made: Proposal) -> dict[str, object]:
    return {
        "limit_s": made.limit_s,
        "speed_kmh": made.rule.speed_kmh,
        "detour": made.rule.detour,
        "leaving_s": made.rule.leaving_s,
        "demand": {
            "cases": made.heard.cases,
            "prior_cases": made.heard.prior_cases,
            "without_place": made.heard.without_place,
            "outside": made.heard.outside,
        },
        "today": _plan(made.today),
        "proposed": _plan(made.proposed),
        "gap": made.gap,
        "expected_share": made.expected_share,
        "crs": "WGS-84",
    }


def _plan(plan: Coverage) -> dict[str, object]:
    posts = [
        {
            "near": reach.post.name,
            "lat": round(reach.post.place.lat, 6),
            "lon": round(reach.post.place.lon, 6),
            "share": round(reach.share, 4),
            "only_share": round(reach.only_share, 4),
        }
        for reach in plan.posts
    ]
    return {"share": round(plan.share, 4), "posts": posts}


COMMANDS = (posts,)
