"""Upwards: what is taken, what is malformed, what has to wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.config import EdgeSettings
from edge.confirming import Ack
from edge.errors import ServerUnavailable
from edge.metrics import Metrics
from edge.outbox import Outbox
from edge.outbox_rows import Waiting
from edge.poster import Answer, HttpPoster, Void
from edge.telemetry import Alarm, Envelope, Origin, Status
from edge.uplink import BACKLOG_ROWS, Uplink

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def status(seq: int) -> Envelope:
    origin = Origin(device_id="bc-01", boot="b", seq=seq, sent_at=NOW)
    return Envelope(message=Status(origin=origin, battery_pct=50), received_at=NOW)


def sos(seq: int) -> Envelope:
    origin = Origin(device_id="bc-01", boot="b", seq=seq, sent_at=NOW)
    return Envelope(message=Alarm(origin=origin, alarm="sos", active=True), received_at=NOW)


class Bench:
    """An uplink on a real outbox and a real HTTP server."""

    def __init__(self, folder: Path, url: str) -> None:
        settings = EdgeSettings(
            server_url=url, retry_min_s=0.02, retry_max_s=0.05, request_timeout_s=5
        )
        self.box = Outbox(folder / "outbox.db")
        self.acks: list[Ack] = []
        self.metrics = Metrics()
        self.poster = HttpPoster(settings, "t")
        self.uplink = Uplink(
            self.box,
            self.poster,
            settings=settings,
            metrics=self.metrics,
            on_acks=self.acks.extend,
            clock=lambda: NOW,
        )

    def put(self, *envelopes: Envelope) -> None:
        self.box.put(envelopes, (), now=NOW)

    def dead(self) -> list[str]:
        return [letter.reason for _, letter in self.box.dead_letters(limit=99)]

    def value(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"xiaonao_edge_{name}", labels)


@pytest.fixture
def bench(tmp_path: Path, office) -> Iterator[Bench]:
    made = Bench(tmp_path, office.url)
    yield made
    made.poster.close()
    made.box.close()


def test_a_batch_is_taken_and_confirmed(bench, office):
    bench.put(*map(status, range(1, 11)))
    assert bench.uplink.work() is True
    assert bench.uplink.work() is False
    assert office.seqs("bc-01") == list(range(1, 11))
    assert bench.acks == [Ack("bc-01", "b", 10)]
    assert bench.value("uplink_messages_total", outcome="accepted") == 10


def test_what_the_server_rejects_becomes_a_dead_letter(bench, office):
    office.refuse = lambda m: "device unknown" if m["seq"] == 3 else ""
    bench.put(*map(status, range(1, 6)))
    bench.uplink.work()
    assert office.seqs("bc-01") == [1, 2, 4, 5]
    assert bench.dead() == ["device unknown"]
    assert bench.acks == [Ack("bc-01", "b", 5)]


def test_a_refused_batch_is_split_down_to_the_message_at_fault(bench, office):
    office.malformed = lambda m: m["seq"] in (4, 11)
    bench.put(*map(status, range(1, 21)))
    bench.uplink.work()
    assert office.seqs("bc-01") == [s for s in range(1, 21) if s not in (4, 11)]
    assert len(bench.dead()) == 2
    assert all("422" in why and "messages: one message is" in why for why in bench.dead())
    assert bench.box.counts().waiting == 0


@pytest.mark.parametrize("status_code", [401, 403, 404, 408, 429, 500, 502, 503])
def test_not_now_keeps_everything(bench, office, status_code):
    office.answers = [status_code]
    bench.put(status(1), status(2))
    with pytest.raises(ServerUnavailable) as caught:
        bench.uplink.work()
    assert caught.value.status == status_code
    assert (bench.box.counts().waiting, bench.dead(), bench.acks) == (2, [], [])
    bench.uplink.work()
    assert office.seqs("bc-01") == [1, 2]


def test_an_answer_that_is_not_the_contracts_counts_as_none(bench, office):
    office.answers = [200]
    bench.put(status(1))
    with pytest.raises(ServerUnavailable, match="something else"):
        bench.uplink.work()
    assert bench.box.counts().waiting == 1


def test_a_message_the_server_stumbles_over_does_not_hold_up_the_others(bench, office, until):
    office.stumbles = lambda m: m["seq"] == 3
    bench.put(*map(status, range(1, 11)))
    worker = threading.Thread(target=bench.uplink.run)
    worker.start()
    try:
        until(lambda: len(office.seqs("bc-01")) == 9, what="all but the one")
        office.stumbles = lambda _: False
        until(lambda: len(office.seqs("bc-01")) == 10, what="the one too, in the end")
        until(lambda: bench.acks and bench.acks[-1].seq == 10, what="confirmed")
    finally:
        bench.uplink.stop()
        worker.join(10)
    assert bench.dead() == []


def test_a_server_that_always_stumbles_keeps_the_order(bench, office, until):
    office.stumbles = lambda _: True
    bench.put(*map(status, range(1, 11)))
    bench.put(sos(11))
    worker = threading.Thread(target=bench.uplink.run)
    worker.start()
    try:
        failures = "uplink_failures_total"
        until(lambda: (bench.value(failures, why="answered 500") or 0) > 5, what="failures")
        assert bench.box.peek(rows=1, max_bytes=10**6)[0].seq == 11
        office.stumbles = lambda _: False
        until(lambda: len(office.seqs("bc-01")) == 11, what="all")
    finally:
        bench.uplink.stop()
        worker.join(10)
    assert office.batches[0][0] == "bc-01:alarm:11"


def test_an_sos_cuts_the_wait_short(tmp_path, office, until):
    made = Bench(tmp_path, office.url)
    made.uplink._settings = made.uplink._settings.model_copy(
        update={"retry_min_s": 60.0, "retry_max_s": 60.0}
    )
    office.answers = [503]
    made.put(status(1))
    worker = threading.Thread(target=made.uplink.run)
    worker.start()
    try:
        until(lambda: made.uplink.last_failure, what="the first failure")
        made.put(sos(2))
        made.uplink.wake(urgent=True)
        until(lambda: office.seqs("bc-01") == [1, 2], what="tried again at once")
    finally:
        made.uplink.stop()
        worker.join(10)
        made.poster.close()
        made.box.close()
    assert office.batches[0] == ["bc-01:alarm:2", "bc-01:status:1"]


def test_nobody_listening_is_not_now(tmp_path, office):
    office.stop()
    made = Bench(tmp_path, office.url)
    made.put(status(1))
    with pytest.raises(ServerUnavailable, match="ConnectError"):
        made.uplink.work()
    made.poster.close()
    made.box.close()


class SlowPoster:
    """A server that answers in time only when it is given little at once."""

    def __init__(self, most: int) -> None:
        self.most, self.sizes = most, list[int]()

    def post(self, batch: Sequence[Waiting], voids: Sequence[Void] = ()) -> Answer:
        del voids
        self.sizes.append(len(batch))
        if len(batch) > self.most:
            raise ServerUnavailable("ReadTimeout")
        return Answer(len(batch), 0, ())


def test_a_server_too_slow_for_a_batch_is_given_smaller_ones(tmp_path, until):
    """A batch of a fixed size would be tried for ever."""
    box = Outbox(tmp_path / "outbox.db")
    box.put([status(seq) for seq in range(1, 401)], (), now=NOW)
    poster, acks = SlowPoster(40), list[Ack]()
    settings = EdgeSettings(server_url="http://127.0.0.1:1", retry_min_s=0.01, retry_max_s=0.02)
    uplink = Uplink(
        box,
        poster,
        settings=settings,
        metrics=Metrics(),
        on_acks=acks.extend,
        clock=lambda: NOW,
    )
    thread = threading.Thread(target=uplink.run)
    thread.start()
    try:
        until(lambda: bool(acks) and acks[-1].seq == 400, what="all is up")
    finally:
        uplink.stop()
        thread.join()
        box.close()
    assert poster.sizes[:4] == [400, 250, 125, 62]
    assert max(size for size in poster.sizes if size <= 40) > 8


def test_after_a_backlog_memory_is_given_back_once(bench, office, until):
    bench.put(*map(status, range(1, BACKLOG_ROWS + 1)))
    running = threading.Thread(target=bench.uplink.run)
    running.start()
    until(lambda: bench.uplink.rests, what="the rest after the backlog", bound_s=60)
    bench.put(status(BACKLOG_ROWS + 1))
    bench.uplink.wake()
    until(lambda: Ack("bc-01", "b", BACKLOG_ROWS + 1) in bench.acks, what="one more")
    bench.uplink.stop()
    running.join(10)
    assert bench.uplink.rests == 1, "one message is no backlog"
