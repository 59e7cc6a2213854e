"""NMEA 0183: golden sentences, what is refused, and no bytes that break a decoder."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce
from itertools import pairwise
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge import topics
from edge.nmea_listener import NmeaSession, Rules
from edge.protocols import registry
from edge.protocols.reading import Reading
from edge.telemetry import Fix, Position

NOW = datetime(2026, 11, 24, 0, 0, 5, tzinfo=UTC)
# From the test suite of a public tracking server, collected in the device reference.
RMC = b"$GPRMC,040107.00,A,3151.6567,N,11714.4833,E,0,0,150613,,,A*56"
# The example sentence of the NMEA 0183 standard's GGA.
GGA = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47"


def signed(text: str) -> bytes:
    return f"${text}*{reduce(xor, text.encode(), 0):02X}".encode()


def read(payload: bytes, crs: str = "WGS-84") -> Reading:
    return registry.read(topics.nmea_topic(crs, "rd-01"), payload, NOW)[1]


def fixes(reading: Reading) -> list[Fix | None]:
    return [item.message.fix for item in reading.messages if isinstance(item.message, Position)]


def test_golden_rmc():
    (fix,) = fixes(read(RMC))
    assert fix is not None
    assert fix.lat == pytest.approx(31.860945, abs=1e-6)
    assert fix.lon == pytest.approx(117.241388, abs=1e-6)
    assert fix.fix_time == datetime(2013, 6, 15, 4, 1, 7, tzinfo=UTC)
    origin = read(RMC).messages[0].message.origin
    assert (origin.boot, origin.seq) == ("nmea-20130615", ((4 * 60 + 1) * 60 + 7) * 1000)


def test_golden_gga_is_dated_by_its_arrival():
    (fix,) = fixes(read(GGA))
    assert fix is not None
    assert fix.lat == pytest.approx(48.1173, abs=1e-6)
    assert fix.lon == pytest.approx(11.516667, abs=1e-6)
    assert (fix.altitude_m, fix.satellites) == (545.4, 8)
    assert fix.fix_time == datetime(2026, 11, 23, 12, 35, 19, tzinfo=UTC)


def test_south_west_knots_and_both_sentences_of_one_moment():
    rmc = signed("GNRMC,235959.50,A,1935.4921,S,04654.7312,W,36.0,89.5,231126,,,A")
    gga = signed("GNGGA,235959.50,1935.4921,S,04654.7312,W,1,11,0.9,800.5,M,,M,,")
    for payload in (rmc + b"\r\n" + gga, gga + b"\n" + rmc):
        (fix,) = fixes(read(payload))
        assert fix is not None
        assert (fix.lat, fix.lon) == (pytest.approx(-19.591535), pytest.approx(-46.912187))
        assert (fix.speed_mps, fix.heading_deg) == (pytest.approx(18.52), 89.5)
        assert (fix.altitude_m, fix.satellites) == (800.5, 11)
    assert read(rmc).messages[0].message.origin == read(gga).messages[0].message.origin


def test_without_a_fix_and_without_telemetry():
    assert fixes(read(signed("GPRMC,040107,V,,,,,,,150613,,,N"))) == [None]
    assert fixes(read(signed("GPGGA,000001,,,,,0,00,,,M,,M,,"))) == [None]
    assert read(signed("GPGSV,1,1,00")) == Reading()
    assert read(signed("GPRMC,,V,,,,,,,,,,N")) == Reading()


def test_gcj02():
    (fix,) = fixes(read(RMC, "GCJ-02"))
    assert fix is not None
    assert fix.crs_reported == "GCJ-02"
    assert abs(fix.lon - 117.241388) > 0.001


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (RMC[:-1] + b"7", "checksum is wrong"),
        (RMC[:-3], "sentence is not"),
        (b"hello", "sentence is not"),
        (signed("GPRMC,996107,A,3151.6,N,11714.4,E,0,0,150613,,,A"), "impossible time"),
        (signed("GPRMC,040107,A,3151.6,N,11714.4,E,0,0,330613,,,A"), "impossible date"),
        (signed("GPRMC,040107,A,9951.6,N,11714.4,E,0,0,150613,,,A"), "lat is not"),
        (signed("GPRMC,040107,A,3151.6,N,11714.4,X,0,0,150613,,,A"), "lon is not"),
        (signed("GPRMC,040107,A,3151.6,N,11714.4,E,nan,0,150613,,,A"), "speed is not"),
        (signed("GPRMC,4:01,A,3151.6,N,11714.4,E,0,0,150613,,,A"), "tells no time"),
    ],
)
def test_a_bad_line_says_why_and_costs_no_neighbour(line: bytes, why: str):
    found = read(line + b"\n" + GGA)
    assert [why in str(error) for error in found.unreadable] == [True]
    assert len(found.messages) == 1


def arrivals(session: NmeaSession, data: bytes) -> list[tuple[str, bytes]]:
    return [(item.topic, item.payload) for heard in session.hear(data, NOW) for item in heard.items]


def test_a_sentence_tells_whose_the_next_ones_are():
    refused: list[str] = []
    session = NmeaSession(Rules(prefix="gw-"), "10.0.0.7", refused.append)
    told = b"\r\n".join([RMC, signed("PXNID,rd-07"), RMC, GGA, signed("PXNID,a b"), RMC, b""])
    assert arrivals(session, told) == [
        ("nmea/WGS-84/gw-10.0.0.7", RMC),
        ("nmea/WGS-84/gw-rd-07", RMC + b"\n" + GGA),
        ("nmea/WGS-84/", signed("PXNID,a b")),
        ("nmea/WGS-84/", RMC),
    ]
    assert arrivals(NmeaSession(Rules(), "10.0.0.7", refused.append), RMC + b"\n") == [
        ("nmea/WGS-84/", RMC)
    ]
    assert refused == []


def test_a_line_too_long_comes_out_cut_and_the_next_one_whole():
    refused: list[str] = []
    session = NmeaSession(Rules(prefix="x", max_line_bytes=100), "y", refused.append)
    got = arrivals(session, b"z" * 150)
    got += arrivals(session, b"z" * 150 + b"\n" + RMC + b"\n")
    assert [payload for _, payload in got] == [b"z" * 100, RMC]
    assert refused == ["long_line"]
    assert arrivals(session, b"$GP") == []
    assert [item.payload for heard in session.close(NOW) for item in heard.items] == [b"$GP"]


@given(st.lists(st.sampled_from([RMC, GGA, b"x" * 120, b""]), max_size=6), st.data())
def test_any_cut_gives_the_same_lines(lines: list[bytes], data: st.DataObject):
    stream = b"".join(line + b"\r\n" for line in lines)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=8))
    session = NmeaSession(Rules(prefix="x", max_line_bytes=100), "y", lambda _: None)
    got = [
        line
        for a, b in pairwise([0, *sorted(cuts), len(stream)])
        for _, payload in arrivals(session, stream[a:b])
        for line in payload.split(b"\n")
    ]
    assert got == [line[:100] for line in lines if line]


@given(st.binary(max_size=300))
def test_no_bytes_break_the_decoder(payload: bytes):
    read(payload)
    session = NmeaSession(Rules(), "y", lambda _: None)
    session.hear(payload + b"\n", NOW)


_FIELD = st.text(st.sampled_from("0123456789.-AVNSEW \u0661"), max_size=11)


@given(st.sampled_from(["GPRMC", "GNGGA"]), st.lists(_FIELD, max_size=14))
def test_no_fields_break_the_decoder(kind: str, fields: list[str]):
    found = read(signed(",".join([kind, *fields])))
    assert len(found.messages) + len(found.unreadable) <= 1
