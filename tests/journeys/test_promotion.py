"""A model goes live in every server process, and back, while requests run: none of them fails."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from triage.registry import Registry
from triage.shipped import models_dir

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "learning"))

from promotion import NAME, two_servers, until_all


def test_two_servers_follow_a_promotion_and_a_roll_back_without_a_failed_request(
    tmp_path: Path,
) -> None:
    shipped = Registry(models_dir()).current().name
    with two_servers(tmp_path, clients_each=1) as (home, clients):
        until_all(clients, shipped, 0.0)
        registry = Registry(models_dir(), home / "models")
        promoted = time.monotonic()
        registry.promote(NAME, "test", "test")
        until_all(clients, NAME, promoted)
        back = time.monotonic()
        registry.rollback("test", "test")
        until_all(clients, shipped, back)
    for client in clients:
        assert client.failed == 0
        assert {model for _, _, model in client.seen} == {shipped, NAME}
