"""A routing engine over HTTP: OSRM's table service or Valhalla's matrix, asked once a ranking.

OSRM: ``GET /table/v1/{profile}/{lon},{lat};…?sources=…&destinations=…`` (project-osrm.org/docs,
HTTP API v1). Valhalla: ``POST /sources_to_targets`` (valhalla.github.io, matrix API). Both speak
WGS-84. Starts and the scene go to that server, so it should be the site's own.

Whatever goes wrong, the answer is None and the caller has its formula. After some failures in a
row the engine is left alone for a while (a circuit breaker; Nygard, *Release It!*, 5.2): a street
must not wait for a server that is down, call after call.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from threading import Lock

import httpx
import structlog

from server.domain.geo import Place
from server.domain.travel import Ride
from server.routing_config import RoutingSettings

MAX_BYTES = 1_000_000
ANSWERED, FAILED, NOT_ASKED = "answered", "failed", "not_asked"
_PLAIN = {"Accept-Encoding": "identity"}
"""A bound on bytes means something only when they are not packed."""
_PROFILES = {"osrm": "bike", "valhalla": "motor_scooter"}

log = structlog.get_logger()


class EngineFault(Exception):
    """The engine answered late, wrongly, or too much."""


class Breaker:
    """Lets questions through until ``failures`` in a row; then one every ``pause_s``."""

    def __init__(self, failures: int, pause_s: float, clock: Callable[[], float]) -> None:
        self._failures = failures
        self._pause_s = pause_s
        self._clock = clock
        self._lock = Lock()
        self._in_a_row = 0
        self._again_at = 0.0

    def may_ask(self) -> bool:
        with self._lock:
            if self._in_a_row < self._failures:
                return True
            if self._clock() < self._again_at:
                return False
            self._again_at = self._clock() + self._pause_s  # this one question tries
            return True

    def note(self, *, well: bool) -> None:
        with self._lock:
            self._in_a_row = 0 if well else self._in_a_row + 1
            if self._in_a_row >= self._failures:
                self._again_at = self._clock() + self._pause_s


class Engine:
    """One for a process; any thread may ask."""

    def __init__(
        self, settings: RoutingSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._breaker = Breaker(settings.failures, settings.pause_s, clock)
        self._http = httpx.Client(trust_env=False)
        self._counts = Counter({ANSWERED: 0, FAILED: 0, NOT_ASKED: 0})
        self._lock = Lock()

    @property
    def counts(self) -> Mapping[str, int]:
        return dict(self._counts)

    def rides(self, starts: Sequence[Place], target: Place) -> list[Ride | None] | None:
        """One question for all starts, at most 99 of them; see ``server.office.Roads``."""
        if not starts:
            return []
        if not self._breaker.may_ask():
            self._count(NOT_ASKED)
            return None
        try:
            found = self._ask(starts, target)
        except (EngineFault, httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("routing_failed", error=type(error).__name__)
            self._count(FAILED)
            self._breaker.note(well=False)
            return None
        self._count(ANSWERED)
        self._breaker.note(well=True)
        return found

    def _count(self, outcome: str) -> None:
        with self._lock:
            self._counts[outcome] += 1

    def _ask(self, starts: Sequence[Place], target: Place) -> list[Ride | None]:
        profile = self._settings.profile or _PROFILES[self._settings.api]
        base = self._settings.url.rstrip("/")
        if self._settings.api == "osrm":
            answer = self._fetch(_osrm_request(base, profile, starts, target))
            return _read_osrm(answer, len(starts))
        answer = self._fetch(_valhalla_request(base, profile, starts, target))
        return _read_valhalla(answer, len(starts))

    def _fetch(self, asked: httpx.Request) -> object:
        """The JSON of an answer; slow drips and floods are cut off as well as silence."""
        end = self._clock() + self._settings.timeout_s
        body = bytearray()
        asked.extensions["timeout"] = httpx.Timeout(self._settings.timeout_s).as_dict()
        answer = self._http.send(asked, stream=True)  # follows no redirect
        try:
            if answer.status_code != httpx.codes.OK:
                raise EngineFault(f"answered {answer.status_code}")
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > MAX_BYTES or self._clock() > end:
                    raise EngineFault("too long or too late")
        finally:
            answer.close()
        try:
            return json.loads(bytes(body))
        except ValueError as error:
            raise EngineFault("is not JSON") from error


def _osrm_request(base: str, profile: str, starts: Sequence[Place], target: Place) -> httpx.Request:
    places = ";".join(f"{p.lon:.6f},{p.lat:.6f}" for p in (*starts, target))
    sources = ";".join(str(number) for number in range(len(starts)))
    wanted = f"sources={sources}&destinations={len(starts)}&annotations=duration,distance"
    return httpx.Request("GET", f"{base}/table/v1/{profile}/{places}?{wanted}", headers=_PLAIN)


def _valhalla_request(
    base: str, profile: str, starts: Sequence[Place], target: Place
) -> httpx.Request:
    body = {
        "sources": [{"lat": p.lat, "lon": p.lon} for p in starts],
        "targets": [{"lat": target.lat, "lon": target.lon}],
        "costing": profile,
        "units": "kilometers",
    }
    return httpx.Request("POST", f"{base}/sources_to_targets", json=body, headers=_PLAIN)


def _read_osrm(answer: object, count: int) -> list[Ride | None]:
    if not isinstance(answer, dict) or answer.get("code") != "Ok":
        raise EngineFault("did not say Ok")
    seconds = _column(answer.get("durations"), count)
    metres = _column(answer["distances"], count) if "distances" in answer else [None] * count
    return [_ride(s, m) for s, m in zip(seconds, metres, strict=True)]


def _column(rows: object, count: int) -> list[object]:
    """The single column of a matrix of ``count`` rows."""
    if not isinstance(rows, list) or len(rows) != count:
        raise EngineFault("has another number of rows")
    if any(not isinstance(row, list) or len(row) != 1 for row in rows):
        raise EngineFault("has rows of another length")
    return [row[0] for row in rows]


def _read_valhalla(answer: object, count: int) -> list[Ride | None]:
    rows = answer.get("sources_to_targets") if isinstance(answer, dict) else None
    cells = _column(rows, count)
    found = []
    for cell in cells:
        if not isinstance(cell, dict):
            raise EngineFault("has cells of another shape")
        km = cell.get("distance")
        metres = km * 1000 if isinstance(km, int | float) else None
        found.append(_ride(cell.get("time"), metres))
    return found


def _ride(seconds: object, metres: object) -> Ride | None:
    """None where the engine found no way; raises EngineFault for what is no time."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise EngineFault("has a time that is no number")
    if not math.isfinite(seconds) or seconds < 0:
        raise EngineFault("has a time that cannot be")
    sure = isinstance(metres, int | float) and not isinstance(metres, bool)
    length = float(metres) if sure and math.isfinite(metres) and metres >= 0 else None  # type: ignore[arg-type,operator]
    return Ride(float(seconds), length)
