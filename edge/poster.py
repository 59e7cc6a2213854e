"""A batch to the server by HTTP, and what its answer means."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urlsplit

import httpx

from edge.config import EdgeSettings
from edge.confirming import Ack
from edge.encoding import dumps
from edge.errors import BatchRefused, ServerUnavailable
from edge.outbox_rows import Waiting

PATH = "/api/v1/telemetry"
# 4xx that say something of the address or the credentials, not of the batch.
_NOT_THE_BATCH = frozenset({401, 403, 404, 405, 407, 408, 409, 421, 425, 426, 429})
_WORTH_SQUEEZING = 1024
_GZIP_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """``rejected`` pairs a place in the batch with the server's reason."""

    accepted: int
    duplicates: int
    rejected: tuple[tuple[int, str], ...]
    confirmed: tuple[Ack, ...] = ()
    """How far runs are stored, told where agents share the load."""


Void = tuple[str, str, int]


class Poster(Protocol):
    def post(self, batch: Sequence[Waiting], voids: Sequence[Void] = ()) -> Answer:
        """Raises ServerUnavailable or BatchRefused."""


class HttpPoster:
    """``POST /api/v1/telemetry`` with a bearer token."""

    def __init__(self, settings: EdgeSettings, token: str, *, shared: bool = False) -> None:
        self._shared = shared
        host = urlsplit(settings.server_url).hostname or ""
        here = host == "localhost" or host.startswith("127.") or host == "::1"
        self._compress = settings.compress == "yes" or (settings.compress == "auto" and not here)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._client = httpx.Client(
            base_url=settings.server_url,
            timeout=settings.request_timeout_s,
            headers=headers,
            trust_env=False,
        )

    def post(self, batch: Sequence[Waiting], voids: Sequence[Void] = ()) -> Answer:
        more = ',"shared":true,"voids":' + dumps(list(voids)) if self._shared else ""
        body = ('{"messages":[' + ",".join(row.body for row in batch) + "]" + more + "}").encode()
        squeezed = self._compress and len(body) >= _WORTH_SQUEEZING
        try:
            response = self._client.post(
                PATH,
                content=gzip.compress(body, _GZIP_LEVEL) if squeezed else body,
                headers={"Content-Encoding": "gzip"} if squeezed else {},
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServerUnavailable(type(error).__name__) from error
        if response.status_code == httpx.codes.UNSUPPORTED_MEDIA_TYPE and squeezed:
            self._compress = False  # an older server; the same again as it is
            return self.post(batch, voids)
        if response.is_success:
            return _answer(response, len(batch))
        if 400 <= response.status_code < 500 and response.status_code not in _NOT_THE_BATCH:
            raise BatchRefused(response.status_code, _problem(response))
        raise ServerUnavailable(
            f"answered {response.status_code}",
            status=response.status_code,
            retry_after_s=_retry_after(response),
        )

    def close(self) -> None:
        self._client.close()


def _answer(response: httpx.Response, count: int) -> Answer:
    """What the server took. An answer that is not the contract's counts as no answer."""
    try:
        raw = response.json()
        rejected = tuple((int(item["index"]), str(item["why"])) for item in raw["rejected"])
        confirmed = tuple(
            Ack(str(item["device_id"]), str(item["boot"]), int(item["seq"]))
            for item in raw.get("confirmed", ())
        )
        return Answer(int(raw["accepted"]), int(raw["duplicates"]), rejected, confirmed)
    except (ValueError, KeyError, TypeError) as error:
        raise ServerUnavailable(f"answered {count} messages with something else") from error


def _problem(response: httpx.Response) -> str:
    """``field: detail`` of an application/problem+json answer."""
    try:
        raw = response.json()
        parts = [str(raw[key]) for key in ("field", "detail") if raw.get(key)]
        return ": ".join(parts)[:500] or "no reason given"
    except (ValueError, AttributeError):
        return "no reason given"


def _retry_after(response: httpx.Response) -> float | None:
    """Seconds the server asks for; it may write a number or a date."""
    text = response.headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        said = parsedate_to_datetime(response.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return max(0.0, (when - said).total_seconds())
