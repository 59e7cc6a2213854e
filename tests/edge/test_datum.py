"""Datums: published vectors, an inverse that returns to its input."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.datum import CRS_NAMES, UnknownDatum, from_wgs84, to_wgs84
from edge.district import Point, distance_m

# (lat, lon) as the test suite of npm coordtransform gives them for 116.404, 39.915.
WGS_TO_GCJ = ((39.915, 116.404), (39.91640428150164, 116.41024449916938))
GCJ_TO_BD = ((39.915, 116.404), (39.92133699351021, 116.41036949371029))


def test_published_vectors():
    source, expected = WGS_TO_GCJ
    assert from_wgs84(*source, "GCJ-02") == pytest.approx(expected, abs=1e-12)
    gcj, expected_bd = GCJ_TO_BD
    assert from_wgs84(*to_wgs84(*gcj, "GCJ-02"), "BD-09") == pytest.approx(expected_bd, abs=1e-9)


def test_the_shift_at_the_district_is_about_506_metres():
    shifted = from_wgs84(30.42, 120.30, "GCJ-02")
    assert distance_m(Point(30.42, 120.30), Point(*shifted)) == pytest.approx(506, abs=2)


@given(
    lat=st.floats(3, 54),
    lon=st.floats(74, 135),
    crs=st.sampled_from(CRS_NAMES),
)
def test_there_and_back_is_better_than_a_millionth_of_a_degree(lat: float, lon: float, crs: str):
    assert to_wgs84(*from_wgs84(lat, lon, crs), crs) == pytest.approx((lat, lon), abs=1e-6)


@given(lat=st.floats(-90, 90), lon=st.floats(-180, 180), crs=st.sampled_from(CRS_NAMES))
def test_any_point_of_the_globe_gives_a_nearby_point(lat: float, lon: float, crs: str):
    assert to_wgs84(lat, lon, crs) == pytest.approx((lat, lon), abs=0.05)


def test_outside_china_gcj02_is_wgs84():
    assert from_wgs84(48.85, 2.35, "GCJ-02") == (48.85, 2.35)
    assert to_wgs84(48.85, 2.35, "GCJ-02") == (48.85, 2.35)


def test_an_unknown_datum_is_an_error_that_lists_the_known():
    with pytest.raises(UnknownDatum, match="WGS-84, GCJ-02, BD-09"):
        to_wgs84(30, 120, "CGCS2000")
    with pytest.raises(UnknownDatum):
        from_wgs84(30, 120, "wgs84")
