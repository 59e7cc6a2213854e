"""``xiaonao-edge``: the agent and what an operator needs around it."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import structlog

from edge import config
from edge.errors import EdgeError

_HOME = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="XIAONAO_HOME",
    default=Path("var"),
    show_default="./var",
    help="Home folder: settings, outbox.",
)


class _Sentences(click.Group):
    """Errors we raise on purpose become one sentence on stderr and their exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EdgeError as error:
            click.echo(f"xiaonao-edge: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(
    cls=_Sentences,
    epilog="Example: XIAONAO_MQTT__URL=mqtt://127.0.0.1:1883 xiaonao-edge run --home var",
)
@click.version_option(package_name="xiaonao")
def main() -> None:
    """Takes what devices send, keeps it safe, hands it on to the server."""


@main.command(epilog="Example: xiaonao-edge run --home /var/lib/xiaonao")
@_HOME
def run(home: Path) -> None:
    """Run the agent; prints `ready` when subscribed. SIGTERM ends it in order."""
    from edge.agent import Agent

    _log_to_stderr()
    agent = Agent(_settings(home), clock=_now)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.stop())
    agent.run(on_ready=lambda: click.echo("ready"))


@main.command(epilog="Example: xiaonao-edge doctor --home var")
@_HOME
def doctor(home: Path) -> None:
    """Check configuration, outbox, broker, server and clock; exit 1 on any fault."""
    from edge.doctor import examine

    _log_to_stderr()
    faults = 0
    for finding in examine(_settings(home)):
        click.echo(f"{'ok  ' if finding.ok else 'FAULT'} {finding.what}: {finding.detail}")
        faults += not finding.ok
    sys.exit(1 if faults else 0)


@main.command(epilog="Example: xiaonao-edge outbox --dead > letters.jsonl")
@_HOME
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--dead", is_flag=True, help="Dead letters as JSON Lines, for `replay`.")
@click.option("--limit", default=20, show_default=True, help="Newest dead letters shown.")
def outbox(*, home: Path, as_json: bool, dead: bool, limit: int) -> None:
    """What waits for the server, and what could not be taken and why."""
    from edge.home import open_outbox
    from edge.replay import to_line

    with open_outbox(_settings(home)) as box:
        counts, letters = box.counts(), box.dead_letters(limit=limit)
    if dead:
        for _, letter in letters:
            click.echo(to_line(letter))
    elif as_json:
        found = [json.loads(to_line(letter)) | {"id": number} for number, letter in letters]
        click.echo(json.dumps(asdict(counts) | {"dead_letters": found}, ensure_ascii=False))
    else:
        _print_outbox(asdict(counts), [(n, d.stage, d.reason) for n, d in letters])


@main.command(epilog="Example: xiaonao-edge outbox --dead | xiaonao-edge replay -")
@_HOME
@click.argument("file", type=click.File("r", encoding="utf-8"))
def replay(home: Path, file: Any) -> None:
    """Put raw messages or dead letters (JSON Lines) back through the path.

    A line is {"topic", "payload"} or what `outbox --dead` prints. Safe while the agent runs.
    """
    from edge.home import limits_of, open_outbox
    from edge.replay import replay as put_back

    settings = _settings(home)
    with open_outbox(settings) as box:
        done = put_back(
            file,
            box,
            now=_now(),
            limits=limits_of(settings.edge),
            max_payload_bytes=settings.edge.max_payload_bytes,
        )
    for number, why in done.faults:
        click.echo(f"line {number}: {why}", err=True)
    click.echo(f"{done.stored} stored, {done.repeated} there already, {len(done.faults)} not taken")
    sys.exit(1 if done.faults else 0)


@main.command(epilog="Example: grep ^7e device.log | xiaonao-edge decode")
@click.argument("file", type=click.File("r", encoding="utf-8"), default="-")
@click.option(
    "--crs",
    type=click.Choice(["WGS-84", "GCJ-02", "BD-09"]),
    default="WGS-84",
    show_default=True,
    help="Datum of JT/T 808 and NMEA positions.",
)
def decode(file: Any, crs: str) -> None:
    """Show what raw frames say: lines in, JSON Lines out; nothing is stored.

    A line is a JT/T 808 frame in hexadecimal, an NMEA sentence, or {"topic", "payload"}. A broken
    one comes back with "ok": false and "error"; exit 1 then. Sub-packets are put together.
    """
    from edge.looking import Looker

    looker, broken = Looker(_now(), crs), 0
    for found in looker.lines(file):
        click.echo(json.dumps(found, ensure_ascii=False))
        broken += not found["ok"]
    for words in looker.waiting():
        click.echo(f"incomplete: {words}", err=True)
    sys.exit(1 if broken else 0)


@main.command(
    epilog="Example: xiaonao-edge simulate --mqtt mqtt://127.0.0.1:1883 --units 8 --rate 0.5"
)
@click.option("--mqtt", "url", required=True, help="Broker, mqtt://HOST:PORT.")
@click.option(
    "--mqtt-version", type=click.Choice(["5", "3.1.1"]), default="3.1.1", show_default=True
)
@click.option("--units", type=click.IntRange(1, 1000), default=8, show_default=True)
@click.option(
    "--rate",
    type=click.FloatRange(0.001, 1000),
    default=0.5,
    show_default=True,
    help="Messages a second and unit.",
)
@click.option("--seed", default=1, show_default=True, help="Same seed, same day.")
@click.option("--duration", type=float, help="Seconds; without it until stopped.")
@click.option("--username", default="", help="One login for all devices.")
@click.option("--password", default="", help="Its password.")
@click.option(
    "--credentials",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="JSON Lines of device_id, unit, kind, username, password, home; replaces --units.",
)
@click.option(
    "--steer", type=click.File("r"), help="JSON Lines of device_id, lat, lon; - is stdin."
)
@click.option("--boot", help="Id of the devices' run; by default a new one each start.")
@click.option("--speed-kmh", default=22.0, show_default=True, help="Speed of a unit sent out.")
@click.option("--speedup", default=1.0, show_default=True, help="Moves so many times faster.")
@click.option("--linger", default=10.0, show_default=True, help="Longest wait for confirmations.")
@click.option(
    "--load",
    type=click.IntRange(1, 100_000),
    metavar="DEVICES",
    help="Instead of units: plain positions of so many devices, each sent once.",
)
@click.option(
    "--load-rate",
    type=click.FloatRange(1, 1_000_000),
    default=20_000,
    show_default=True,
    help="With --load: messages a second, of all devices together.",
)
def simulate(load: int | None, load_rate: float, **options: Any) -> None:
    """Publish realistic bodycam and radio telemetry of made-up units; a JSON summary at the end.

    Messages are sent again until the server's confirmation comes. `--steer` sends a unit to a
    place along the streets; "lat": null sends it home. `--load` is for finding limits: it
    publishes `--load-rate` messages a second in all for `--duration` (10 s) and counts what the
    broker acknowledged and the server confirmed within `--linger`.
    """
    from edge.simulate import Options, build, carry_load

    _log_to_stderr()
    if load is not None:
        carried = carry_load(Options(**options), devices=load, rate=load_rate, now=_now)
        click.echo(json.dumps(asdict(carried)))
        return
    simulator = build(Options(**options), now=_now)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: simulator.stop())
    click.echo(json.dumps(asdict(simulator.run())))


@main.command(
    epilog="Example: xiaonao-edge watch --source rtsp://10.0.0.8/live --device cam-01 "
    "--username cam-01 --password PASSWORD --home var"
)
@_HOME
@click.option("--source", required=True, help="RTSP or HTTP address, file, or camera number.")
@click.option("--device", "device_id", required=True, help="The camera's id, its MQTT user name.")
@click.option("--mqtt", "url", default="", help="Broker; by default mqtt.url of the settings.")
@click.option("--username", default="", help="MQTT user name.")
@click.option("--password", default="", envvar="XIAONAO_CAMERA_PASSWORD", help="Its password.")
@click.option("--fps", type=click.FloatRange(0.1, 30), default=5.0, show_default=True)
@click.option("--duration", type=float, help="Seconds; without it until stopped.")
@click.option("--boot", help="Id of this run; by default a new one each start.")
@click.option("--linger", default=10.0, show_default=True, help="Longest wait at the end.")
def watch(*, home: Path, url: str, username: str, password: str, **more: Any) -> None:
    """Watch a camera: its health and its scenes as notes by MQTT, masked pictures by HTTP.

    Faces are masked before anything leaves this machine. The address and token of the server are
    those of the home folder's settings. A JSON summary at the end.
    """
    from edge.watch import Options, Watcher, default_boot, mqtt_of

    _log_to_stderr()
    home.mkdir(parents=True, exist_ok=True)
    settings = _settings(home)
    more["boot"] = more["boot"] or default_boot(_now())
    mqtt = mqtt_of(settings, url=url, username=username, password=password)
    watcher = Watcher(Options(mqtt=mqtt, **more), settings, clock=_now)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: watcher.stop())
    click.echo(json.dumps(watcher.run()))


@main.command(epilog="Example: xiaonao-edge serial /dev/ttyUSB0 --to 127.0.0.1:7612 --device rd-07")
@click.argument("port", type=click.Path(path_type=Path))
@click.option("--to", "address", required=True, help="HOST:PORT of an agent's edge.nmea.")
@click.option("--device", "device_id", required=True, help="Whose the sentences are.")
@click.option("--baud", type=click.Choice(["4800", "9600", "38400", "115200"]), default="9600")
def serial(*, port: Path, address: str, device_id: str, baud: str) -> None:
    """Pass NMEA sentences of a serial port on to an agent's TCP listener; SIGTERM ends it."""
    from edge.serial_line import SerialLine, options_of

    _log_to_stderr()
    line = SerialLine(options_of(port, address, device_id=device_id, baud=int(baud)))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: line.stop())
    click.echo(json.dumps(asdict(line.run())))


def _print_outbox(counts: dict[str, Any], letters: list[tuple[int, str, str]]) -> None:
    oldest = counts["oldest_at"]
    since = "none" if oldest is None else datetime.fromtimestamp(oldest, UTC).isoformat()
    click.echo(f"waiting {counts['waiting']} ({counts['waiting_bytes']} bytes), oldest {since}")
    click.echo(f"urgent {counts['urgent']}")
    click.echo(f"dead letters {counts['dead']}, dropped beyond the bound {counts['dead_dropped']}")
    click.echo(f"shed for want of room or age {counts['shed']}")
    for number, stage, reason in letters:
        click.echo(f"  {number} from {stage}: {reason}")


def _settings(home: Path) -> config.Settings:
    return config.load(home, os.environ)


def _now() -> datetime:
    return datetime.now(UTC)


def _log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
