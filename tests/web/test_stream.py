"""The stream over a real server: no gap, no stranger's events, a budget, a quiet end."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
import pytest

from server.domain.events import NewEvent
from server.office import Office
from server.services import accounts
from server.store import events
from server.store.engine import writing
from server.web import stream as stream_module

UNIT, OTHER_UNIT = "u-shunda-1", "u-kangle-1"
PATIENCE_S = 10.0


@dataclass
class Message:
    id: str | None = None
    event: str | None = None
    data: str | None = None
    comment: str | None = None


class Follower:
    """Reads messages until one fits; times out instead of hanging."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.iter_lines()
        self.seen: list[Message] = []

    def next(self) -> Message:
        message = Message()
        for line in self._lines:
            if not line:
                self.seen.append(message)
                return message
            name, _, value = line.partition(":")
            setattr(message, name or "comment", value.strip())
        raise EOFError

    def until(self, kind: str) -> Message:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            message = self.next()
            if message.event == kind:
                return message
        raise AssertionError(f"no {kind} came")

    @property
    def ids(self) -> list[int]:
        return [int(m.id) for m in self.seen if m.id and m.event]


@contextmanager
def follow(url: str, headers: dict[str, str], **params: int) -> Iterator[Follower]:
    timeout = httpx.Timeout(PATIENCE_S)
    with (
        httpx.Client(timeout=timeout, trust_env=False) as http,
        http.stream("GET", f"{url}/api/v1/stream", headers=headers, params=params) as response,
    ):
        yield Follower(response)


def tell(office: Office, kind: str, **more: object) -> None:
    with writing(office.engine) as conn:
        events.tell(conn, [NewEvent(kind, office.clock(), "test", **more)])


def test_events_arrive_as_they_are_told(serve, office: Office, bearer) -> None:
    url = serve().url
    with follow(url, bearer("dispatcher")) as stream:
        assert stream.response.headers["Content-Type"].startswith("text/event-stream")
        assert stream.response.headers["X-Accel-Buffering"] == "no"
        assert stream.next().id is not None  # where it begins, so that a cut at once loses nothing
        tell(office, "no_candidate", body={"round": 1})
        told = stream.until("no_candidate")
    event = json.loads(told.data or "")
    assert event["id"] == int(told.id or 0)
    assert event["body"] == {"round": 1}
    assert {"id", "at", "kind", "actor", "case_id", "report_id", "unit_id"} <= set(event)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_reader_that_comes_back_misses_nothing(serve, office: Office, bearer) -> None:
    url, headers = serve().url, bearer("dispatcher")
    with follow(url, headers) as stream:
        stream.next()
        tell(office, "no_candidate")
        last = int(stream.until("no_candidate").id or 0)
    for _ in range(1200):  # more than one page of the log
        tell(office, "no_candidate")
    tell(office, "deadline_warned")
    with follow(url, headers | {"Last-Event-ID": str(last)}) as stream:
        stream.until("deadline_warned")
        tell(office, "deadline_missed")
        stream.until("deadline_missed")
        assert stream.ids == list(range(last + 1, last + 1203))
    with follow(url, headers, after=last + 1200) as stream:
        stream.until("deadline_missed")
        assert stream.ids == [last + 1201, last + 1202]


def test_a_mediator_hears_of_the_own_unit_only(serve, office: Office, bearer) -> None:
    url = serve().url
    with follow(url, bearer("mediator", UNIT)) as stream:
        stream.next()
        tell(office, "alarm_raised", unit_id=OTHER_UNIT)
        tell(office, "no_candidate")
        tell(office, "alarm_raised", unit_id=UNIT)
        tell(office, "alarm_ended", unit_id=UNIT)
        stream.until("alarm_ended")
        assert len(stream.ids) == 2
        units = json.loads(next(m.data for m in stream.seen if m.event == "units") or "[]")
        assert {unit["id"] for unit in units} == {UNIT, OTHER_UNIT}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sign_ins_are_heard_by_supervisors_only(serve, office: Office, bearer) -> None:
    url = serve().url
    with follow(url, bearer("dispatcher")) as desk, follow(url, bearer("supervisor")) as chief:
        desk.next()
        chief.next()
        tell(office, "sign_in_failed")
        tell(office, "no_candidate")
        chief.until("sign_in_failed")
        desk.until("no_candidate")
        assert "sign_in_failed" not in {message.event for message in desk.seen}


def test_units_come_without_a_number_when_they_change(serve, office: Office, bearer) -> None:
    url, at = serve().url, office.clock().isoformat()
    with follow(url, bearer("dispatcher")) as stream:
        assert stream.until("units").id is None
        office_device(office)
        message = {
            "device_id": "cam-1",
            "kind": "position",
            "v": 1,
            "boot": "b",
            "seq": 1,
            "sent_at": at,
            "received_at": at,
            "fix_time": at,
            "lat": 30.42,
            "lon": 120.3,
            "crs": "WGS-84",
            "accuracy_m": 5,
            "doubt": [],
            "protocol": "native",
        }
        answer = httpx.post(
            f"{url}/api/v1/telemetry",
            json={"messages": [message]},
            headers=bearer("edge"),
            trust_env=False,
        )
        assert answer.json()["accepted"] == 1
        for _ in range(5):
            units = json.loads(stream.until("units").data or "[]")
            here = next(unit for unit in units if unit["id"] == UNIT)
            if here["position"]:
                break
    assert here["position"]["lat"] == pytest.approx(30.42)


def office_device(office: Office) -> None:
    from server.domain.roles import Actor, Role
    from server.services import roster

    admin = Actor("setup", Role.ADMIN)
    roster.add_device(office, "cam-1", kind="bodycam", unit_id=UNIT, actor=admin)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestLimits:
    @pytest.fixture
    def office(self, with_settings) -> Office:
        return with_settings(http={"streams": 2, "threads": 2})

    def test_past_the_budget_it_is_503_and_pages_still_answer(self, serve, bearer) -> None:
        url, headers = serve().url, bearer("dispatcher")
        with follow(url, headers) as one, follow(url, headers) as two:
            one.next()
            two.next()
            answer = httpx.get(f"{url}/api/v1/stream", headers=headers, trust_env=False)
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
        assert self._free_again(url, headers)

    def test_a_quiet_stream_shows_that_it_lives_and_ends_in_time(self, serve, bearer, app) -> None:
        shorten(app, heartbeat_s=0.2, lifetime_s=1.0)
        url = serve().url
        with follow(url, bearer("dispatcher")) as stream:
            drain(stream)
        assert [m.comment for m in stream.seen].count("here") >= 2

    def test_a_revoked_token_ends_its_stream(self, serve, office: Office, bearer, app) -> None:
        shorten(app, heartbeat_s=0.2, lifetime_s=60)
        url, headers = serve().url, bearer("dispatcher")
        with follow(url, headers) as stream:
            stream.next()
            accounts.revoke_tokens(office, "test-dispatcher")
            drain(stream)

    def test_stopping_ends_streams_and_finishes_requests(self, serve, bearer) -> None:
        server = serve()
        with follow(server.url, bearer("dispatcher")) as stream:
            stream.next()
            ended = threading.Event()
            threading.Thread(target=lambda: (drain(stream), ended.set())).start()
            server.stop()
            assert ended.wait(PATIENCE_S)

    def test_asking_for_the_headers_only_takes_no_place(self, client, bearer) -> None:
        headers = bearer("dispatcher")
        answers = [client.head("/api/v1/stream", headers=headers) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 200]

    @pytest.mark.parametrize("bad", ["x", "-1", "9" * 30, "1.5"])
    def test_a_place_that_is_no_number_is_422(self, client, bearer, bad: str) -> None:
        headers = bearer("dispatcher")
        by_header = client.get("/api/v1/stream", headers=headers | {"Last-Event-ID": bad})
        by_query = client.get("/api/v1/stream", headers=headers, query_string={"after": bad})
        assert (by_header.status_code, by_query.status_code) == (422, 422)

    @staticmethod
    def _free_again(url: str, headers: dict[str, str]) -> bool:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            with follow(url, headers) as stream:
                if stream.response.status_code == 200:
                    return True
            time.sleep(0.05)
        return False


def shorten(app, *, heartbeat_s: float, lifetime_s: float) -> None:
    made = app.extensions[stream_module.KEY]
    app.extensions[stream_module.KEY] = stream_module.Streams(
        made.hub, made.places, made.metrics, heartbeat_s, lifetime_s
    )


def drain(stream: Follower) -> None:
    """Read until the server ends the stream; its own patience bounds the wait."""
    try:
        while True:
            stream.next()
    except EOFError:
        return
