"""Watching what arrives and how well people agree with the model: a row a day, alarms that stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from server.domain import watching as rules
from server.domain.drift import Alert
from server.domain.events import NewEvent
from server.domain.roles import SYSTEM
from server.domain.watching import WATCHES, Day, Seen, Watch, Word
from server.office import Office
from server.store import events, watching
from server.store.engine import reading, writing
from triage.assessment import Assessment
from triage.taxonomy import Label

KEPT_DAYS = 400
SHOWN_DAYS = 182
CATCH_UP_DAYS = 120
"""How far back a first look reaches."""
DAYS_AT_ONCE = 5
MAX_ROWS = 5000
"""Reports and words of one day that are read; a day that reaches it says so by its number."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One thing watched with its kept days, oldest first."""

    watch: Watch
    days: tuple[Day, ...]

    @property
    def now(self) -> Day | None:
        return self.days[-1] if self.days else None


def keep_days(office: Office) -> int:
    """Count the days that are over and not kept yet, oldest first; how many were kept."""
    today = _local_day(office, office.clock())
    kept = 0
    while kept < DAYS_AT_ONCE:
        with reading(office.engine) as conn:
            day = _next_day(office, conn, today)
        if day is None or day >= today or not _keep(office, day):
            break
        kept += 1
    return kept


def history(office: Office) -> tuple[Watched, ...]:
    """Half a year of everything watched."""
    since = _local_day(office, office.clock()) - timedelta(days=SHOWN_DAYS)
    with reading(office.engine) as conn:
        days = watching.days(conn, since)
    return tuple(
        Watched(watch, tuple(day for day in days if day.what == watch.what)) for watch in WATCHES
    )


def standing(office: Office) -> tuple[str, ...]:
    """What alarms now, by name."""
    since = _local_day(office, office.clock()) - timedelta(days=rules.NOW_DAYS)
    with reading(office.engine) as conn:
        days = watching.days(conn, since)
    last = max((day.day for day in days), default=None)
    return tuple(day.what for day in days if day.day == last and day.alert.raised)


def _next_day(office: Office, conn: Connection, today: date) -> date | None:
    """None while nothing was ever judged."""
    last = watching.last_day(conn)
    if last is not None:
        return max(last + timedelta(days=1), today - timedelta(days=CATCH_UP_DAYS))
    first = watching.first_judged(conn)
    if first is None:
        return None
    return max(_local_day(office, first), today - timedelta(days=CATCH_UP_DAYS))


def _keep(office: Office, day: date) -> bool:
    """One day in one transaction, with the alarms that begin or end by it."""
    began, ended = _bounds(office, day)
    with writing(office.engine) as conn:
        counts = rules.counted(*_read(conn, began, ended))
        past = watching.days(conn, day - timedelta(days=rules.NOW_DAYS + rules.BEFORE_DAYS))
        made = [_judged(watch, day, counts[watch.what], past) for watch in WATCHES]
        if not watching.add(conn, made):
            return False
        watching.forget_before(conn, day - timedelta(days=KEPT_DAYS))
        events.tell(conn, _told(made, past, office.clock()))
    return True


def _judged(watch: Watch, day: date, counts: Mapping[str, float], past: Sequence[Day]) -> Day:
    mine = [known for known in past if known.what == watch.what]
    alert = mine[-1].alert if mine else Alert()
    return rules.judged(watch, day, counts, {known.day: known.counts for known in mine}, alert)


def _told(made: Sequence[Day], past: Sequence[Day], now: datetime) -> list[NewEvent]:
    before = {day.what: day.alert.raised for day in past}
    told = []
    for day in made:
        if day.alert.raised is not before.get(day.what, False):
            kind = "drift_raised" if day.alert.raised else "drift_cleared"
            body = {"what": day.what, "day": day.day.isoformat(), "value": round(day.value or 0, 4)}
            told.append(NewEvent(kind, now, SYSTEM, body=body))
    return told


def _read(conn: Connection, began: datetime, ended: datetime) -> tuple[list[Seen], list[Word]]:
    reports = watching.seen(conn, began, ended, limit=MAX_ROWS)
    said = watching.words(conn, began, ended, limit=MAX_ROWS)
    return [_seen(row.assessment, row.text, linked=row.linked) for row in reports], [
        _word(row.assessment, row.label) for row in said
    ]


def _seen(kept: Mapping[str, object], text: str, *, linked: bool) -> Seen:
    found = Assessment.from_json(kept)
    return Seen(
        n_chars=len(text),
        grave_cue=any(cue.in_force for cue in found.cues),
        unknown_share=found.unknown_share,
        p_police=found.p[Label.POLICE],
        label=found.label.value,
        linked=linked,
    )


def _word(kept: Mapping[str, object], said: str) -> Word:
    found = Assessment.from_json(kept)
    return Word(found.label.value, found.p[found.label], said)


def _bounds(office: Office, day: date) -> tuple[datetime, datetime]:
    zone = ZoneInfo(office.settings.district.time_zone)
    began = datetime.combine(day, time(), zone)
    return began, datetime.combine(day + timedelta(days=1), time(), zone)


def _local_day(office: Office, at: datetime) -> date:
    return at.astimezone(ZoneInfo(office.settings.district.time_zone)).date()
