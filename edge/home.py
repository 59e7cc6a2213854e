"""What belongs to a home folder: its outbox, its rules of doubt, and one agent at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge import config
from edge.district import Bounds as Area
from edge.errors import AlreadyRunning
from edge.outbox import Outbox
from edge.quality import Limits
from edge.shedding import Bounds


def open_outbox(settings: config.Settings) -> Outbox:
    """The home folder's outbox with its bounds. Raises StorageFailed."""
    edge = settings.edge
    bounds = Bounds(
        rows=edge.outbox_rows,
        stored_bytes=edge.outbox_bytes,
        dead_rows=edge.dead_rows,
        age_s=edge.outbox_days * 86_400,
    )
    return Outbox(
        settings.outbox_path, bounds=bounds, gap_s=edge.gap_s, shared=bool(settings.mqtt.share)
    )


def limits_of(edge: config.EdgeSettings) -> Limits:
    """What the settings call doubtful."""
    return Limits(
        bounds=Area(*edge.bounds) if edge.bounds else None,
        stale_s=edge.stale_s,
        future_s=edge.future_s,
        accuracy_m=edge.accuracy_m,
        jump_mps=edge.jump_mps,
        frozen_s=edge.frozen_s,
        assumed_accuracy_m=tuple(
            (name, metres)
            for name, metres in (("jt808", edge.jt808_accuracy_m), ("nmea", edge.nmea_accuracy_m))
            if metres
        ),
    )


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Two agents would share a client id and throw each other out at the broker for ever."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "edge.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise AlreadyRunning(home) from error
        yield
