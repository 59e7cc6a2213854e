"""Reading and writing messages: golden ones, every fault named, no input that breaks a decoder."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import telemetry, topics
from edge.decoding import decode, decode_envelope
from edge.encoding import dumps, encode, encode_envelope
from edge.errors import Unreadable
from edge.protocols import registry
from edge.protocols.reading import Reading
from edge.quality import Limits
from edge.reception import Arrival, receive
from edge.telemetry import Alarm, Envelope, Fix, Position, Presence, Status

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HEAD = {"v": 1, "boot": "b1", "seq": 7, "sent_at": "2026-11-24T10:00:00+08:00"}
PLACE = {"fix_time": "2026-11-24T09:59:58+08:00", "lat": 30.42, "lon": 120.3}

GOLDEN: dict[str, dict[str, Any]] = {
    "position": HEAD
    | PLACE
    | {"crs": "WGS-84", "accuracy_m": 4.5, "speed_mps": 1.2, "heading_deg": 270, "satellites": 12}
    | {"altitude_m": -3.5},
    "status": HEAD
    | {"battery_pct": 61.5, "signal_dbm": -80, "network": "4G", "storage_free_mb": 100}
    | {"recording": True, "worn": False, "charging": False, "temperature_c": 30, "firmware": "1"},
    "alarm": HEAD | PLACE | {"alarm": "sos", "active": True},
    "ptt": HEAD | {"talkgroup": "调解一组", "started_at": "2026-11-24T02:00:00Z", "ended_at": None},
    "frame": HEAD
    | {"taken_at": "2026-11-24T02:00:00Z", "sha256": "AB" * 32, "width": 640, "height": 360}
    | {"quality": {"dark": True, "blurred": False}, "faces_masked": True, "url": "/frames/1"},
    "presence": HEAD | {"state": "online"},
    "receipt": HEAD | {"down_id": "01J0", "outcome": "read"},
}


def read(topic: str, raw: object) -> Reading:
    return registry.read(topic, json.dumps(raw).encode(), NOW)[1]


@pytest.mark.parametrize("kind", telemetry.KINDS)
def test_every_kind_survives_the_way_to_the_server(kind: str):
    message = decode(GOLDEN[kind], kind=kind, device_id="bc-01").message
    assert message.kind == kind
    envelope = Envelope(message=message, received_at=NOW, doubt=("stale",))
    wire = json.loads(dumps(encode_envelope(envelope)))
    assert wire["device_id"] == "bc-01"
    assert decode_envelope(wire, received_at=NOW) == envelope
    assert decode(encode(message), kind=kind, device_id="bc-01").message == message


def test_a_golden_position_goes_up_like_this():
    message = decode(GOLDEN["position"], kind="position", device_id="bc-01").message
    assert encode_envelope(Envelope(message=message, received_at=NOW)) == {
        "device_id": "bc-01",
        "kind": "position",
        "v": 1,
        "boot": "b1",
        "seq": 7,
        "sent_at": "2026-11-24T02:00:00.000Z",
        "received_at": "2026-11-24T02:00:00.000Z",
        "fix_time": "2026-11-24T01:59:58.000Z",
        "lat": 30.42,
        "lon": 120.3,
        "crs": "WGS-84",
        "crs_reported": "WGS-84",
        "accuracy_m": 4.5,
        "speed_mps": 1.2,
        "heading_deg": 270.0,
        "altitude_m": -3.5,
        "satellites": 12,
        "doubt": [],
        "protocol": "native",
    }


def test_all_faults_are_named_at_once():
    with pytest.raises(Unreadable) as caught:
        decode({"v": 2, "seq": -1, "sent_at": "2026-11-24T10:00:00"}, kind="ptt", device_id="d")
    assert [fault.field for fault in caught.value.faults] == [
        *("v", "boot", "seq", "sent_at", "talkgroup", "started_at"),
    ]
    assert "has no offset" in str(caught.value)


def test_a_fault_never_repeats_what_was_sent():
    secret = "138****0000"
    with pytest.raises(Unreadable) as caught:
        decode(HEAD | {"state": secret, "boot": secret + "/"}, kind="presence", device_id="d")
    assert secret not in str(caught.value)


def test_a_bad_optional_field_is_left_out_and_noted():
    sos = HEAD | PLACE | {"alarm": "sos", "heading_deg": 999, "lat": "north"}
    found = decode(sos, kind="alarm", device_id="d")
    assert isinstance(found.message, Alarm)
    assert (found.message.alarm, found.message.active, found.message.fix) == ("sos", True, None)
    assert found.doubt == ("bad_lat",)
    status = decode(HEAD | {"battery_pct": 255}, kind="status", device_id="d")
    assert isinstance(status.message, Status)
    assert (status.message.battery_pct, status.doubt) == (None, ("bad_battery_pct",))


def test_no_fix_is_not_a_missing_field():
    none = decode(HEAD | {"lat": None, "lon": None}, kind="position", device_id="d").message
    assert isinstance(none, Position)
    assert none.fix is None
    assert encode(none)["lat"] is None
    with pytest.raises(Unreadable, match="lat is missing; lon is missing"):
        decode(HEAD | {"fix_time": PLACE["fix_time"]}, kind="position", device_id="d")


def test_positions_arrive_in_wgs84():
    shifted = HEAD | PLACE | {"lat": 39.91640428150164, "lon": 116.41024449916938, "crs": "GCJ-02"}
    found = decode(shifted, kind="position", device_id="d").message
    assert isinstance(found, Position)
    assert isinstance(found.fix, Fix)
    assert (found.fix.lat, found.fix.lon) == pytest.approx((39.915, 116.404), abs=1e-7)
    assert found.fix.crs_reported == "GCJ-02"


def test_an_envelope_names_kind_and_device_when_they_lack():
    with pytest.raises(Unreadable, match=r"kind is missing; device_id is not an id"):
        decode_envelope(HEAD | {"device_id": "a/b"}, received_at=NOW)


@pytest.mark.parametrize(
    ("topic", "address"),
    [
        ("xn/v1/bc-01/position", topics.Address("native", "bc-01", "position")),
        ("xn/v1/bc-01/batch", topics.Address("native", "bc-01", "batch")),
        ("xn/v1/bc-01/ack", None),
        ("xn/v1/bc-01/down", None),
        ("owntracks/li/phone", topics.Address("owntracks", "li-phone", "")),
        ("owntracks/li/li", topics.Address("owntracks", "li", "")),
        ("owntracks/li/phone/event", topics.Address("owntracks", "li-phone", "event")),
    ],
)
def test_topics(topic: str, address: topics.Address | None):
    assert topics.parse(topic) == address


@pytest.mark.parametrize("topic", ["xn/v2/d/position", "xn/v1/d", "xn/v1//status", "xn/v1/a b/x"])
def test_topics_nobody_can_read(topic: str):
    with pytest.raises(Unreadable):
        topics.parse(topic)


OWNTRACKS = {
    "_type": "location",
    "tst": 1700000000,
    "lat": 30.42,
    "lon": 120.3,
    "acc": 12,
    "alt": 8,
    "vel": 36,
    "cog": 90,
    "batt": 61,
    "bs": 2,
    "conn": "m",
    "tid": "li",
    "t": "p",
}


def test_an_owntracks_location_is_a_position_and_a_status():
    position, status = (item.message for item in read("owntracks/li/phone", OWNTRACKS).messages)
    assert isinstance(position, Position)
    assert isinstance(status, Status)
    assert position.fix == Fix(
        fix_time=datetime.fromtimestamp(1700000000, UTC),
        lat=30.42,
        lon=120.3,
        accuracy_m=12,
        speed_mps=10,
        heading_deg=90,
        altitude_m=8,
    )
    assert (position.origin.boot, position.origin.seq) == ("ot-location", 1700000000)
    assert (status.battery_pct, status.charging, status.network) == (61, True, "mobile")


def test_owntracks_transition_will_and_waypoints():
    transition = {"_type": "transition", "tst": 5, "lat": 1, "lon": 2, "event": "enter", "wtst": 1}
    found = read("owntracks/li/phone/event", transition).messages[0].message
    assert isinstance(found, Position)
    assert found.origin.boot == "ot-transition"
    gone = read("owntracks/li/phone", {"_type": "lwt", "tst": 9}).messages[0].message
    assert isinstance(gone, Presence)
    assert (gone.state, gone.origin.seq) == ("offline", 9)
    for kind in ("waypoint", "waypoints"):
        assert read("owntracks/li/phone", {"_type": kind}) == Reading()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ({"_type": "location", "lat": 1}, "tst is missing; lon is missing"),
        ({"_type": "location", "tst": "now", "lat": 1, "lon": 2}, "seconds since 1970"),
        ({"_type": "encrypted", "data": "x"}, "switch encryption off"),
        ({"_type": "surprise"}, "_type is not one of"),
        ([], "not a JSON object"),
    ],
)
def test_owntracks_nobody_can_read(raw: object, why: str):
    with pytest.raises(Unreadable, match=why):
        read("owntracks/li/phone", raw)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
TOPICS = st.sampled_from(
    [f"xn/v1/d/{kind}" for kind in (*telemetry.KINDS, "batch")]
    + ["owntracks/u/d", "owntracks/u/d/event", "xn/v9/d/x", "elsewhere"]
)


def survives(topic: str, payload: bytes) -> None:
    """Messages that can be stored, or a dead letter: no third thing, no exception."""
    received = receive(
        [Arrival(topic, payload, NOW)], tracks={}, limits=Limits(), max_payload_bytes=100_000
    )
    assert not any("decoder" in letter.reason for letter in received.dead)
    for envelope in received.envelopes:
        wire = dumps(encode_envelope(envelope)).encode("utf-8")
        assert decode_envelope(json.loads(wire), received_at=NOW).message.kind


@given(topic=TOPICS, payload=st.binary(max_size=200))
def test_any_bytes(topic: str, payload: bytes):
    survives(topic, payload)


@given(topic=TOPICS, raw=JSON)
def test_any_json(topic: str, raw: object):
    survives(topic, json.dumps(raw).encode())


@given(kind=st.sampled_from(telemetry.KINDS), data=st.data())
def test_golden_messages_with_any_field_replaced(kind: str, data: st.DataObject):
    raw = dict(GOLDEN[kind])
    for field in data.draw(st.lists(st.sampled_from(sorted(raw)), max_size=3)):
        raw[field] = data.draw(JSON)
    survives(f"xn/v1/d/{kind}", json.dumps(raw).encode())
    survives("xn/v1/d/batch", json.dumps([raw | {"kind": kind}, raw]).encode())


@given(data=st.data())
def test_owntracks_with_any_field_replaced(data: st.DataObject):
    raw: dict[str, Any] = dict(OWNTRACKS)
    for field in data.draw(st.lists(st.sampled_from(sorted(raw)), max_size=3)):
        raw[field] = data.draw(JSON)
    survives("owntracks/u/d", json.dumps(raw).encode())


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 50_000,
        b'{"v":' + b"9" * 5_000 + b"}",
        b'{"v": NaN}',
        b"\xef\xbb\xbf[]",
        json.dumps(HEAD | {"seq": 2**63, "state": "online"}).encode(),
        json.dumps(HEAD | {"boot": "\ud800", "state": "online"}).encode(),
        json.dumps(HEAD | {"sent_at": "0001-01-01T00:00:00+23:00", "state": "online"}).encode(),
    ],
)
def test_known_traps(payload: bytes):
    survives("xn/v1/d/presence", payload)
    received = receive(
        [Arrival("xn/v1/d/presence", payload, NOW)],
        tracks={},
        limits=Limits(),
        max_payload_bytes=100_000,
    )
    assert received.dead[0].raw == payload


def test_a_payload_too_long_is_a_dead_letter_cut_to_the_bound():
    received = receive(
        [Arrival("xn/v1/d/status", b"x" * 200, NOW)],
        tracks={},
        limits=Limits(),
        max_payload_bytes=100,
    )
    assert (len(received.dead[0].raw), received.dead[0].reason) == (
        100,
        "payload is longer than 100 bytes",
    )
