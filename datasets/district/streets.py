"""The street network: trunk roads by hand, the rest grown, then joined into named streets."""

from __future__ import annotations

import itertools
import math
import random
from collections import defaultdict
from dataclasses import dataclass, field

import land
import plane
from names import Names
from plane import XY

Edge = tuple[int, int]

_TRUNKS: tuple[list[XY], ...] = (
    [(-6200, -700), (-3900, -350), (-1700, 480), (300, 300), (2300, 80), (4300, 700), (6300, 450)],
    [(-700, -6200), (-450, -3600), (150, -1900), (-250, 300), (250, 2300), (-100, 6200)],
    [(2600, 6000), (3150, 3600), (3550, 1500), (3300, -600), (2500, -2500), (2800, -6000)],
    [(-6000, 2300), (-3700, 3350), (-1300, 3050), (900, 3150), (3150, 3600), (6000, 3300)],
    [(-6000, -3200), (-3400, -2450), (-450, -3600), (2500, -2500), (6000, -2900)],
    [(-2900, 6000), (-2550, 3200), (-2300, 900), (-2750, -2100), (-2500, -6000)],
)
_STRAIGHT_ON = math.radians(38)


@dataclass
class Net:
    """Nodes and undirected edges; ``trunk`` marks the edges of trunk roads with their number."""

    at: list[XY] = field(default_factory=list)
    trunk: dict[Edge, int] = field(default_factory=dict)
    edges: set[Edge] = field(default_factory=set)

    def add(self, p: XY, near_m: float = 1.0) -> int:
        for number, q in enumerate(self.at):
            if plane.distance(p, q) < near_m:
                return number
        self.at.append(p)
        return len(self.at) - 1

    def join(self, a: int, b: int) -> Edge:
        edge = (min(a, b), max(a, b))
        if a != b:
            self.edges.add(edge)
        return edge

    def beside(self) -> dict[int, list[int]]:
        out: dict[int, list[int]] = defaultdict(list)
        for a, b in sorted(self.edges):
            out[a].append(b)
            out[b].append(a)
        return out


def make(rng: random.Random, ground: land.Land) -> Net:
    net = Net()
    _lay_trunks(net, ground)
    _scatter(net, rng, ground)
    _grow(net, rng, ground)
    _keep_connected(net)
    _bend(net, rng)
    return net


def _lay_trunks(net: Net, ground: land.Land) -> None:
    for number, bends in enumerate(_TRUNKS):
        line = plane.spline([(float(x), float(y)) for x, y in bends], 190)
        chain = [net.add(p, 95) for p in line if plane.inside(p, ground.outline)]
        for a, b in itertools.pairwise(chain):
            if a != b and plane.distance(net.at[a], net.at[b]) < 600:
                net.trunk[net.join(a, b)] = number


def _scatter(net: Net, rng: random.Random, ground: land.Land) -> None:
    """Crossings: a turned, bent grid in the town centres, loose elsewhere."""
    warp = plane.Warp()
    for turn_deg, ((cx, cy), radius) in zip((17, -24, 38, 5), land.TOWN_CENTRES, strict=True):
        c, s = math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))
        span = int(radius * 1.15 / 120)
        for i in range(-span, span + 1):
            for j in range(-span, span + 1):
                u, w = i * 168 + rng.gauss(0, 13), j * 122 + rng.gauss(0, 13)
                wx, wy = warp((u * 1.6, w * 1.6))
                p = (cx + c * u - s * w + 0.35 * (wx - u * 1.6), cy + s * u + c * w)
                p = (p[0], p[1] + 0.35 * (wy - w * 1.6))
                if math.hypot(u, w) < radius and _buildable(p, ground):
                    _place(net, p, 78)
    for _ in range(9000):
        p = (rng.uniform(-6200, 6200), rng.uniform(-6200, 6200))
        if _buildable(p, ground):
            _place(net, p, 345 - 215 * land.town(p))


def _buildable(p: XY, ground: land.Land) -> bool:
    if not plane.inside(p, ground.outline) or plane.inside(p, ground.lake):
        return False
    if any(plane.inside(p, ring) for _, ring in ground.parks):
        return False
    return plane.to_line(p, ground.river) > 60 and plane.to_line(p, ground.brook) > 40


def _place(net: Net, p: XY, apart_m: float) -> None:
    if all(plane.distance(p, q) >= apart_m for q in net.at):
        net.at.append(p)


def _grow(net: Net, rng: random.Random, ground: land.Land) -> None:
    """Gabriel graph: join two crossings when no third lies in the circle between them."""
    near = _neighbours(net.at, 720)
    banned = [ground.lake + ground.lake[:1], *(r + r[:1] for _, r in ground.parks)]
    for a, beside in enumerate(near):
        for b in beside:
            if b < a or (a, b) in net.edges or not _gabriel(net.at, a, b, beside):
                continue
            p, q = net.at[a], net.at[b]
            if any(plane.crosses(p, q, ring) for ring in banned):
                continue
            wet = plane.crosses(p, q, ground.river) or plane.crosses(p, q, ground.brook)
            drop = 0.88 if wet else 0.17 + 0.10 * (1 - land.town(p))
            if rng.random() > drop:
                net.join(a, b)


def _neighbours(at: list[XY], reach_m: float) -> list[list[int]]:
    return [
        [b for b, q in enumerate(at) if b != a and plane.distance(p, q) < reach_m]
        for a, p in enumerate(at)
    ]


def _gabriel(at: list[XY], a: int, b: int, near: list[int]) -> bool:
    middle = plane.between(at[a], at[b], 0.5)
    radius = plane.distance(at[a], at[b]) / 2
    return all(c == b or plane.distance(at[c], middle) >= radius for c in near)


def _keep_connected(net: Net) -> None:
    """Only the largest connected part stays; nodes are renumbered."""
    beside = net.beside()
    seen: set[int] = set()
    largest: set[int] = set()
    for start in range(len(net.at)):
        if start in seen:
            continue
        part, todo = {start}, [start]
        while todo:
            for other in beside[todo.pop()]:
                if other not in part:
                    part.add(other)
                    todo.append(other)
        seen |= part
        largest = max(largest, part, key=len)
    number = {old: new for new, old in enumerate(sorted(largest))}
    net.at = [p for old, p in enumerate(net.at) if old in number]
    net.edges = {(number[a], number[b]) for a, b in net.edges if a in number}
    net.trunk = {(number[a], number[b]): k for (a, b), k in net.trunk.items() if a in number}


def _bend(net: Net, rng: random.Random) -> None:
    """Long stretches outside the trunk roads swing a little, as country roads do."""
    for a, b in sorted(net.edges - set(net.trunk)):
        p, q = net.at[a], net.at[b]
        length = plane.distance(p, q)
        parts = int(length // 130)
        if parts < 2:
            continue
        swing = rng.uniform(-0.09, 0.09)
        net.edges.discard((a, b))
        last = a
        for step in range(1, parts):
            t = step / parts
            off = swing * math.sin(math.pi * t) + rng.uniform(-0.012, 0.012)
            x, y = plane.between(p, q, t)
            net.at.append((x - (q[1] - p[1]) * off, y + (q[0] - p[0]) * off))
            net.join(last, len(net.at) - 1)
            last = len(net.at) - 1
        net.join(last, b)


def named(net: Net, names: Names) -> list[tuple[str, str, list[int]]]:
    """Streets: edges chained straight on at each crossing; long chains are the larger roads."""
    chains = _chains(net)
    out: list[tuple[str, str, list[int]]] = []
    trunk_name: dict[int, str] = {}
    for chain in chains:
        number = net.trunk.get((min(chain[:2]), max(chain[:2])))
        road_class = _class_of(net, chain) if number is None else "trunk"
        if number is None:
            name = names.road(road_class)
        else:
            name = trunk_name.setdefault(number, "") or names.road("trunk")
            trunk_name[number] = name
        out.append((name, road_class, chain))
    return out


def _class_of(net: Net, chain: list[int]) -> str:
    length = sum(plane.distance(net.at[a], net.at[b]) for a, b in itertools.pairwise(chain))
    return "main" if length > 1500 else "street" if length > 450 else "lane"


def _chains(net: Net) -> list[list[int]]:
    beside = net.beside()
    left = set(net.edges)
    out = []
    for edge in sorted(net.edges, key=lambda e: (e not in net.trunk, e)):
        if edge not in left:
            continue
        left.discard(edge)
        kind = net.trunk.get(edge)
        chain = list(edge)
        for _ in range(2):
            while (onward := _onward(net, chain, beside, left, kind)) is not None:
                left.discard((min(chain[-1], onward), max(chain[-1], onward)))
                chain.append(onward)
            chain.reverse()
        out.append(chain)
    return out


def _onward(
    net: Net, chain: list[int], beside: dict[int, list[int]], left: set[Edge], kind: int | None
) -> int | None:
    here = chain[-1]
    best, best_turn = None, _STRAIGHT_ON if kind is None else math.pi / 2
    for other in beside[here]:
        edge = (min(here, other), max(here, other))
        if edge not in left or net.trunk.get(edge) != kind or other in chain:
            continue
        turn = plane.turn(net.at[chain[-2]], net.at[here], net.at[other])
        if turn < best_turn:
            best, best_turn = other, turn
    return best
