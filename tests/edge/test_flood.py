"""The load generator's lanes, on a real broker."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from conftest import Broker

from edge.flood import flood


def test_at_a_rate_every_lane_has_its_turn(broker: Broker) -> None:
    """A lane that waits for the others to end would be cut off for its silence."""
    sent: list[int] = []

    def lane(number: int) -> Iterator[tuple[str, bytes]]:
        for _ in range(40):
            sent.append(number)
            yield f"xn/v1/dev/load-{number}/position", b"{}"

    done = flood("127.0.0.1", broker.port, [lane(n) for n in range(4)], rate=400)
    assert done.acknowledged == 160
    for start in range(0, 160, 40):
        assert set(sent[start : start + 40]) == {0, 1, 2, 3}
