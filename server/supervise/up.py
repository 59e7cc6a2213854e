"""Everything on one machine: the list of parts, from the home folder's settings."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from server.config import Settings
from server.domain.credentials import NO_ACCOUNT, broker_hash
from server.store import units
from server.store.engine import open_engine, reading
from server.supervise import broker, exposure, sealed
from server.supervise.address import Address, Ports, parse
from server.supervise.errors import PartFailed
from server.supervise.lock import note_running, supervising
from server.supervise.part import Part, leashed, python
from server.supervise.prepare import make_home, private_umask
from server.supervise.probe import http_answers
from server.supervise.sealed import BROKER_PASSWORD, EDGE_TOKEN
from server.supervise.supervisor import TICK_S, Supervisor
from server.vault import open_vault

XIAONAO = "server.cli.main:main"
EDGE = "edge.cli:main"
TRAFFIC = "server.demo.traffic:main"
SEED = "server.demo.seed:main"
TRAFFIC_STOP_S = 1.0
EDGE_STOP_S = 3.4
"""The agent flushes within 3 s of being asked."""
SERVER_STOP_S = 4.2
"""With the broker's 1 s all stops together stay below 10 s, however they go."""
ACCOUNTS_EVERY_S = 1.0
EDGE_STATUS = Address("127.0.0.1", 9108)
"""Where the agent of this machine tells its state and its counters; another port if taken."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the caller asked for; None takes the settings, or any free port if those are taken."""

    http: Address | None = None
    mqtt: Address | None = None
    demo: bool = False
    embedded: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The parts in the order they are stopped, and where they are reached."""

    parts: tuple[Part, ...]
    http: Address
    mqtt: Address
    broker_accounts: broker.Account | None
    """The agent's account when the broker is ours and keeps accounts."""
    edge_status: Address
    """Where the agent's /healthz and /metrics are."""


def run(home: Path, settings: Settings, wanted: Wanted) -> None:
    """Until SIGTERM or SIGINT. Raises SuperviseError."""
    private_umask()
    make_home(home)
    with supervising(home), _stop_signals() as stop, Ports() as ports:
        http = _http(settings, wanted, ports)
        exposure.check(home, http, demo=wanted.demo)
        if not _prepared(home, stop, demo=wanted.demo):
            return
        plan = _plan(home, settings, wanted, http, ports)
        supervisor = Supervisor(plan.parts, say=_say)
        keep_accounts = _account_keeper(home, settings, plan, supervisor)
        keep_accounts()
        supervisor.run(stop, on_ready=lambda: _ready(home, plan), on_tick=keep_accounts)


def _ready(home: Path, plan: Plan) -> None:
    accounts = "yes" if plan.broker_accounts else "no"
    note_running(
        home,
        {
            "http": str(plan.http),
            "mqtt": str(plan.mqtt),
            "accounts": accounts,
            "edge": str(plan.edge_status),
        },
    )
    sys.stdout.write(f"ready http://{plan.http} mqtt://{plan.mqtt}\n")
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stderr.write(f"xiaonao: {text}\n")
    sys.stderr.flush()


def _http(settings: Settings, wanted: Wanted, ports: Ports) -> Address:
    usual = Address(settings.http.host, settings.http.port)
    chosen = wanted.http is not None or "port" in settings.http.model_fields_set
    found = ports.settle(wanted.http or usual, option="--http", any_port=not chosen)
    if wanted.http is None and found.port != usual.port != 0:
        _say(f"port {usual.port} is taken, so the pages are on {found}")
    return found


def _mqtt(wanted: Wanted, ports: Ports) -> Address:
    usual = Address("127.0.0.1", 1883)
    found = ports.settle(wanted.mqtt or usual, option="--mqtt", any_port=wanted.mqtt is None)
    if wanted.mqtt is None and found.port != usual.port:
        _say(f"port {usual.port} is taken, so the broker is on {found}")
    return found


def _prepared(home: Path, stop: Event, *, demo: bool) -> bool:
    """In processes of their own: what they load is not needed afterwards. Raises PartFailed."""
    steps = [("home folder", python(XIAONAO, "init", "--home", str(home), "--quiet"))]
    if demo:
        steps.append(("demo", python(SEED, str(home))))
    for name, command in steps:
        code = _finish(command, stop)
        if code:
            raise PartFailed(name, f"preparing it ended with code {code}")
    return not stop.is_set()


def _finish(command: tuple[str, ...], stop: Event) -> int:
    """Run to the end; when we are told to stop meanwhile, so is it."""
    with subprocess.Popen(leashed(command), stdout=sys.stderr.fileno()) as process:  # noqa: S603
        while process.poll() is None:
            if stop.wait(TICK_S):
                process.terminate()
                process.wait()
                return 0
        return process.returncode


def _plan(home: Path, settings: Settings, wanted: Wanted, http: Address, ports: Ports) -> Plan:
    kept = sealed.read(home, open_vault(home), sealed.PARTS_FILE)
    password = kept[BROKER_PASSWORD]
    env = {
        "XIAONAO_EDGE__SERVER_URL": f"http://{http.to_reach}",
        "XIAONAO_EDGE__TOKEN": kept[EDGE_TOKEN],
    }
    status = ports.settle(EDGE_STATUS, option="edge.http", any_port=True)
    if settings.edge.http:
        status = parse(settings.edge.http)
    env["XIAONAO_EDGE__HTTP"] = str(status)
    account = None
    if settings.mqtt.url:
        own: list[Part] = []
        mqtt = parse(f"{settings.mqtt.host}:{settings.mqtt.port}")
    else:
        mqtt = _mqtt(wanted, ports)
        binary = None if wanted.embedded else broker.find_mosquitto()
        if binary is None:
            _say("no mosquitto here: the embedded broker serves this machine only, no passwords")
            own = [broker.embedded(mqtt)]
            env["XIAONAO_MQTT__VERSION"] = "3.1.1"
        else:
            account = broker.Account(broker.EDGE_ACCOUNT, broker_hash(password))
            own = [broker.mosquitto(home, mqtt, binary=binary, edge_password=password)]
            env["XIAONAO_MQTT__USERNAME"] = broker.EDGE_ACCOUNT
            env["XIAONAO_MQTT__PASSWORD"] = password
        env["XIAONAO_MQTT__URL"] = f"mqtt://{mqtt.to_reach}"
    parts = (
        *([_traffic(home, http, mqtt)] if wanted.demo else []),
        _edge(home, env, own),
        *own,
        _server(home, http),
    )
    return Plan(parts, http, mqtt, account, status)


def _server(home: Path, http: Address) -> Part:
    return Part(
        name="server",
        command=python(XIAONAO, "serve", "--home", str(home), "--http", str(http), "--all"),
        stop_s=SERVER_STOP_S,
        answers=lambda: http_answers(http),
    )


def _edge(home: Path, env: dict[str, str], own: list[Part]) -> Part:
    return Part(
        name="edge agent",
        command=python(EDGE, "run", "--home", str(home)),
        stop_s=EDGE_STOP_S,
        env=env,
        after=tuple(part.name for part in own),
    )


def _traffic(home: Path, http: Address, mqtt: Address) -> Part:
    return Part(
        name="demo traffic",
        command=python(TRAFFIC, str(home), f"http://{http.to_reach}", f"mqtt://{mqtt.to_reach}"),
        stop_s=TRAFFIC_STOP_S,
        after=("server", "edge agent"),
        answers=lambda: True,
        needed=False,
    )


def _account_keeper(
    home: Path, settings: Settings, plan: Plan, supervisor: Supervisor
) -> Callable[[], None]:
    """Keeps the broker's accounts in step with the store; the broker rereads them on SIGHUP."""
    agent = plan.broker_accounts
    if agent is None:
        return lambda: None
    engine = open_engine(settings.database_url(home))
    folder = broker.accounts_folder(home)
    next_look = 0.0

    def keep() -> None:
        nonlocal next_look
        if time.monotonic() < next_look:
            return
        next_look = time.monotonic() + ACCOUNTS_EVERY_S
        try:
            changed = broker.write_accounts(folder, [agent, *_devices(engine)])
        except SQLAlchemyError as error:
            _say(f"device accounts cannot be read ({type(error).__name__}); trying again")
            return
        if changed:
            supervisor.signal("broker", signal.SIGHUP)

    return keep


def _devices(engine: Engine) -> list[broker.Account]:
    with reading(engine) as conn:
        rows = units.every_device(conn)
    return [
        broker.Account(row.id, row.secret_hash)
        for row in rows
        if row.revoked_at is None
        and row.id != broker.EDGE_ACCOUNT
        and row.secret_hash != NO_ACCOUNT
    ]


@contextmanager
def _stop_signals() -> Iterator[Event]:
    stop = Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
