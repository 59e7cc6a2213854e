"""Positions: one datum inside (WGS-84), distances, and links that hand a place to a map app."""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import asin, cos, sin, sqrt
from urllib.parse import quote

from edge.datum import from_wgs84, to_wgs84
from server.domain.errors import Invalid

EARTH_RADIUS_M = 6_371_008.8
_RADIAN = math.pi / 180
_HALF_RADIAN = _RADIAN / 2
CRS_NAMES = ("WGS-84", "GCJ-02", "BD-09")


@dataclass(frozen=True, slots=True)
class Place:
    """A point in WGS-84 degrees."""

    lat: float
    lon: float


def place(*, lat: float, lon: float, crs: str | None, field: str = "location") -> Place:
    """A place from outside, whose datum must be said. Raises Invalid naming the field."""
    if crs not in CRS_NAMES:
        raise Invalid(f"{field}.crs", f"say the datum, one of {', '.join(CRS_NAMES)}")
    if not (math.isfinite(lat) and -90 <= lat <= 90):
        raise Invalid(f"{field}.lat", "must lie between -90 and 90 degrees")
    if not (math.isfinite(lon) and -180 <= lon <= 180):
        raise Invalid(f"{field}.lon", "must lie between -180 and 180 degrees")
    return Place(*to_wgs84(lat, lon, crs))


def distance_m(a: Place, b: Place) -> float:
    """Great-circle distance in metres (haversine, mean earth radius of IUGG)."""
    north, east = sin((b.lat - a.lat) * _HALF_RADIAN), sin((b.lon - a.lon) * _HALF_RADIAN)
    shrink = cos(a.lat * _RADIAN) * cos(b.lat * _RADIAN)
    half = sqrt(north * north + shrink * east * east)
    return 2 * EARTH_RADIUS_M * asin(half if half < 1.0 else 1.0)


@dataclass(frozen=True, slots=True)
class NavigationLinks:
    amap: str
    baidu: str
    tencent: str
    geo: str


def navigation_links(target: Place, name: str) -> NavigationLinks:
    """One-touch links; the Chinese apps take GCJ-02, ``geo:`` takes WGS-84.

    Orders differ: Amap wants longitude first, Baidu and Tencent latitude first
    (lbs.amap.com/api/uri-api/guide/travel/route and the two other vendors' URI pages).
    """
    lat, lon = from_wgs84(target.lat, target.lon, "GCJ-02")
    label = quote(name, safe="")
    return NavigationLinks(
        amap=(
            f"https://uri.amap.com/navigation?to={lon:.6f},{lat:.6f},{label}"
            "&mode=ride&src=xiaonao&callnative=1"
        ),
        baidu=(
            f"https://api.map.baidu.com/direction?destination=latlng:{lat:.6f},{lon:.6f}"
            f"|name:{label}&coord_type=gcj02&mode=riding&output=html&src=xiaonao"
        ),
        tencent=(
            f"https://apis.map.qq.com/uri/v1/routeplan?type=bike&to={label}"
            f"&tocoord={lat:.6f},{lon:.6f}&coord_type=2&referer=xiaonao"
        ),
        geo=f"geo:{target.lat:.6f},{target.lon:.6f}",
    )
