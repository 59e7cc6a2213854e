"""Plane geometry in metres around the centre: x east, y north."""

from __future__ import annotations

import itertools
import math

XY = tuple[float, float]

CENTRE_LAT, CENTRE_LON = 30.42, 120.30
METRES_PER_DEG_LAT = 110_862.0  # WGS-84 ellipsoid at 30.42 N
METRES_PER_DEG_LON = 96_092.0


def degrees(p: XY) -> list[float]:
    """``[lat, lon]``, to about a metre."""
    return [
        round(CENTRE_LAT + p[1] / METRES_PER_DEG_LAT, 5),
        round(CENTRE_LON + p[0] / METRES_PER_DEG_LON, 5),
    ]


def distance(a: XY, b: XY) -> float:
    return math.hypot(a[0] - b[0], a[1] - b[1])


def between(a: XY, b: XY, t: float) -> XY:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t


def turn(a: XY, b: XY, c: XY) -> float:
    """How far one turns at b when going a, b, c: 0 straight on, pi back."""
    first = math.atan2(b[1] - a[1], b[0] - a[0])
    second = math.atan2(c[1] - b[1], c[0] - b[0])
    return abs((second - first + math.pi) % (2 * math.pi) - math.pi)


def area(ring: list[XY]) -> float:
    total = 0.0
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        total += x1 * y2 - x2 * y1
    return abs(total) / 2


def centroid(ring: list[XY]) -> XY:
    doubled = cx = cy = 0.0
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        cross = x1 * y2 - x2 * y1
        doubled += cross
        cx += (x1 + x2) * cross
        cy += (y1 + y2) * cross
    return cx / (3 * doubled), cy / (3 * doubled)


def inside(p: XY, ring: list[XY]) -> bool:
    x, y = p
    found = False
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            found = not found
    return found


def crosses(a: XY, b: XY, line: list[XY]) -> bool:
    return any(_segments_cross(a, b, c, d) for c, d in itertools.pairwise(line))


def _side(a: XY, b: XY, c: XY) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _segments_cross(a: XY, b: XY, c: XY, d: XY) -> bool:
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def to_segment(p: XY, a: XY, b: XY) -> float:
    """Distance from p to the segment."""
    length2 = (b[0] - a[0]) ** 2 + (b[1] - a[1]) ** 2
    if length2 == 0:
        return distance(p, a)
    t = ((p[0] - a[0]) * (b[0] - a[0]) + (p[1] - a[1]) * (b[1] - a[1])) / length2
    return distance(p, between(a, b, min(1.0, max(0.0, t))))


def to_line(p: XY, line: list[XY]) -> float:
    return min(to_segment(p, a, b) for a, b in itertools.pairwise(line))


def nearer_half(ring: list[XY], a: XY, b: XY) -> list[XY]:
    """The part of a ring nearer to a than to b (Sutherland-Hodgman)."""

    def lead(p: XY) -> float:
        return (p[0] - b[0]) ** 2 + (p[1] - b[1]) ** 2 - (p[0] - a[0]) ** 2 - (p[1] - a[1]) ** 2

    out: list[XY] = []
    for p, q in zip(ring, ring[1:] + ring[:1], strict=True):
        at_p, at_q = lead(p), lead(q)
        if at_p >= 0:
            out.append(p)
        if (at_p >= 0) != (at_q >= 0):
            out.append(between(p, q, at_p / (at_p - at_q)))
    return out


def spline(points: list[XY], step_m: float) -> list[XY]:
    """A Catmull-Rom curve through the points, a vertex about every ``step_m``."""
    ends = [points[0], *points, points[-1]]
    out = [points[0]]
    for p0, p1, p2, p3 in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        count = max(1, round(distance(p1, p2) / step_m))
        out += [_catmull_rom(p0, p1, p2, p3, i / count) for i in range(1, count + 1)]
    return out


def _catmull_rom(p0: XY, p1: XY, p2: XY, p3: XY, t: float) -> XY:
    def axis(a: float, b: float, c: float, d: float) -> float:
        return 0.5 * (
            2 * b
            + (c - a) * t
            + (2 * a - 5 * b + 4 * c - d) * t * t
            + (3 * b - a - 3 * c + d) * t**3
        )

    return axis(p0[0], p1[0], p2[0], p3[0]), axis(p0[1], p1[1], p2[1], p3[1])


class Warp:
    """A smooth displacement of the plane, the same for everything, so that borders still meet."""

    _WAVES = (
        (210.0, 3100.0, 0.4, 1.1),
        (120.0, 1500.0, 1.9, 4.0),
        (45.0, 640.0, 3.3, 0.7),
        (16.0, 270.0, 5.1, 2.6),
    )

    def __call__(self, p: XY) -> XY:
        x, y = p
        dx = dy = 0.0
        for size, wave, phase, other in self._WAVES:
            k = 2 * math.pi / wave
            dx += size * math.sin(k * (0.8 * y + 0.35 * x) + phase)
            dy += size * math.sin(k * (0.75 * x - 0.4 * y) + other)
        return x + dx, y + dy


def dense(ring: list[XY], step_m: float) -> list[XY]:
    """The ring with a vertex at least every ``step_m``."""
    out: list[XY] = []
    for a, b in zip(ring, ring[1:] + ring[:1], strict=True):
        count = max(1, math.ceil(distance(a, b) / step_m))
        out += [between(a, b, i / count) for i in range(count)]
    return out


def simplified(line: list[XY], tolerance_m: float) -> list[XY]:
    """Douglas-Peucker."""
    if len(line) < 3:
        return line
    far = max(range(1, len(line) - 1), key=lambda i: to_segment(line[i], line[0], line[-1]))
    if to_segment(line[far], line[0], line[-1]) <= tolerance_m:
        return [line[0], line[-1]]
    return simplified(line[: far + 1], tolerance_m)[:-1] + simplified(line[far:], tolerance_m)
