"""The street's figures: what came, what was settled, how fast, how often it came back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from server.domain.case import Disposition, Step
from server.domain.punctuality import percentile
from server.domain.roles import Actor
from server.domain.sla import DeadlineState
from server.domain.views import Stats, StepTime
from server.office import Office
from server.services.reading import check_span
from server.store import stats
from server.store.engine import reading


def figures(office: Office, actor: Actor, *, since: datetime, until: datetime) -> Stats:
    """Figures of ``[since, until)``. Raises Invalid for a span that is empty or too long.

    Rates as the street counts them: settled on the spot among disputes handed over; settled
    later among those taken up afterwards.
    """
    del actor
    check_span(since, until)
    with reading(office.engine) as conn:
        by_label = stats.received_by(conn, "label", since, until)
        by_route = stats.received_by(conn, "route", since, until)
        by_category = stats.received_by(conn, "category", since, until)
        ends = stats.dispositions(conn, since, until)
        handed = stats.handed_over(conn, since, until)
        repeats = stats.repeats(conn, since, until)
        seconds = stats.step_seconds(conn, since, until)
        outcomes = stats.deadline_outcomes(conn, since, until)
        open_cases = stats.open_cases(conn)
    disputes = by_label.get("dispute", 0)
    on_spot = ends.get(Disposition.SETTLED_ON_SPOT, 0)
    later, settled_later = stats.taken_up_later(ends), ends.get(Disposition.SETTLED_LATER, 0)
    return Stats(
        since=since,
        until=until,
        received=sum(by_label.values()),
        disputes=disputes,
        diverted=handed,
        settled_on_spot=on_spot,
        taken_up_later=later,
        settled_later=settled_later,
        on_spot_rate=_share(on_spot, sum(ends.values())),
        later_rate=_share(settled_later, later),
        repeat_share=_share(repeats, disputes),
        open_cases=open_cases,
        by_route=by_route,
        by_category=by_category,
        steps=tuple(_step_time(step, seconds[step], outcomes) for step in Step),
    )


def _step_time(
    step: Step, seconds: Sequence[float], outcomes: dict[tuple[str, str], int]
) -> StepTime:
    return StepTime(
        step=step.value,
        count=len(seconds),
        p50_s=percentile(seconds, 50),
        p90_s=percentile(seconds, 90),
        met=outcomes.get((step.value, DeadlineState.MET), 0),
        missed=outcomes.get((step.value, DeadlineState.MISSED), 0),
    )


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
