"""The broker's accounts and rules, on a real Mosquitto."""

from __future__ import annotations

import queue
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from server.domain.credentials import broker_hash, fits
from server.supervise import broker
from server.supervise.address import Address, Ports, parse
from server.supervise.broker import EDGE_ACCOUNT, Account, kept_hash, write_accounts
from server.supervise.errors import BrokerMissing
from server.supervise.probe import mqtt_fault
from server.supervise.supervisor import Supervisor

AGENT = Account(EDGE_ACCOUNT, broker_hash("agent-secret"))
ONE = Account("bc-01", broker_hash("one-secret"))
TWO = Account("bc-02", broker_hash("two-secret"))

needs_mosquitto = pytest.mark.skipif(
    broker.find_mosquitto() is None, reason="mosquitto is not installed; run .ci/packages"
)


class Running:
    """A supervised broker in a thread of the test."""

    def __init__(self, home: Path, address: Address, supervisor: Supervisor) -> None:
        self.home, self.address, self.supervisor = home, address, supervisor
        self.folder = broker.accounts_folder(home)

    def accounts(self, *accounts: Account) -> None:
        if write_accounts(self.folder, accounts):
            self.supervisor.signal("broker", signal.SIGHUP)


@contextmanager
def _supervised(home: Path, part: broker.Part, address: Address) -> Iterator[Running]:
    supervisor, stop, ready = Supervisor([part], say=print), Event(), Event()
    thread = Thread(
        target=supervisor.run,
        args=(stop,),
        kwargs={"on_ready": ready.set, "on_tick": lambda: None},
    )
    thread.start()
    try:
        assert ready.wait(15)
        yield Running(home, address, supervisor)
    finally:
        stop.set()
        thread.join(10)


@pytest.fixture
def ports() -> Iterator[Ports]:
    with Ports() as kept:
        yield kept


@pytest.fixture
def running(tmp_path: Path, ports: Ports) -> Iterator[Running]:
    home = tmp_path / "ho me"
    address = ports.settle(parse("127.0.0.1:0"), option="--mqtt", any_port=False)
    write_accounts(broker.accounts_folder(home), [AGENT, ONE, TWO])
    binary = broker.find_mosquitto()
    assert binary is not None
    part = broker.mosquitto(home, address, binary=binary, edge_password="agent-secret")
    with _supervised(home, part, address) as found:
        yield found


@contextmanager
def _client(
    at: Address, name: str, secret: str
) -> Iterator[tuple[mqtt.Client, queue.Queue[tuple[str, bytes]]]]:
    got: queue.Queue[tuple[str, bytes]] = queue.Queue()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"test-{name}")
    client.username_pw_set(name, secret)
    client.on_message = lambda _c, _u, message: got.put((message.topic, message.payload))
    connected = Event()
    client.on_connect = lambda _c, _u, _f, _reason, _p: connected.set()
    client.connect(at.host, at.port)
    client.loop_start()
    try:
        assert connected.wait(10)
        yield client, got
    finally:
        client.disconnect()
        client.loop_stop()


def _subscribe(client: mqtt.Client, topic: str) -> None:
    done = Event()
    client.on_subscribe = lambda *_: done.set()
    client.subscribe(topic, qos=1)
    assert done.wait(10)


def _send(client: mqtt.Client, topic: str, payload: bytes) -> None:
    client.publish(topic, payload, qos=1).wait_for_publish(10)


@needs_mosquitto
def test_a_device_speaks_on_its_own_topics_only(running: Running) -> None:
    with (
        _client(running.address, EDGE_ACCOUNT, "agent-secret") as (agent, heard),
        _client(running.address, "bc-01", "one-secret") as (one, _),
    ):
        for topic in ("xn/v1/#", "owntracks/#"):
            _subscribe(agent, topic)
        _send(one, "xn/v1/bc-02/position", b"forged")
        _send(one, "owntracks/bc-02/x", b"forged")
        _send(one, "xn/v1/bc-01/position", b"own")
        _send(one, "owntracks/bc-01/phone", b"own")
        found = {heard.get(timeout=10), heard.get(timeout=10)}
        assert found == {("xn/v1/bc-01/position", b"own"), ("owntracks/bc-01/phone", b"own")}
        assert heard.empty()


@needs_mosquitto
def test_only_the_agent_confirms_and_only_the_owner_hears_it(running: Running) -> None:
    with (
        _client(running.address, EDGE_ACCOUNT, "agent-secret") as (agent, _),
        _client(running.address, "bc-01", "one-secret") as (one, heard_by_one),
        _client(running.address, "bc-02", "two-secret") as (two, heard_by_two),
    ):
        _subscribe(one, "xn/v1/bc-01/ack")
        _subscribe(two, "xn/v1/bc-01/ack")
        _subscribe(two, "xn/v1/bc-02/ack")
        _send(agent, "xn/v1/bc-01/ack", b"one")
        _send(agent, "xn/v1/bc-02/ack", b"two")
        assert heard_by_one.get(timeout=10) == ("xn/v1/bc-01/ack", b"one")
        assert heard_by_two.get(timeout=10) == ("xn/v1/bc-02/ack", b"two")
        assert heard_by_two.empty()


@needs_mosquitto
def test_wrong_or_missing_secrets_are_refused(running: Running) -> None:
    at = running.address
    assert mqtt_fault(at, "bc-01", "one-secret") is None
    for name, secret in (("bc-01", "two-secret"), ("nobody", "x"), ("", "")):
        assert "refused" in str(mqtt_fault(at, name, secret))


@needs_mosquitto
def test_a_device_added_or_revoked_later_is_known_without_a_restart(running: Running) -> None:
    pid = running.supervisor.pid("broker")
    three = Account("bc-03", broker_hash("three-secret"))
    running.accounts(AGENT, ONE, three)

    def settled() -> bool:
        there = mqtt_fault(running.address, "bc-03", "three-secret")
        gone = mqtt_fault(running.address, "bc-02", "two-secret")
        return there is None and gone is not None

    end = time.monotonic() + 10
    while not settled():
        assert time.monotonic() < end
        time.sleep(0.05)
    assert running.supervisor.pid("broker") == pid


@needs_mosquitto
def test_files_hold_no_secret_and_belong_to_us_alone(running: Running) -> None:
    for name in ("passwd", "acl", "mosquitto.conf"):
        path = running.folder / name
        assert path.stat().st_mode & 0o077 == 0
        assert "-secret" not in path.read_text()
    assert kept_hash(running.folder, "bc-01", "one-secret") == ONE.secret_hash
    assert kept_hash(running.folder, "bc-01", "other") is None
    assert not write_accounts(running.folder, [TWO, ONE, AGENT])


def test_the_hash_is_mosquittos_own_format() -> None:
    """The hash was made by ``mosquitto_passwd -b`` of Mosquitto 2.0.11."""
    made_there = (
        "$7$101$MlhpBLLkB/5bJpqT$/MzMuPKF9iguFGeEHOaY0D3erbK1KE6o+7BV"
        "5ed3EK4s98TJmMKPRNtjKBpcHyYBE2BaDiSF0gp/c3YzBxHG9g=="
    )
    assert fits("one-secret", made_there)
    assert not fits("other", made_there)
    assert ONE.secret_hash.rsplit("$", 2)[0] == "$7$101"


def test_the_embedded_broker_serves_loopback_only(tmp_path: Path, ports: Ports) -> None:
    with pytest.raises(BrokerMissing, match="no accounts"):
        broker.embedded(parse("0.0.0.0:1883"))
    address = ports.settle(parse("127.0.0.1:0"), option="--mqtt", any_port=False)
    with _supervised(tmp_path, broker.embedded(address), address):
        assert mqtt_fault(address) is None
    assert mqtt_fault(address) is not None


def test_a_server_that_is_no_broker_is_told_apart(ports: Ports) -> None:
    assert mqtt_fault(ports.settle(parse("127.0.0.1:0"), option="x", any_port=False)) is not None


@needs_mosquitto
def test_a_revoked_device_is_thrown_out_at_once_and_others_stay(running: Running) -> None:
    """Mosquitto 2.0.11 looks at live sessions when it reads its files again."""
    gone: queue.Queue[str] = queue.Queue()
    clients = []
    for name, secret in (("bc-01", "one-secret"), ("bc-02", "two-secret")):
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=name)
        client.username_pw_set(name, secret)
        client.on_disconnect = lambda *_, name=name: gone.put(name)
        client.connect(running.address.host, running.address.port)
        client.loop_start()
        clients.append(client)
    end = time.monotonic() + 10
    while not all(client.is_connected() for client in clients):
        assert time.monotonic() < end
        time.sleep(0.02)
    try:
        running.accounts(AGENT, ONE)
        assert gone.get(timeout=5) == "bc-02"
        assert clients[0].is_connected()
        assert gone.empty()
    finally:
        for client in clients:
            client.disconnect()
            client.loop_stop()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_files_of_an_own_mosquitto_follow_the_roster(office, tmp_path: Path) -> None:
    from click.testing import CliRunner

    from server.cli.roster import device
    from server.domain.roles import Actor, Role
    from server.services import roster

    admin = Actor("setup", Role.ADMIN)
    for name in ("bc-01", "bc-02"):
        roster.add_device(office, name, kind="bodycam", unit_id=None, actor=admin)
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    (folder / "passwd.own").write_text("bridge:$7$101$x$y\n")

    def accounts() -> tuple[str, set[str]]:
        words = ["accounts", str(folder), "--home", str(office.home)]
        done = CliRunner().invoke(device, [*words, "--edge-password", "agent-secret"])
        assert done.exit_code == 0, done.output
        lines = (folder / "passwd").read_text().splitlines()
        return done.output, {line.split(":")[0] for line in lines}

    assert accounts()[1] == {"bc-01", "bc-02", "bridge", EDGE_ACCOUNT}
    assert "unchanged" in accounts()[0]
    roster.revoke_device(office, "bc-02", actor=admin)
    assert accounts()[1] == {"bc-01", "bridge", EDGE_ACCOUNT}
    assert "pattern readwrite xn/v1/%u/#" in (folder / "acl").read_text()
