"""JT/T 808: golden frames, what is doubted, what is refused, and no bytes that break a decoder.

Frames: public test suites and standard examples collected in the project's device reference.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import topics
from edge.errors import Unreadable
from edge.protocols import jt808_body as bodies
from edge.protocols import registry
from edge.protocols.jt808_frame import (
    Header,
    Part,
    Splitter,
    checksum,
    decode,
    encode,
    escape,
    split,
    unescape,
)
from edge.protocols.jt808_parts import MAX_SETS, WAIT, Parts
from edge.protocols.reading import Reading
from edge.telemetry import Alarm, Position

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HEARTBEAT = "7e0002000004304832546500b7ca7e"
REGISTER_2013 = (
    "7E0100002D000123456789000A002800323132333400736D616C6C6368693132330000000000000000004348"
    "493132330001D4C14131323334358A7E"
)
REGISTER_2019 = (
    "7E010040540100000000000123456789000A002800323132333400000000000000736D616C6C636869313233"
    "0000000000000000000000000000000000000043484931323300000000000000000000000000000000000000"
    "000000000001D4C1413132333435B27E"
)
AUTHENTICATE = "7E010200090123456789003039343536313231313131BE7E"
EAST = (
    "7e0200001f01207646327900400000000000006002015c7ab706d20469003b0000000025040216362606013e6b7e"
)
SOUTH_WEST = (
    "7e020000220014012499170007000000000000400e012af16f02cbd2ba000000000000150101194257010400"
    "000077a97e"
)
ESCAPED_2019 = (
    "7e020040420100000000013419905507021200040000001410010213679206c4a97d01001300000002220720"
    "103957010400000e3e020200000302025825040000001030014531010814040000000115040000000c797e"
)
BATCH_2019 = (
    "7e0704402d0100000866496077582164881d0001000028000000000000000701a00192091f2a470016000000"
    "0226050916422701040000258230010031010e507e"
)
ANSWER = "7e8001000501391234567800010007020000b07e"


def read(wire: str | bytes, crs: str = "WGS-84") -> Reading:
    raw = bytes.fromhex(wire) if isinstance(wire, str) else wire
    return registry.read(topics.jt808_topic(crs), raw, NOW)[1]


def position_of(reading: Reading) -> Position:
    message = reading.messages[0].message
    assert isinstance(message, Position)
    return message


def report(*, alarm: int = 0, status: int = 2, time: str = "261124095958", more: str = "") -> bytes:
    """A body 0x0200 at 30.42, 120.3."""
    head = alarm.to_bytes(4, "big") + status.to_bytes(4, "big")
    place = (30_420_000).to_bytes(4, "big") + (120_300_000).to_bytes(4, "big")
    return head + place + bytes.fromhex("00100168005a" + time + more)


def frame(body: bytes, message_id: int = 0x0200, serial: int = 7, **header: object) -> bytes:
    return encode(Header(message_id=message_id, phone="13900000001", serial=serial, **header), body)


@pytest.mark.parametrize(
    ("wire", "message_id", "phone", "serial", "version"),
    [
        (HEARTBEAT, 0x0002, "43048325465", 183, None),
        (REGISTER_2013, 0x0100, "123456789", 10, None),
        (REGISTER_2019, 0x0100, "123456789", 10, 1),
        (AUTHENTICATE, 0x0102, "12345678900", 12345, None),
        (EAST, 0x0200, "12076463279", 0x40, None),
        (SOUTH_WEST, 0x0200, "1401249917", 7, None),
        (ESCAPED_2019, 0x0200, "13419905507", 0x0212, 1),
        (BATCH_2019, 0x0704, "866496077582164", 0x881D, 1),
        (ANSWER, 0x8001, "13912345678", 1, None),
    ],
)
def test_golden_headers(wire, message_id, phone, serial, version):
    found = decode(bytes.fromhex(wire))
    assert found.header == Header(
        message_id=message_id, phone=phone, serial=serial, version=version
    )
    assert found.doubt == ()
    assert encode(found.header, found.body) == bytes.fromhex(wire)


@pytest.mark.parametrize("wire", [REGISTER_2013, REGISTER_2019])
def test_golden_register(wire: str):
    found = bodies.register(decode(bytes.fromhex(wire)))
    assert (found.province, found.city, found.maker) == (40, 50, "1234")
    assert (found.model, found.device) == ("smallchi123", "CHI123")
    assert (found.plate_colour, found.plate) == (1, "粤A12345")


def test_a_register_of_2011_is_told_by_its_length():
    body = bytes.fromhex("0028 0032") + b"1234\0" + b"short\0\0\0" + b"CHI123\0" + b"\2"
    found = bodies.register(decode(frame(body + "粤A1".encode("gbk"), 0x0100)))
    assert (found.model, found.device, found.plate_colour, found.plate) == (
        "short",
        "CHI123",
        2,
        "粤A1",
    )


def test_golden_authenticate():
    assert bodies.authenticate(decode(bytes.fromhex(AUTHENTICATE))).code == "456121111"
    body = b"\x03abc" + b"8" * 15 + b"v1".ljust(20, b"\0")
    new = bodies.authenticate(decode(frame(body, 0x0102, version=1)))
    assert (new.code, new.imei, new.firmware) == ("abc", "8" * 15, "v1")


@pytest.mark.parametrize(
    ("wire", "lat", "lon", "when", "speed_mps", "satellites", "doubt"),
    [
        (EAST, 22.837943, 114.426985, "2025-04-02T16:36:26+08:00", 0, None, ()),
        (SOUTH_WEST, -19.591535, -46.912186, "2015-01-01T19:42:57+08:00", 0, None, ()),
        (ESCAPED_2019, 34.82613, 113.551741, "2022-07-20T10:39:57+08:00", 0, 8, ("no_fix",)),
        (BATCH_2019, -27.263378, 153.037383, "2026-05-09T16:42:27+08:00", 0, 14, ()),
    ],
)
def test_golden_positions(wire, lat, lon, when, speed_mps, satellites, doubt):
    found = read(wire)
    fix = position_of(found).fix
    assert fix is not None
    assert (fix.lat, fix.lon) == (lat, lon)
    assert fix.fix_time == datetime.fromisoformat(when)
    assert (fix.speed_mps, fix.satellites, fix.crs_reported) == (speed_mps, satellites, "WGS-84")
    assert found.messages[0].doubt == doubt
    assert found.unreadable == ()


def test_golden_answer():
    body = bodies.answer(7, 0x0200, bodies.Result.DONE)
    header = Header(message_id=0x8001, phone="013912345678".lstrip("0"), serial=1)
    assert encode(header, body).hex() == ANSWER
    assert bodies.register_answer(10, bodies.Registered.DONE, "AB").hex() == "000a004142"
    assert bodies.register_answer(10, bodies.Registered.NO_SUCH_DEVICE, "AB").hex() == "000a04"


def test_golden_escape():
    raw, wire = bytes.fromhex("307e087d55"), bytes.fromhex("307d02087d0155")
    assert escape(raw) == wire
    assert unescape(wire) == raw


def test_the_extras_of_a_position():
    more = "0104000026ac 250400000010 2a020001 300145 310108 140400000001 15040000000c"
    more += " 160400000003 17020004 1803000102 eb03aabbcc"
    found = bodies.report(report(more=more.replace(" ", "")))
    assert found.extras == bodies.Extras(
        mileage_km=990.0,
        extended_state=0x10,
        io_state=1,
        signal=0x45,
        satellites=8,
        video_alarm=1,
        video_lost=0xC,
        video_covered=3,
        storage_fault=4,
        driving=0x000102,
        others=((0xEB, "aabbcc"),),
    )
    found = bodies.report(report(more="0202019003020258040200072b0400010002"))
    assert found.extras == bodies.Extras(
        fuel_l=40.0, recorder_speed_kmh=60.0, alarm_event=7, analog=0x10002
    )
    found = bodies.report(report(more=more.replace(" ", "")))
    assert (found.altitude_m, found.speed_mps, found.heading_deg) == (16, 10.0, 90)
    assert found.doubt == ()
    assert bodies.report(report(more="310211113001")).doubt == ("bad_satellites", "bad_extras")


def test_a_length_field_that_disagrees_is_accepted_and_marked():
    raw = bytearray(unescape(bytes.fromhex(EAST)[1:-1])[:-1])
    raw[3] += 3
    wire = b"\x7e" + escape(bytes(raw) + bytes([checksum(raw)])) + b"\x7e"
    found = read(wire)
    assert found.messages[0].doubt == ("bad_length",)
    assert position_of(found).fix == position_of(read(EAST)).fix


@pytest.mark.parametrize(
    ("wire", "why"),
    [
        (EAST[:-4] + "6c7e", "checksum is wrong"),
        (EAST[2:], "frame does not begin"),
        ("7e00020000430483252e7e", "checksum|frame"),
        (frame(report()[:27]).hex(), "body is shorter than 28 bytes"),
        (frame(report(), encryption=1).hex(), "encryption is on"),
        (frame(report(), version=2).hex(), "version is not known; this agent speaks 1"),
        (frame(report(), part=Part(2, 1)).hex(), "parts are not complete"),
        (frame(b"\0", 0x0704).hex(), "body is shorter than a batch"),
    ],
)
def test_what_cannot_be_read_says_why(wire: str, why: str):
    with pytest.raises(Unreadable, match=why):
        read(wire)


def test_gcj02_devices_are_put_right():
    fix = position_of(read(frame(report()), "GCJ-02")).fix
    assert fix is not None
    assert fix.crs_reported == "GCJ-02"
    assert 0.001 < abs(fix.lon - 120.3) < 0.01
    with pytest.raises(Unreadable, match="topic tells no datum"):
        read(frame(report()), "PZ-90")


def test_the_same_report_is_one_row_however_it_comes():
    body = report()
    late = b"\0\1\1" + len(body).to_bytes(2, "big") + body
    live, again, batched = frame(body, serial=7), frame(body, serial=9), frame(late, 0x0704)
    keys = {position_of(read(wire)).origin for wire in (live, again, batched)}
    assert len(keys) == 1
    assert keys.pop().boot == "jt-20261124"
    other = position_of(read(frame(report(more="310108")))).origin
    assert other.seq != position_of(read(live)).origin.seq


def test_a_report_without_a_clock_keeps_its_place_and_is_marked():
    found = read(frame(report(alarm=1, time="000000000000")))
    assert "bad_fix_time" in found.messages[0].doubt
    fix = position_of(found).fix
    assert fix is not None
    assert fix.fix_time == NOW
    assert isinstance(found.messages[1].message, Alarm)
    resent = read(frame(report(alarm=1, time="000000000000")))
    assert position_of(resent).origin == position_of(found).origin
    next_one = read(frame(report(alarm=1, time="000000000000"), serial=8))
    assert position_of(next_one).origin.seq != position_of(found).origin.seq


def test_alarm_bits_become_alarms():
    found = read(frame(report(alarm=1 | 1 << 7 | 1 << 11)))
    alarms = [item.message for item in found.messages[1:]]
    assert [alarm.alarm for alarm in alarms] == ["sos", "low_battery", "camera_fault"]
    assert all(alarm.active and alarm.fix == position_of(found).fix for alarm in alarms)
    keys = {(item.message.origin.boot, item.message.origin.seq) for item in found.messages}
    assert len(keys) == 4
    assert len(read(frame(report(more="140400000002"))).messages) == 2


def test_a_good_report_of_a_batch_is_taken_though_its_neighbour_is_not():
    items = b"".join(len(b).to_bytes(2, "big") + b for b in (report(), b"short", report(status=6)))
    found = read(frame(b"\0\4\1" + items, 0x0704))
    assert [message.message.fix.lat for message in found.messages] == [30.42, -30.42]
    assert [str(error) for error in found.unreadable] == [
        "batch[1] is unreadable; body is shorter than 28 bytes",
        "batch holds fewer reports than it says",
    ]


def parts_of(body: bytes, count: int) -> list[bytes]:
    size = -(-len(body) // count)
    return [
        frame(
            body[at * size : (at + 1) * size],
            0x0704,
            serial=(65_534 + at) % 65_536,
            part=Part(count, at + 1),
        )
        for at in range(count)
    ]


def test_sub_packets_in_any_order_are_one_message():
    items = b"".join(
        len(b).to_bytes(2, "big") + b for b in (report(time=f"2611240959{s:02}") for s in range(50))
    )
    wires = parts_of(b"\0\x32\0" + items, 4)
    assert len(read(b"".join(wires)).messages) == 50
    assert read(b"".join(reversed(wires))) == read(b"".join(wires))
    with pytest.raises(Unreadable, match="parts are not complete"):
        read(b"".join(wires[:3]))
    with pytest.raises(Unreadable, match="parts are not of one message"):
        read(wires[0] + frame(report()))


def test_the_assembly_is_bounded_in_sets_bytes_and_time():
    wires = [(decode(wire), wire) for wire in parts_of(b"\0\0\0" + b"x" * 97, 3)]
    parts = Parts(max_bytes=10_000)
    assert [parts.add(found, wire, NOW) for found, wire in wires[:2]] == [None, None]
    whole = parts.add(*wires[2], NOW)
    assert whole is not None
    assert whole.wire == b"".join(wire for _, wire in wires)
    parts.stored(wires[0][0], NOW)
    assert parts.is_stored(wires[1][0], NOW)
    assert not parts.is_stored(wires[1][0], NOW + timedelta(seconds=200))
    for serial in range(0, 10 * (MAX_SETS + 1), 10):
        wire = frame(b"x", 0x0704, serial=serial, part=Part(2, 1))
        assert parts.add(decode(wire), wire, NOW) is None
    assert len(parts.given_up(NOW)) == 1
    assert len(parts.given_up(NOW + WAIT * 2)) == MAX_SETS
    small = Parts(max_bytes=10)
    assert small.add(*wires[0], NOW) is None
    assert len(small.given_up(NOW)) == 1


FRAMES = [bytes.fromhex(wire) for wire in (HEARTBEAT, EAST, SOUTH_WEST, ESCAPED_2019, BATCH_2019)]


@given(st.lists(st.sampled_from(FRAMES), max_size=6), st.data())
def test_any_cut_gives_the_same_frames(frames: list[bytes], data: st.DataObject):
    stream = b"".join(frames)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12))
    splitter = Splitter(4096)
    ends = [0, *sorted(cuts), len(stream)]
    out = [wire for a, b in pairwise(ends) for wire in splitter.feed(stream[a:b])]
    assert out == frames
    assert splitter.rest() == b""


_NOISE = st.lists(st.sampled_from([b"\x7e", b"\x7d", b"\x01", b"\x02", b"ab", FRAMES[1]]))


@given(st.one_of(st.binary(max_size=400), _NOISE.map(b"".join)), st.data())
def test_no_byte_of_a_stream_is_lost_wherever_it_is_cut(stream: bytes, data: st.DataObject):
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    ends = [0, *sorted(cuts), len(stream)]
    whole, pieces = Splitter(40), Splitter(40)
    expected = whole.feed(stream)
    out = [wire for a, b in pairwise(ends) for wire in pieces.feed(stream[a:b])]
    assert out == expected
    assert pieces.rest() == whole.rest()
    assert all(len(wire) <= 42 for wire in out)
    kept = b"".join(split(stream)).replace(b"\x7e", b"")
    assert kept == stream.replace(b"\x7e", b"")


@given(st.binary(max_size=1200))
def test_no_bytes_break_the_decoder(payload: bytes):
    with suppress(Unreadable):
        read(payload)


@given(
    st.sampled_from([0x0200, 0x0201, 0x0704, 0x0002, 0x0100, 0x0102, 0x0999]),
    st.binary(max_size=300),
    st.sampled_from([None, 1]),
    st.booleans(),
)
def test_no_body_breaks_a_decoder(message_id: int, body: bytes, version: int | None, real: bool):
    wire = frame(report() + body if real else body, message_id, version=version)
    decoded = decode(wire)
    assert decoded.body == (report() + body if real else body)
    for take in (read, lambda _: bodies.register(decoded), lambda _: bodies.authenticate(decoded)):
        with suppress(Unreadable):
            take(wire)


@given(st.binary(max_size=200))
def test_escapes_come_back(raw: bytes):
    assert unescape(escape(raw)) == raw
    assert b"\x7e" not in escape(raw)
