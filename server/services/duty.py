"""The roster: sheets taken in, shifts of a week, gaps in cover ahead, cases at a shift's end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from server.domain.duty import Gap, Shift, Span, gaps, on_duty_at, overlapping
from server.domain.errors import Invalid
from server.domain.events import NewEvent
from server.domain.roles import Actor
from server.office import Office
from server.services import roster_sheet
from server.services.roster_sheet import Refusal
from server.store import duty, events, units
from server.store.engine import reading, writing

MAX_BYTES = 2_097_152
CHANGE_SOON = timedelta(minutes=30)
"""A running case of a unit whose shift ends within this time asks for a hand-over."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What a sheet came to; ``replaced`` counts units that were on duty until further notice."""

    taken: int
    known: int
    replaced: int
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class ShiftView:
    """One shift; ``end`` is empty until further notice."""

    unit_id: str
    unit_name: str
    point: str
    start: datetime
    end: datetime | None
    breaks: tuple[tuple[datetime, datetime], ...]
    on_duty: bool


@dataclass(frozen=True, slots=True)
class GapView:
    """A stretch in which a point has fewer units on duty than wanted."""

    point: str
    start: datetime
    end: datetime
    on_duty: int
    wanted: int


@dataclass(frozen=True, slots=True)
class HandOver:
    """A case that runs while its unit's shift ends soon or has ended."""

    case_id: str
    unit_id: str
    unit_name: str
    shift_ends: datetime


@dataclass(frozen=True, slots=True)
class DutyView:
    since: datetime
    until: datetime
    shifts: tuple[ShiftView, ...]
    gaps: tuple[GapView, ...]
    hand_overs: tuple[HandOver, ...]


def import_sheet(office: Office, content: bytes, name: str, actor: Actor) -> Imported:
    """Take a roster sheet in; the same again adds nothing. Raises Invalid for what is no sheet.

    A shift takes the place of one of the same unit that begins at the same moment, and of a duty
    until further notice. Lines of one unit that overlap are refused.
    """
    if len(content) > MAX_BYTES:
        raise Invalid("file", "文件超过2MB，请分几个文件导入")
    now = office.clock()
    with writing(office.engine) as conn:
        ids = {row.id: row.id for row in units.every(conn)}
        names = {row.name: row.id for row in units.every(conn)} | ids
        zone = ZoneInfo(office.settings.district.time_zone)
        sheet = roster_sheet.read(content, name, names, zone)
        owned, foreign = _with_own_devices(sheet.shifts, units.device_units(conn))
        good, slips = _without_slips(owned)
        taken, replaced = _put(conn, good)
        if taken:
            body = {"shifts": taken}
            events.tell(conn, [NewEvent("roster_imported", now, actor.name, body=body)])
    refused = sorted((*sheet.refused, *foreign, *slips), key=lambda refusal: refusal.line)
    return Imported(taken, len(good) - taken, replaced, tuple(refused))


def duty_view(office: Office, *, hours: int | None = None) -> DutyView:
    """Shifts and gaps in cover from now on, for as long as the settings look ahead."""
    now = office.clock()
    settings = office.settings.duty
    until = now + timedelta(hours=hours or settings.look_ahead_hours)
    with reading(office.engine) as conn:
        spans, breaks = duty.spans(conn, now, until), duty.breaks(conn, now, until)
        rows = {row.id: row for row in units.every(conn)}
        running = units.running_cases(conn)
        before = duty.spans(conn, now - timedelta(days=2), until)
    points = {row.id: row.point for row in rows.values()}
    found = gaps(spans, breaks, points, wanted=settings.units_per_point, since=now, until=until)
    here = on_duty_at(now, spans, breaks)
    return DutyView(
        since=now,
        until=until,
        shifts=tuple(
            ShiftView(
                unit_id=span.unit_id,
                unit_name=rows[span.unit_id].name,
                point=points[span.unit_id],
                start=span.start,
                end=span.end,
                breaks=_breaks_in(span, breaks),
                on_duty=span.unit_id in here and span.covers(now),
            )
            for span in spans
        ),
        gaps=tuple(_gap(gap) for gap in found),
        hand_overs=tuple(
            HandOver(row.case_id, unit_id, rows[unit_id].name, ends)
            for unit_id, row in sorted(running.items())
            if (ends := _ends(before, unit_id, now)) is not None and ends <= now + CHANGE_SOON
        ),
    )


def _without_slips(
    shifts: Sequence[tuple[int, Shift]],
) -> tuple[list[Shift], list[Refusal]]:
    """Shifts without those that overlap an earlier one of the same unit."""
    lines = {id(shift): line for line, shift in shifts}
    twice = {id(b): a for a, b in overlapping([shift for _, shift in shifts])}
    slips = [
        Refusal(lines[key], f"与第{lines[id(first)]}行的班次重叠") for key, first in twice.items()
    ]
    return [shift for _, shift in shifts if id(shift) not in twice], slips


def _with_own_devices(
    shifts: Sequence[tuple[int, Shift]], owners: Mapping[str, str | None]
) -> tuple[list[tuple[int, Shift]], list[Refusal]]:
    """Shifts without those that take along a device the unit does not have."""
    good, refused = [], []
    for line, shift in shifts:
        names = (device for device, _ in shift.devices)
        wrong = next((name for name in names if owners.get(name) != shift.unit_id), None)
        if wrong is None:
            good.append((line, shift))
        else:
            why = "先移交给本单元" if wrong in owners else "先登记或改正"
            refused.append(Refusal(line, f"本单元没有设备“{wrong[:64]}”，请{why}"))
    return good, refused


def _put(conn: Connection, shifts: Sequence[Shift]) -> tuple[int, int]:
    taken = replaced = 0
    for shift in sorted(shifts, key=lambda shift: shift.start):
        duty.add_members(conn, shift.unit_id, shift.members)
        if duty.knows(conn, shift):
            continue
        replaced += duty.end_open(conn, shift)
        duty.put(conn, shift)
        taken += 1
    return taken, replaced


def _breaks_in(span: Span, breaks: Sequence[Span]) -> tuple[tuple[datetime, datetime], ...]:
    return tuple(
        (pause.start, pause.end)
        for pause in breaks
        if pause.unit_id == span.unit_id and pause.end is not None and span.covers(pause.start)
    )


def _gap(gap: Gap) -> GapView:
    return GapView(gap.point, gap.start, gap.end, gap.on_duty, gap.wanted)


def _ends(spans: Sequence[Span], unit_id: str, now: datetime) -> datetime | None:
    """When the unit's present or last shift ends; None while another follows at once."""
    mine = [span for span in spans if span.unit_id == unit_id and span.start <= now]
    if not mine or any(span.end is None for span in mine):
        return None
    last = max(span.end for span in mine if span.end is not None)
    follows = any(s.unit_id == unit_id and s.start <= last and s.covers(last) for s in spans)
    return None if follows else last
