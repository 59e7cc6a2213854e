"""The quick reader says what the careful one says, or nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from edge import quick
from edge.decoding import decode
from edge.errors import Unreadable

WHOLE: dict[str, Any] = {
    "v": 1,
    "boot": "b1",
    "seq": 7,
    "sent_at": "2026-11-24T10:00:00+08:00",
    "fix_time": "2026-11-24T09:59:58+08:00",
    "lat": 30.42,
    "lon": 120.3,
    "accuracy_m": 5,
    "speed_mps": 1.5,
    "heading_deg": 360,
    "altitude_m": -3.5,
    "satellites": 9,
    "battery_pct": 55,
    "signal_dbm": -71.5,
    "network": "4G 移动",
    "storage_free_mb": 20_000,
    "recording": True,
    "worn": False,
    "charging": None,
    "temperature_c": 31,
    "firmware": "1.0",
}
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(
        ["2026-11-24T10:00:00", "2026-11-24T10:00:00Z", "0001-01-01T00:00:00+08:00", "GCJ-02"]
    ),
    st.lists(st.integers(), max_size=2),
    st.just("x" * 600),
    st.just("a\ud800"),
)
FIELDS = st.sampled_from([*WHOLE, "crs", "crs_reported", "lowest_held", "unknown"])


@settings(max_examples=600, deadline=None)
@given(
    st.dictionaries(FIELDS, ODD, max_size=4),
    st.sets(st.sampled_from(list(WHOLE)), max_size=2),
    st.sampled_from(["position", "status", "alarm", "song"]),
)
def test_both_readers_agree(changes: dict[str, Any], missing: set[str], kind: str):
    raw = {key: value for key, value in (WHOLE | changes).items() if key not in missing}
    found = quick.read(raw, kind=kind, device_id="d")
    if found is None:
        return
    try:
        careful = decode(raw, kind=kind, device_id="d")
    except Unreadable as error:
        raise AssertionError(f"quick took what is unreadable: {error}") from None
    assert careful.message == found
    assert careful.doubt == ()


def test_the_everyday_message_is_read_quickly():
    assert quick.read(WHOLE, kind="position", device_id="d") is not None
    assert quick.read(WHOLE, kind="status", device_id="d") is not None
    assert quick.read([WHOLE], kind="status", device_id="d") is None
