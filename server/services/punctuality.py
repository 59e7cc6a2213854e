"""Steps against their clocks, by unit, point and hour; as claimed and as verified."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from server.domain.punctuality import By, StepGroup, groups
from server.office import Office
from server.services.reading import check_span
from server.store import punctuality
from server.store.engine import reading


def step_groups(office: Office, *, since: datetime, until: datetime) -> tuple[StepGroup, ...]:
    """Groups of assignments made in ``[since, until)``: all together, then units, points, hours.

    Raises Invalid for a span that is empty or too long.
    """
    check_span(since, until)
    with reading(office.engine) as conn:
        timed = punctuality.timed_steps(conn, since, until)
    zone = ZoneInfo(office.settings.district.time_zone)
    return tuple(group for by in By for group in groups(timed, by, zone))
