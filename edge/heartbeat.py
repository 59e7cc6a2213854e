"""The agent's word to the server every few seconds, and what it brings back for devices.

An idle street sends nothing, so telemetry cannot tell the server that the way to its devices is
open; this can. The answer holds what is to go down to devices; what the broker has taken is
reported with the next word, and what was not reported is handed out again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import httpx
import structlog

from edge.config import EdgeSettings
from edge.encoding import dumps
from edge.fields import FieldError, instant, name

log = structlog.get_logger("edge.heartbeat")

PATH = "/api/v1/edge/heartbeat"
MAX_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Down:
    """One message for a device's ``down`` topic, as JSON."""

    id: str
    device_id: str
    expires_at: datetime
    payload: str


class DownBox:
    """Between the two threads: what is to be published, and what the broker has taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._down: dict[str, Down] = {}
        self._sent: dict[str, None] = {}

    def add(self, down: Sequence[Down]) -> None:
        """At most 1,000; beyond it the server hands them out again later."""
        with self._lock:
            for item in down:
                if item.id not in self._sent and len(self._down) < MAX_KEPT:
                    self._down[item.id] = item

    def take(self) -> list[Down]:
        with self._lock:
            taken = list(self._down.values())
            self._down.clear()
        return taken

    def sent(self, call_id: str) -> None:
        with self._lock:
            self._sent[call_id] = None
            while len(self._sent) > MAX_KEPT:
                del self._sent[next(iter(self._sent))]

    def to_report(self) -> list[str]:
        with self._lock:
            return list(self._sent)

    def reported(self, call_ids: Sequence[str]) -> None:
        with self._lock:
            for call_id in call_ids:
                self._sent.pop(call_id, None)


class Heartbeat:
    """Run it in a thread of its own. ``report`` gives the agent's state as JSON values."""

    def __init__(
        self,
        settings: EdgeSettings,
        token: str,
        *,
        report: Callable[[], Mapping[str, object]],
        box: DownBox,
        wake: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._report = report
        self._box = box
        self._wake = wake
        self._stopping = threading.Event()
        self._failing = False
        self._client = httpx.Client(
            base_url=settings.server_url,
            timeout=settings.request_timeout_s,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            trust_env=False,
        )

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        """Until stopped; a failure is logged once and tried again."""
        while not self._stopping.is_set():
            done = self.beat()
            if done == self._failing:
                self._failing = not done
                log.info("heartbeat heard" if done else "heartbeat not heard")
            pause = self._settings.heartbeat_s * (1 if done else 5)
            self._stopping.wait(min(pause, max(self._settings.heartbeat_s, 10)))
        self._client.close()

    def beat(self) -> bool:
        """One word; False when the server did not take it."""
        sent = self._box.to_report()
        try:
            answer = self._client.post(PATH, content=dumps({**self._report(), "sent": sent}))
            down = _down(answer.json()) if answer.is_success else None
        except (httpx.HTTPError, ValueError):
            return False
        if down is None:
            return False
        self._box.reported(sent)
        self._box.add(down)
        if down:
            self._wake()
        return True


def _down(raw: object) -> list[Down]:
    """What the answer holds; an item that cannot be read is passed over. Raises ValueError."""
    items = raw.get("down") if isinstance(raw, dict) else None
    if not isinstance(items, list):
        raise ValueError("no answer of the server's")  # noqa: TRY004  it is an answer's value
    found = []
    for item in items[:MAX_KEPT]:
        try:
            expires_at = instant(item["expires_at"])
            found.append(
                Down(name(item["id"]), name(item["device_id"]), expires_at, dumps(item["payload"]))
            )
        except (FieldError, KeyError, TypeError):
            log.warning("something for a device cannot be read")
    return found
