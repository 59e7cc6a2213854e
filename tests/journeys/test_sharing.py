"""Two agents that share a broker's load, and the real server that alone knows how far runs are."""

from __future__ import annotations

import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

sys.path.insert(0, str(Path(__file__).parents[1] / "edge"))

from conftest import AgentProcess, Broker, Device, until

from server.domain.roles import Role
from server.office import Office
from server.services import accounts
from server.store.engine import reading
from server.store.tables import telemetry
from server.web.flask_app import create_web
from server.web.server import WebServer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
COUNT = 400


@pytest.fixture
def url(office: Office) -> Iterator[str]:
    server = WebServer(create_web(office), office, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.serve)
    thread.start()
    yield server.url
    server.stop()
    thread.join(10)


def stored(office: Office) -> int:
    with reading(office.engine) as conn:
        query = select(func.count()).where(telemetry.c.device_id == "bc-01")
        return int(conn.execute(query).scalar_one())


def taken(agent: AgentProcess) -> int:
    with sqlite3.connect(f"file:{agent.home / 'outbox.db'}?mode=ro", uri=True) as db:
        return int(
            db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").fetchone()[0]
        )


def test_what_two_agents_confirm_is_stored_though_one_is_killed(
    office: Office, url: str, tmp_path: Path
) -> None:
    token = accounts.create_token(office, "edge", Role.EDGE)
    broker = Broker(tmp_path / "broker")
    broker.start()
    agents = [
        AgentProcess(
            tmp_path / f"home{n}",
            {
                "XIAONAO_MQTT__URL": broker.url,
                "XIAONAO_MQTT__CLIENT_ID": f"agent-{n}",
                "XIAONAO_MQTT__SHARE": "street",
                "XIAONAO_EDGE__SERVER_URL": url,
                "XIAONAO_EDGE__TOKEN": token,
                "XIAONAO_EDGE__RETRY_MIN_S": "0.05",
                "XIAONAO_EDGE__RETRY_MAX_S": "0.2",
            },
        )
        for n in range(2)
    ]
    device = None
    try:
        for agent in agents:
            agent.start()
        device = Device("bc-01", broker.port)
        half = COUNT // 2
        device.status(*range(1, half + 1))
        device.raw("xn/v1/bc-01/status", b'{"v": 1, "boot": "b1", "seq": 201}')  # unreadable
        until(lambda: device.confirmed() >= half + 1, what="the first half and the dead letter")
        assert all(taken(agent) > 0 for agent in agents), "both took their share"
        assert stored(office) == half
        agents[0].kill()
        for seq in range(half + 2, COUNT + 1):
            device.send("status", device.message(seq, battery_pct=1), wait=False)
        until(lambda: stored(office) > half, what="the other agent goes on")
        assert device.confirmed() < COUNT, "some wait for the dead one"
        agents[0].start()
        until(lambda: device.confirmed() == COUNT, what="all confirmed", bound_s=30)
        assert stored(office) == COUNT - 1
    finally:
        if device is not None:
            device.close()
        for agent in agents:
            if agent.process is not None and agent.process.poll() is None:
                agent.kill()
        broker.stop()
