"""The risk that a dispute returns, from what is linked to it by person and by place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce

from sqlalchemy import Connection

from server.domain.register import with_outcome
from server.office import Office
from server.services.identity import Recognised
from server.store import identity
from server.store.identity import Found
from triage.recurrence import Bands, History, Risk
from triage.recurrence_model import Past, RiskModel, judge_other
from triage.trail import Trail, stronger

_DAY = timedelta(days=1)
LEAST_LOG_DAYS = 365.0
"""A street that just began counts as a year old: its first calls are no proof of risk."""


def of_report(
    office: Office,
    conn: Connection,
    who: Recognised,
    at: datetime,
    category: str | None,
    *,
    dispute: bool,
) -> Risk:
    """Only main reports before ``at`` count: a call told twice is one event."""
    calls = identity.linked_calls(conn, who.mention, person_id=who.person_id, until=at)
    own = identity.trails_of(who.mention, who.person_id)
    began = identity.first_report_at(conn)
    log_days = (at - began) / _DAY if began else 0.0
    return judge(
        [[call for call in calls if getattr(call, by) == key] for by, key in own.items()],
        at,
        category,
        model=office.risk.model,
        bands=office.settings.recurrence.bands(),
        dispute=dispute,
        log_days=log_days,
    )


def judge(
    trails: Sequence[Sequence[Found]],
    at: datetime,
    category: str | None,
    *,
    model: RiskModel,
    bands: Bands,
    dispute: bool,
    log_days: float = 0.0,
) -> Risk:
    """The same from the trails the report belongs to, each oldest first. Of several each measure
    takes the stronger, as the refit reads them (``triage.chronicle``)."""
    disputes = sorted(
        {call for trail in trails for call in trail if call.label == "dispute"},
        key=lambda call: call.received_at,
    )
    history = history_of([call.received_at for call in disputes], at)
    if not dispute:
        return judge_other(history, bands)
    pasts = [past_of(calls, at, category or "", log_days) for calls in trails]
    risk = model.judge(history, reduce(stronger, pasts), category or "", bands)
    last = disputes[-1] if disputes else None
    ended = None if last is None else last.disposition
    return replace(risk, drivers=with_outcome(risk.drivers, ended))


def past_of(calls: Sequence[Found], at: datetime, category: str, log_days: float) -> Past:
    """What one trail tells; ``calls`` oldest first, all before ``at``."""
    began = calls[0].received_at if calls else at
    trail = Trail(0.0)
    for call in calls:
        day = (call.received_at - began) / _DAY
        trail.add(day, call.category or "", dispute=call.label == "dispute")
    now = (at - began) / _DAY
    past = trail.past(now, category, log_runs_for=max(log_days, LEAST_LOG_DAYS))
    return past if calls else Past(log_runs_for=past.log_runs_for)


def history_of(times: Sequence[datetime], at: datetime) -> History:
    """Counts before ``at`` in 7, 30, 90 and 365 days; ``times`` oldest first."""

    def within(days: int) -> int:
        return sum(at - time <= timedelta(days=days) for time in times)

    last = (at - times[-1]) / _DAY if times else None
    return History(
        n_7d=within(7),
        n_30d=within(30),
        n_90d=within(90),
        n_365d=within(365),
        days_since_last=None if last is None else round(last, 2),
    )
