"""How many messages go up at once: fewer while the server is too slow to answer in time.

A batch of a fixed size livelocks before a server that needs longer for it than the agent waits: the
same batch is tried for ever, and nothing is confirmed though all of it may be stored.
"""

from __future__ import annotations

_LEAST = 8
_TOO_SLOW = frozenset({"ReadTimeout", "WriteTimeout"})


class BatchSize:
    """``rows`` to send next: halved when no answer came in time, doubled by one that came."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.rows = most

    def answered(self) -> None:
        self.rows = min(self._most, 2 * self.rows)

    def failed(self, why: str) -> None:
        """``why`` names the fault; only a server that took too long makes batches smaller."""
        if why in _TOO_SLOW:
            self.rows = min(self._most, max(_LEAST, self.rows // 2))
