"""The agent's TCP listeners, put together from its settings."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from edge import jt808_listener, nmea_listener
from edge.config import EdgeSettings, Settings
from edge.errors import ConfigError
from edge.intake import Intake
from edge.jt808_listener import Jt808Session, Links
from edge.metrics import Metrics
from edge.nmea_listener import NmeaSession
from edge.tcp_listener import Door, Limits, TcpListener

KEY_FILE = "jt808.key"
_KEY_BYTES = 32


def wanted(edge: EdgeSettings) -> bool:
    return bool(edge.jt808 or edge.nmea)


def open_listeners(
    settings: Settings, intake: Intake, metrics: Metrics, *, clock: Callable[[], datetime]
) -> TcpListener:
    """Listening from here on, heard once entered. Raises ConfigError."""
    edge = settings.edge

    def refused(why: str) -> None:
        metrics.refused.labels(why).inc()

    doors = []
    if edge.jt808:
        doors.append(_jt808(settings, refused))
    if edge.nmea:
        rules = nmea_listener.Rules(
            crs=edge.nmea_crs, prefix=edge.nmea_prefix, max_line_bytes=edge.listener_frame_bytes
        )
        doors.append(Door("nmea", edge.nmea, lambda peer: NmeaSession(rules, peer, refused)))
    limits = Limits(connections=edge.listener_connections, idle_s=edge.listener_idle_s)
    return TcpListener(doors, intake, limits=limits, metrics=metrics, clock=clock)


def _jt808(settings: Settings, refused: Callable[[str], None]) -> Door:
    edge = settings.edge
    rules = jt808_listener.Rules(
        key=_key(settings.home / KEY_FILE),
        crs=edge.jt808_crs,
        numbers=frozenset(edge.jt808_devices),
        issued_codes=edge.jt808_codes == "issued",
        max_frame_bytes=edge.listener_frame_bytes,
        max_parts_bytes=edge.max_payload_bytes,
    )
    links = Links()
    return Door("jt808", edge.jt808, lambda _: Jt808Session(rules, links, refused))


def _key(path: Path) -> bytes:
    """Made once: a code given to a device must hold after a restart. Raises ConfigError."""
    try:
        if not path.exists():
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
                new.write(secrets.token_bytes(_KEY_BYTES))
        key = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be made or read ({error.strerror}).") from error
    if len(key) < _KEY_BYTES:
        raise ConfigError(f"{path} is cut short; remove it, and devices register again.")
    return key
