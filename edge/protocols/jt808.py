"""JT/T 808 frames become messages. The payload is one frame, or all sub-packets of one message.

The standard has no run and no lasting counter (serials wrap and begin anew), so a report's number
is made of what it says: run ``jt-<UTC date of the fix>``, number = second of that day and the
CRC-32 of the report. The same report again, live or in a late batch, is the same row; two
different ones of one second are two.
"""

from __future__ import annotations

import zlib
from datetime import datetime

from edge.datum import Crs
from edge.decoding import Decoded, on_globe_to_wgs84
from edge.errors import Unreadable
from edge.protocols import jt808_body as bodies
from edge.protocols.jt808_body import Report
from edge.protocols.jt808_frame import KNOWN_VERSION, Frame, decode, join, split
from edge.protocols.reading import Reading, datum
from edge.quality import NO_FIX
from edge.telemetry import Alarm, AlarmKind, Fix, Message, Origin, Position
from edge.topics import Address

_ALARM_BITS: dict[AlarmKind, int] = {"sos": 1 << 0, "low_battery": 1 << 7, "camera_fault": 1 << 11}
_VIDEO_LOST_OR_COVERED = 0b11
_UNDATED_BUCKET_S = 600


def read(address: Address, payload: bytes, received_at: datetime) -> Reading:
    """``address.subject`` is the datum of the device. Raises Unreadable."""
    frame = join([decode(wire) for wire in split(payload)])
    return telemetry_of(frame, crs=address.subject, received_at=received_at)


def device_id(frame: Frame) -> str:
    """The phone number without padding."""
    return frame.header.phone


def check_readable(frame: Frame) -> None:
    """Raises Unreadable for what no body can be taken from."""
    if frame.header.encryption:
        raise Unreadable.because("encryption", "is on; switch it off and use a private network")
    if frame.header.version not in (None, KNOWN_VERSION):
        raise Unreadable.because("version", f"is not known; this agent speaks {KNOWN_VERSION}")


def telemetry_of(frame: Frame, *, crs: str, received_at: datetime) -> Reading:
    """Empty for messages that carry no telemetry. Raises Unreadable."""
    check_readable(frame)
    body = frame.body
    if frame.header.message_id == bodies.BATCH:
        found = bodies.batch(body)
        reports, unreadable = found.reports, found.unreadable
    elif frame.header.message_id == bodies.POSITION:
        reports, unreadable = (bodies.report(body),), ()
    elif frame.header.message_id == bodies.POSITION_ASKED:
        reports, unreadable = (bodies.report(body[2:]),), ()  # behind the asking serial
    else:
        return Reading()
    place = datum(crs)
    messages = (
        decoded for report in reports for decoded in _decoded(frame, report, place, received_at)
    )
    return Reading(tuple(messages), unreadable)


def _decoded(frame: Frame, report: Report, crs: Crs, received_at: datetime) -> list[Decoded]:
    live = frame.header.message_id != bodies.BATCH
    fix, notes = _fix(report, crs, report.fix_time or (received_at if live else None))
    origin = _origin(frame, report, received_at)
    messages: list[Message] = [Position(origin=origin, fix=fix)]
    messages += [
        Alarm(origin=alarm_origin(origin, kind), alarm=kind, active=True, fix=fix)
        for kind in _alarms(report)
    ]
    doubt = tuple(dict.fromkeys((*notes, *frame.doubt, *report.doubt)))
    return [Decoded(message, doubt) for message in messages]


def alarm_origin(origin: Origin, kind: AlarmKind) -> Origin:
    """The number of an alarm that a report told: a run of its own beside the position's."""
    return Origin(
        device_id=origin.device_id,
        boot=f"{origin.boot}-{kind}",
        seq=origin.seq,
        sent_at=origin.sent_at,
    )


def _alarms(report: Report) -> list[AlarmKind]:
    video = report.extras.video_alarm or 0
    told = report.alarm | (_ALARM_BITS["camera_fault"] if video & _VIDEO_LOST_OR_COVERED else 0)
    return [kind for kind, bit in _ALARM_BITS.items() if told & bit]


def _fix(report: Report, crs: Crs, fix_time: datetime | None) -> tuple[Fix | None, list[str]]:
    """None without a time; a place the device itself calls not positioned is kept and marked.

    A live report whose clock tells nothing is of now: an SOS must not lose its place for a clock.
    """
    if fix_time is None:
        return None, []
    lat, lon = on_globe_to_wgs84(report.lat, report.lon, crs)
    turned = report.heading_deg > 360
    fix = Fix(
        fix_time=fix_time,
        lat=lat,
        lon=lon,
        crs_reported=crs,
        speed_mps=report.speed_mps,
        heading_deg=None if turned else float(report.heading_deg),
        altitude_m=float(report.altitude_m),
        satellites=report.extras.satellites,
    )
    marks = {NO_FIX: not report.positioned, "bad_heading_deg": turned}
    return fix, [mark for mark, holds in marks.items() if holds]


def _origin(frame: Frame, report: Report, received_at: datetime) -> Origin:
    when = report.fix_time or received_at
    number = _second_of_day(when) << 32 | zlib.crc32(report.raw)
    run = f"jt-{when:%Y%m%d}"
    if report.fix_time is None:
        # Two reports without a clock may well look the same; the serial and the hour part them.
        serial = frame.header.serial.to_bytes(2, "big")
        bucket = _second_of_day(when) // _UNDATED_BUCKET_S
        number = bucket << 32 | zlib.crc32(serial + report.raw)
        run += "-undated"
    return Origin(device_id=device_id(frame), boot=run, seq=number, sent_at=when)


def _second_of_day(when: datetime) -> int:
    return when.hour * 3600 + when.minute * 60 + when.second
