"""What could keep the agent from working, one finding a line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from edge import config
from edge.errors import ConfigError, EdgeError
from edge.home import open_outbox
from edge.mqtt import BrokerLink
from edge.poster import PATH

MAX_CLOCK_OFF_S = 60


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    ok: bool
    detail: str


def examine(settings: config.Settings) -> Iterator[Finding]:
    """Findings on configuration, outbox, broker, server and clock, in that order."""
    yield Finding("configuration", True, str(settings.home / config.SETTINGS_FILE))
    yield _outbox(settings)
    yield _broker(settings)
    yield from _server(settings)


def _outbox(settings: config.Settings) -> Finding:
    try:
        with open_outbox(settings) as outbox:
            counts = outbox.counts()
    except EdgeError as error:
        return Finding("outbox", False, str(error))
    return Finding("outbox", True, f"{counts.waiting} waiting, {counts.dead} dead letters")


def _broker(settings: config.Settings) -> Finding:
    """Connects under a name of its own, so that a running agent is not thrown out."""
    own = settings.mqtt.model_copy(
        update={
            "client_id": f"{settings.mqtt.client_id}-doctor-{time.time_ns() % 10**9}",
            "session_expiry_s": 0,
        }
    )
    link = BrokerLink(own, settle=lambda _: None, clock=lambda: datetime.now(UTC), commit_rows=1)
    try:
        link.connect()
    except EdgeError as error:
        return Finding("broker", False, str(error))
    finally:
        link.close()
    return Finding("broker", True, f"{own.host}:{own.port}, subscribed")


def _server(settings: config.Settings) -> Iterator[Finding]:
    url = settings.edge.server_url
    try:
        token = config.token(settings)
        with httpx.Client(base_url=url, timeout=5, trust_env=False) as client:
            answer = client.post(
                PATH,
                json={"messages": []},
                headers={"Authorization": f"Bearer {token}"} if token else {},
            )
    except ConfigError as error:
        yield Finding("server", False, str(error))
        return
    except httpx.HTTPError as error:
        yield Finding("server", False, f"{url} does not answer ({type(error).__name__})")
        return
    yield _access(answer)
    yield _clock(answer)


def _access(answer: httpx.Response) -> Finding:
    if answer.status_code in (401, 403):
        return Finding("server", False, "refuses the token; make one of role edge and set it")
    # An empty batch may well be called malformed; that still is an answer to our token.
    known = answer.is_success or answer.status_code in (400, 422)
    return Finding("server", known, f"answers {answer.status_code}")


def _clock(answer: httpx.Response) -> Finding:
    try:
        theirs = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        return Finding("clock", True, "the server tells no time")
    off = abs(datetime.now(UTC) - theirs)
    ok = off <= timedelta(seconds=MAX_CLOCK_OFF_S)
    return Finding("clock", ok, f"{off.total_seconds():.0f} s from the server's; run NTP on both")
