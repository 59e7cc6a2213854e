"""People who call: one made-up report about every 25 seconds, some of them twice."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, datetime
from random import Random

from edge.district import District
from server.demo.client import Client, Json
from server.demo.stories import MadeReport, again, deck, make

GAP_S = 25.0
SHORTEST_GAP_S = 8.0
URGING_SHARE = 0.06
REMEMBERED = 2000


class FilesReports:
    """Files reports and remembers what they really are."""

    def __init__(self, line: Client, rng: Random, district: District, *, run: str) -> None:
        self._line, self._rng, self._district, self._run = line, rng, district, run
        self._told = deck(rng)
        self._truth: OrderedDict[str, MadeReport] = OrderedDict()
        self._count = 0
        self._next = 0.0
        self._last: MadeReport | None = None

    def maybe_file(self, now: float) -> None:
        """File a report when it is time. Raises Refused; the next one is another."""
        if now < self._next:
            return
        self._next = now + max(SHORTEST_GAP_S, self._rng.expovariate(1 / GAP_S))
        made = self._pick()
        self._count += 1
        answer = self._line.file(
            {
                "source": made.source,
                "source_id": f"demo-{self._run}-{self._count:05d}",
                "received_at": datetime.now(UTC).isoformat(),
                "text": made.text,
                "address": made.address,
                "location": {"lat": made.lat, "lon": made.lon, "crs": "WGS-84"},
                "caller": {"name": made.caller, "phone": made.phone},
            }
        )
        self._remember(str(answer["report"]["id"]), made)

    def truth(self, case: Json) -> MadeReport | None:
        """What the report that opened a case really is; None when we did not file it."""
        return self._truth.get(case["report_ids"][0]) if case["report_ids"] else None

    def _pick(self) -> MadeReport:
        if self._last is not None and self._rng.random() < URGING_SHARE:
            return again(self._last)
        self._last = make(self._rng, next(self._told), self._district)
        return self._last

    def _remember(self, report_id: str, made: MadeReport) -> None:
        self._truth[report_id] = made
        while len(self._truth) > REMEMBERED:
            self._truth.popitem(last=False)
