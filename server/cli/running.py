"""What the running commands do; the heavy imports live here, away from ``--help``."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import structlog
from flask import Flask

from server import learner, shadow, sweep, worker
from server.cli.common import office_of
from server.demo import people
from server.office import Office
from server.services import lessons, rejudge
from server.supervise import exposure, sealed
from server.supervise.address import Address, parse
from server.supervise.lock import working
from server.web.flask_app import create_web, operations
from server.web.openapi import document
from server.web.server import WebServer, run
from server.web.sign_in import DemoAccount

log = structlog.get_logger()
Clockwork = Callable[[Office, threading.Event], None]
JOIN_S = 2.0
KEEP_UP_S = 0.25


def run_server(home: Path, http: str | None, *, with_clocks: bool) -> None:
    """Serve until told to stop; with the sweep and the worker beside it when asked."""
    office = office_of(home)
    usual = Address(office.settings.http.host, office.settings.http.port)
    address = parse(http) if http else usual
    exposure.check(home, address)
    log.info("model", name=office.judge.name, fault=office.judge.fault)  # opened before any caller
    clocks: tuple[Clockwork, ...] = (
        (sweep.run, worker.run, learner.run, shadow.run) if with_clocks else ()
    )
    with working(home), _beside(office, (keep_up, *clocks)):
        run(
            office,
            host=address.host,
            port=address.port,
            app=_application(office),
            on_ready=_tell,
        )


def run_sweep(home: Path, *, once: bool) -> None:
    office = office_of(home)
    with working(home):
        if once:
            sweep.sweep_once(office)
        else:
            sweep.run(office, _until_told())


def run_worker(home: Path, *, once: bool) -> None:
    office = office_of(home)
    with working(home):
        if once:
            lessons.export_corrections(office, home / lessons.CORRECTIONS_FILE)
            rejudge.rejudge_waiting(office)
            worker.forget_old(office)
        else:
            stop = _until_told()
            with _beside(office, (learner.run, shadow.run), stop):
                worker.run(office, stop)


def keep_up(office: Office, stop: threading.Event) -> None:
    """Load a promoted model as soon as it is named, so that hardly a caller waits for it."""
    name = office.judge.name
    while not stop.wait(KEEP_UP_S):
        if office.judge.name != name:
            name = office.judge.name
            log.info("model", name=name, fault=office.judge.fault)


def export_corrections(office: Office, path: Path) -> int:
    """All current corrections into ``path``; how many."""
    return lessons.export_corrections(office, path)


def api_description() -> dict[str, object]:
    return document(operations())


def _application(office: Office) -> Flask:
    """The sign-in page of a demo names its accounts; any other home shows none."""
    shown = people.ACCOUNTS if sealed.is_demo(office.home) else ()
    accounts = [DemoAccount(a.name, people.PASSWORD, a.words) for a in shown]
    return create_web(office, demo_accounts=accounts)


def _tell(server: WebServer) -> None:
    """Where it listens; under a supervisor this line goes to its stderr."""
    click.echo(f"listening {server.url}")


@contextmanager
def _beside(
    office: Office, jobs: tuple[Clockwork, ...], stop: threading.Event | None = None
) -> Iterator[None]:
    stop = stop or threading.Event()
    threads = [
        threading.Thread(target=job, args=(office, stop), name=job.__module__, daemon=True)
        for job in jobs
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(JOIN_S)


def _until_told() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
