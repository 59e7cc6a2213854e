"""Server-Sent Events over the event log (html.spec.whatwg.org, section 9.2).

``id:`` is the event's number, so a browser that comes back with ``Last-Event-ID`` misses none.
A ``units`` message without id carries live positions, at most once a second.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from flask import Response, current_app, request
from pydantic import Field, TypeAdapter

from server.domain.errors import Invalid
from server.domain.roles import Action, Actor
from server.domain.views import TimelineEvent
from server.office import Office
from server.services import reading
from server.services.following import may_hear
from server.web import auth
from server.web.contract import Operations, Query
from server.web.hub import Hub
from server.web.metrics import Metrics
from server.web.problems import StreamsFull
from server.web.version import version_of_pages

HEARTBEAT_S = 15.0
LIFETIME_S = 15 * 60.0
LOOK_S = 1.0
"""How soon a stream notices that its reader has gone."""
RETRY_MS = 2000
MAX_NUMBER = 2**62

stream = Operations("stream")

_EVENT: TypeAdapter[TimelineEvent] = TypeAdapter(TimelineEvent)


class StreamQuery(Query):
    after: int | None = Field(
        None, ge=0, le=MAX_NUMBER, description="Like Last-Event-ID; empty: from now on."
    )


@dataclass(frozen=True, slots=True)
class Streams:
    """The hub and the places for streams of this process."""

    hub: Hub
    places: threading.BoundedSemaphore
    metrics: Metrics
    heartbeat_s: float = HEARTBEAT_S
    lifetime_s: float = LIFETIME_S


KEY = "xiaonao_streams"


@stream.get(
    "/stream",
    Action.FOLLOW_STREAM,
    query=StreamQuery,
    answers={200: str},
    media="text/event-stream",
)
def follow(office: Office, actor: Actor, query: StreamQuery) -> Response:
    """Follow events as they happen; Last-Event-ID resumes without a gap."""
    streams: Streams = current_app.extensions[KEY]
    number = _start(office, query.after)
    if request.method == "HEAD":
        return _answer(())
    if streams.hub.stopped or not streams.places.acquire(blocking=False):
        streams.metrics.refused_streams.inc()
        raise StreamsFull("All live streams are taken; try again shortly, or poll.")
    streams.metrics.streams.inc()
    streams.hub.start()
    reader = _Reader(streams, office, actor, auth.credential(), _gone())
    answer = _answer(reader.messages(number))
    answer.call_on_close(reader.leave)
    return answer


@dataclass(slots=True)
class _Reader:
    streams: Streams
    office: Office
    actor: Actor
    credential: auth.Credential
    gone: Callable[[], bool]

    def messages(self, number: int) -> Iterator[str]:
        hub, end = self.streams.hub, time.monotonic() + self.streams.lifetime_s
        yield f": xiaonao\nretry: {RETRY_MS}\nid: {number}\n\n"
        yield f"event: hello\ndata: {number}\n\nevent: version\ndata: {version_of_pages()}\n\n"
        version, shown = hub.units(self.actor)
        yield _units(shown)
        spoke = time.monotonic()
        while not hub.stopped and time.monotonic() < end and not self.gone():
            for told in hub.after(number):
                number = told.event.id
                if may_hear(self.actor, told):
                    spoke = time.monotonic()
                    yield _event(told.event)
            newer, shown = hub.units(self.actor)
            if newer != version:
                version, spoke = newer, time.monotonic()
                yield _units(shown)
            if time.monotonic() - spoke >= self.streams.heartbeat_s:
                if auth.actor_of(self.office, self.credential) != self.actor:
                    return  # signed out, revoked or given another role
                spoke = time.monotonic()
                yield f": here\nid: {number}\n\n"
            hub.wait(number, version, min(LOOK_S, self.streams.heartbeat_s))

    def leave(self) -> None:
        self.streams.metrics.streams.dec()
        self.streams.places.release()


def _answer(messages: Iterable[str]) -> Response:
    """Never stored, and passed on at once by a proxy in between."""
    answer = Response(messages, content_type="text/event-stream; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def _start(office: Office, after: int | None) -> int:
    """Where to begin. A number from a future nobody knows means from now on."""
    last = reading.last_event(office)
    if after is None:
        header = request.headers.get("Last-Event-ID", "").strip()
        if header and not (header.isascii() and header.isdigit() and len(header) < 19):
            raise Invalid("Last-Event-ID", "must be the number of an event")
        after = int(header) if header else last
    return min(after, last)


def _gone() -> Callable[[], bool]:
    """The server's own word on whether the reader has left; without one, never."""
    found = request.environ.get("waitress.client_disconnected")
    return found if callable(found) else lambda: False


def _event(event: TimelineEvent) -> str:
    return f"id: {event.id}\nevent: {event.kind}\ndata: {_EVENT.dump_json(event).decode()}\n\n"


def _units(text: str) -> str:
    return f"event: units\ndata: {text}\n\n"
