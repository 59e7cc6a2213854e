"""The real server as its own process and in a thread: where it listens, how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest
from flask import Flask

from server.office import Office
from server.web.access import Access, needs

PROGRAM = """
import sys
from pathlib import Path
from server.app import open_office
from server.config import Settings
from server.web.server import run

settings = Settings.model_validate({"http": {"port": 0, "threads": 2, "streams": 2}})
run(open_office(Path(sys.argv[1]), settings), on_ready=lambda s: print(s.url, flush=True))
"""

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_where_it_listens_and_ends_on_a_signal(
    tmp_path: Path, database_url: str, number: signal.Signals
) -> None:
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "home")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        assert httpx.get(f"{url}/healthz", trust_env=False).json() == {"status": "ok"}
        assert not url.endswith(":0")
        child.send_signal(number)
        assert child.wait(15) == 0


def test_a_request_in_flight_is_finished_before_the_end(app: Flask, serve) -> None:
    entered, go = threading.Event(), threading.Event()

    def slow() -> str:
        entered.set()
        assert go.wait(5)
        return "finished"

    app.add_url_rule("/slow", view_func=needs(Access.PUBLIC)(slow))
    server = serve()
    answers: list[httpx.Response] = []
    caller = threading.Thread(
        target=lambda: answers.append(httpx.get(f"{server.url}/slow", trust_env=False))
    )
    caller.start()
    assert entered.wait(5)
    server.stop()
    server.stop()  # twice is once
    go.set()
    caller.join(5)
    assert [answer.text for answer in answers] == ["finished"]


def test_after_the_end_nobody_listens(serve) -> None:
    server = serve()
    server.stop()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex((server.host, server.port)) != 0:
                return
        time.sleep(0.02)
    pytest.fail("still listening")


def test_a_body_too_large_is_a_problem_document_over_the_wire(serve, office: Office) -> None:
    server = serve()
    body = b" " * (office.settings.http.max_body_bytes + 1)
    answer = httpx.post(
        f"{server.url}/api/v1/telemetry",
        content=body,
        headers={"Content-Type": "application/json"},
        trust_env=False,
    )
    assert answer.status_code in {401, 413}  # a stranger is not even read
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Server"] == "xiaonao"
