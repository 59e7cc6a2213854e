"""What the agent holds in memory is bounded in bytes, however much waits."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edge.in_hand import MOST_BYTES, InHand, Taken
from edge.mqtt import BrokerLink
from edge.mqtt_config import MqttSettings
from edge.outbox import Outbox
from edge.reception import Arrival
from edge.telemetry import Envelope, Origin, Status

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
MEGABYTE = 1_000_000

RESIDENT = """
import re
from pathlib import Path

def resident_mib():
    found = re.search(r"RssAnon:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024
"""
A_BACKLOG = (
    RESIDENT
    + """
import sys
from datetime import UTC, datetime
from edge.memory import give_back
from edge.outbox import Outbox
from edge.telemetry import Envelope, Origin, Status

now = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)

def message(seq):
    origin = Origin(device_id=f"bc-{seq % 50}", boot="b", seq=seq, sent_at=now)
    return Envelope(message=Status(origin=origin, firmware="x" * 400), received_at=now)

with Outbox(Path(sys.argv[1])) as box:
    box.put([message(seq) for seq in range(500)], (), now=now)
    before = most = resident_mib()
    for begin in range(500, 40_000, 500):
        box.put([message(seq) for seq in range(begin, begin + 500)], (), now=now)
        most = max(most, resident_mib())
    while rows := box.peek(rows=500, max_bytes=1_048_576):
        box.done(rows, now=now)
        most = max(most, resident_mib())
    del rows
    box.shrink()
    give_back()
    print(most - before, resident_mib() - before)
"""
)
A_HEAP = (
    RESIDENT
    + """
from edge.memory import give_back

held = [bytes(600 + n % 50) for n in range(100_000)]
kept = held[::1000]
del held
before = resident_mib()
done = give_back()
print(before - resident_mib() if done else 1000)
"""
)


def said(code: str, *words: str) -> list[float]:
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
    )
    return [float(word) for word in done.stdout.split()]


def large(seq: int) -> Envelope:
    origin = Origin(device_id="bc-01", boot="b", seq=seq, sent_at=NOW)
    return Envelope(message=Status(origin=origin, firmware="x" * MEGABYTE), received_at=NOW)


def test_a_batch_reads_no_more_than_it_takes(tmp_path: Path) -> None:
    with Outbox(tmp_path / "outbox.db") as box:
        for seq in range(1, 41):
            box.put([large(seq)], (), now=NOW)
        tracemalloc.start()
        batch = box.peek(rows=500, max_bytes=2 * MEGABYTE)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert len(batch) == 1
    assert most < 6 * MEGABYTE


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_backlog_costs_little_memory_and_gives_it_back(tmp_path: Path) -> None:
    """Twenty-odd megabytes go through; pages of the database in memory are bounded."""
    most, left = said(A_BACKLOG, str(tmp_path / "outbox.db"))
    assert most < 10
    assert left < 4


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_free_pages_in_the_middle_of_a_heap_go_back() -> None:
    assert said(A_HEAP)[0] > 20


def test_in_hand_is_bounded_by_bytes_but_takes_one() -> None:
    hand = InHand(500, most_bytes=10)

    def taken(payload: bytes) -> Taken:
        return Taken(Arrival("t", payload, NOW), 1, 1, 1)

    hand.add(taken(b"12345"))
    assert not hand.full
    hand.add(taken(b"12345"))
    assert hand.full
    assert [one.arrival.payload for one in hand.empty()] == [b"12345"] * 2
    assert not hand.full
    hand.add(taken(b"x" * 11))
    assert hand.full
    by_rows = InHand(1)
    by_rows.add(taken(b""))
    assert by_rows.full


def test_a_flood_of_large_messages_is_settled_in_bounded_groups(
    broker: Any, device: Callable[[str], Any], until: Callable[..., Any]
) -> None:
    groups: list[list[int]] = []
    settings = MqttSettings(url=broker.url, client_id="bounded")

    def settle(arrivals: Any) -> None:
        groups.append([len(one.payload) for one in arrivals])

    link = BrokerLink(settings, settle=settle, clock=lambda: NOW, commit_rows=500)
    link.connect()
    link.drop()  # the session stays at the broker, and keeps what comes
    sender = device("bc-01")
    for _ in range(40):
        sender.raw("xn/v1/bc-01/status", b"x" * 200_000)
    link.connect()

    def all_there() -> bool:
        link.turn()
        return sum(map(len, groups)) == 40

    until(all_there, what="all 40 messages")
    link.close()
    assert max(map(sum, groups)) <= MOST_BYTES + 200_000
