"""Geodetic datums met in China: WGS-84, GCJ-02 (Amap, Tencent) and BD-09 (Baidu).

Formulas as published in many open implementations (npm ``coordtransform``, ``gcoord``); the
inverse is iterated until it returns to its input, since the one-step inverse is off by metres.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

Crs = Literal["WGS-84", "GCJ-02", "BD-09"]
CRS_NAMES: tuple[Crs, ...] = ("WGS-84", "GCJ-02", "BD-09")

_SEMI_MAJOR_M = 6_378_245.0  # Krasovsky 1940, which the shift is defined on
_ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943_23
_BD_PI = math.pi * 3000.0 / 180.0
_INVERSE_STEPS = 30
_INVERSE_DEG = 1e-10

_Shift = Callable[[float, float], tuple[float, float]]


class UnknownDatum(ValueError):
    """A datum nobody knows; the message lists the known ones."""

    def __init__(self, crs: str) -> None:
        super().__init__(f"Datum {crs!r} is unknown; write one of {', '.join(CRS_NAMES)}.")
        self.crs = crs


def to_wgs84(lat: float, lon: float, crs: str) -> tuple[float, float]:
    """``(lat, lon)`` in WGS-84 degrees of a point given in ``crs``; error below 1e-6 degrees.

    Raises UnknownDatum.
    """
    if crs == "WGS-84":
        return lat, lon
    if crs == "GCJ-02":
        return _inverse(_wgs84_to_gcj02, lat, lon)
    if crs == "BD-09":
        return _inverse(_wgs84_to_gcj02, *_inverse(_gcj02_to_bd09, lat, lon))
    raise UnknownDatum(crs)


def from_wgs84(lat: float, lon: float, crs: str) -> tuple[float, float]:
    """``(lat, lon)`` in degrees of ``crs`` of a WGS-84 point. Raises UnknownDatum."""
    if crs == "WGS-84":
        return lat, lon
    if crs == "GCJ-02":
        return _wgs84_to_gcj02(lat, lon)
    if crs == "BD-09":
        return _gcj02_to_bd09(*_wgs84_to_gcj02(lat, lon))
    raise UnknownDatum(crs)


def shifted_area(lat: float, lon: float) -> bool:
    """Whether GCJ-02 differs from WGS-84 here: the customary rectangle around China."""
    return 72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271


def _inverse(forward: _Shift, lat: float, lon: float) -> tuple[float, float]:
    """The point that ``forward`` takes to ``(lat, lon)``; fixed-point iteration."""
    guess_lat, guess_lon = lat, lon
    for _ in range(_INVERSE_STEPS):
        out_lat, out_lon = forward(guess_lat, guess_lon)
        off_lat, off_lon = out_lat - lat, out_lon - lon
        guess_lat, guess_lon = guess_lat - off_lat, guess_lon - off_lon
        if abs(off_lat) < _INVERSE_DEG and abs(off_lon) < _INVERSE_DEG:
            break
    return guess_lat, guess_lon


def _wgs84_to_gcj02(lat: float, lon: float) -> tuple[float, float]:
    if not shifted_area(lat, lon):
        return lat, lon
    x, y = lon - 105.0, lat - 35.0
    phi = math.radians(lat)
    magic = 1 - _ECCENTRICITY_SQUARED * math.sin(phi) ** 2
    root = math.sqrt(magic)
    meridian_m = _SEMI_MAJOR_M * (1 - _ECCENTRICITY_SQUARED) / (magic * root)
    parallel_m = _SEMI_MAJOR_M / root * math.cos(phi)
    return (
        lat + math.degrees(_north_m(x, y) / meridian_m),
        lon + math.degrees(_east_m(x, y) / parallel_m),
    )


def _waves(value: float) -> float:
    return (20 * math.sin(6 * value * math.pi) + 20 * math.sin(2 * value * math.pi)) * 2 / 3


def _north_m(x: float, y: float) -> float:
    flat = -100.0 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    short = (20 * math.sin(y * math.pi) + 40 * math.sin(y / 3 * math.pi)) * 2 / 3
    long = (160 * math.sin(y / 12 * math.pi) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    return flat + _waves(x) + short + long


def _east_m(x: float, y: float) -> float:
    flat = 300.0 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    short = (20 * math.sin(x * math.pi) + 40 * math.sin(x / 3 * math.pi)) * 2 / 3
    long = (150 * math.sin(x / 12 * math.pi) + 300 * math.sin(x / 30 * math.pi)) * 2 / 3
    return flat + _waves(x) + short + long


def _gcj02_to_bd09(lat: float, lon: float) -> tuple[float, float]:
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _BD_PI)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _BD_PI)
    return radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065
