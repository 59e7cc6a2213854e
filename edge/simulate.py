"""Composition root of ``xiaonao-edge simulate``."""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import SecretStr, ValidationError

from edge import load, roster
from edge.device_link import Clock
from edge.errors import ConfigError, Unreadable
from edge.made_up import Ground
from edge.mqtt_config import MqttSettings
from edge.shipped import shipped_district
from edge.simulator import Plan, Simulator

log = structlog.get_logger("edge.simulate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The command's flags."""

    url: str
    mqtt_version: str
    units: int
    rate: float
    seed: int
    duration: float | None
    username: str
    password: str
    credentials: Path | None
    steer: Iterable[str] | None
    boot: str | None
    speed_kmh: float
    speedup: float
    linger: float


def build(options: Options, *, now: Clock) -> Simulator:
    """Raises ConfigError."""
    district = shipped_district()
    plan = Plan(
        rate=options.rate,
        speed_kmh=options.speed_kmh,
        speedup=options.speedup,
        duration_s=options.duration,
        linger_s=options.linger,
    )
    entries = (
        roster.from_file(options.credentials)
        if options.credentials
        else roster.made_up(district, options.units)
    )
    simulator = Simulator(
        links=roster.links(
            entries,
            mqtt=_mqtt(options),
            plan=plan,
            boot=options.boot or roster.default_boot(now()),
            seed=options.seed,
            clock=now,
        ),
        ground=Ground.of(district),
        plan=plan,
        clock=now,
        chance=random.Random(options.seed),  # noqa: S311  no secret
    )
    if options.steer is not None:
        threading.Thread(target=_follow, args=(options.steer, simulator), daemon=True).start()
    return simulator


def carry_load(options: Options, *, devices: int, rate: float, now: Clock) -> load.Carried:
    """Plain positions at a rate. Raises ConfigError, BrokerUnreachable."""
    mqtt = _mqtt(options)
    if mqtt.tls:
        raise ConfigError("--load speaks plain mqtt:// only; measure beside the broker.")
    asked = load.Load(
        devices=devices,
        rate=rate,
        seconds=10.0 if options.duration is None else options.duration,
        boot=options.boot or roster.default_boot(now()),
        linger_s=options.linger,
    )
    login = (options.username, options.password) if options.username else None
    return load.run(asked, host=mqtt.host, port=mqtt.port, login=login, clock=now)


def _mqtt(options: Options) -> MqttSettings:
    try:
        return MqttSettings(
            url=options.url,
            username=options.username,
            password=SecretStr(options.password),
            version="5" if options.mqtt_version == "5" else "3.1.1",
        )
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        raise ConfigError(f"--mqtt: {fault['msg']}; correct it.") from error


def _follow(lines: Iterable[str], simulator: Simulator) -> None:
    """Reads steering lines until their end; a bad line is named and passed over."""
    for line in lines:
        if not line.strip():
            continue
        try:
            simulator.commands.put_nowait(roster.read_steer(line))
        except Unreadable as error:
            log.warning("steering line not understood", why=str(error))
        except queue.Full:
            log.warning("too many steering lines at once; this one is lost")
