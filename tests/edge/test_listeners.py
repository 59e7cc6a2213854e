"""JT/T 808 and NMEA over real sockets into a real outbox: stored first, answered then."""

from __future__ import annotations

import base64
import json
import os
import socket
import threading
import tty
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import config, listeners
from edge.errors import ConfigError
from edge.home import limits_of
from edge.intake import Intake
from edge.jt808_listener import Jt808Session, Links, Rules
from edge.metrics import Metrics
from edge.outbox import Outbox
from edge.protocols.jt808_frame import FLAG, Frame, Header, Part, decode, encode
from edge.replay import replay, to_line
from edge.serial_line import Options, SerialLine
from edge.shedding import Bounds
from edge.tcp_listener import TcpListener

DONE, FAILED, UNREADABLE, UNSUPPORTED = range(4)


def report(second: int = 0, *, alarm: int = 0) -> bytes:
    """A body 0x0200 at 30.42, 120.3, 2026-11-24 09:59 GMT+8."""
    head = alarm.to_bytes(4, "big") + (2).to_bytes(4, "big")
    place = (30_420_000).to_bytes(4, "big") + (120_300_000).to_bytes(4, "big")
    return head + place + bytes.fromhex(f"0010016800{90:02x}2611240959{second:02}")


def batch(*reports: bytes) -> bytes:
    items = b"".join(len(item).to_bytes(2, "big") + item for item in reports)
    return len(reports).to_bytes(2, "big") + b"\1" + items


class Site:
    """The listeners of a home folder, with their outbox and counters."""

    def __init__(self, home: Path, *, bounds: Bounds | None = None, **edge: Any) -> None:
        chosen = {"jt808": "127.0.0.1:0", "nmea": "127.0.0.1:0"} | edge
        self.settings = config.Settings(home, config.MqttSettings(), config.EdgeSettings(**chosen))
        self.outbox = Outbox(self.settings.outbox_path, bounds=bounds)
        self.metrics = Metrics()
        self.woken: list[bool] = []
        self.intake = Intake(
            self.outbox,
            metrics=self.metrics,
            on_stored=lambda *, urgent: self.woken.append(urgent),
            clock=lambda: datetime.now(UTC),
            limits=limits_of(self.settings.edge),
            max_payload_bytes=self.settings.edge.max_payload_bytes,
            sos_ends=self.settings.edge.jt808_sos_ends,
        )
        self.listener = self.opened()

    def opened(self) -> TcpListener:
        return listeners.open_listeners(
            self.settings, self.intake, self.metrics, clock=lambda: datetime.now(UTC)
        )

    def rows(self, kind: str = "position") -> list[dict[str, Any]]:
        with Outbox(self.settings.outbox_path) as box:
            found = [json.loads(row.body) for row in box.peek(rows=10_000, max_bytes=10**9)]
        return [row for row in found if row["kind"] == kind]

    def dead(self) -> list[tuple[str, str, bytes]]:
        with Outbox(self.settings.outbox_path) as box:
            return [(d.stage, d.reason, d.raw) for _, d in box.dead_letters(limit=100)]

    def refused(self, why: str) -> float:
        found = self.metrics.registry.get_sample_value(
            "xiaonao_edge_listener_refused_total", {"why": why}
        )
        return found or 0.0


class Terminal:
    """A JT/T 808 device."""

    def __init__(self, port: int, phone: str = "13900000001", version: int | None = None) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.phone, self.version, self.serial = phone, version, 0
        self._heard = b""

    def send(self, message_id: int, body: bytes = b"", part: Part | None = None) -> bytes:
        self.serial += 1
        header = Header(
            message_id=message_id,
            phone=self.phone,
            serial=self.serial,
            version=self.version,
            part=part,
        )
        wire = encode(header, body)
        self.socket.sendall(wire)
        return wire

    def answer(self) -> Frame:
        while self._heard.count(FLAG) < 2:
            more = self.socket.recv(4096)
            assert more, "the listener hung up"
            self._heard += more
        end = self._heard.index(FLAG, 1) + 1
        wire, self._heard = self._heard[:end], self._heard[end:]
        return decode(wire)

    def asks(self, message_id: int, body: bytes = b"") -> int:
        """The result it is answered."""
        self.send(message_id, body)
        answer = self.answer()
        assert answer.header.message_id == 0x8001
        assert answer.header.version == self.version
        assert answer.body[:4] == self.serial.to_bytes(2, "big") + message_id.to_bytes(2, "big")
        return answer.body[4]

    def register(self) -> tuple[int, str]:
        self.send(0x0100, b"\0" * 37)
        answer = self.answer()
        assert answer.header.message_id == 0x8100
        return answer.body[2], answer.body[3:].decode()


@pytest.fixture
def site_of(tmp_path: Path) -> Iterator[Callable[..., Site]]:
    made: list[Site] = []

    def make(**options: Any) -> Site:
        made.append(Site(tmp_path, **options))
        made[-1].listener.__enter__()
        return made[-1]

    yield make
    for site in made:
        site.listener.__exit__()
        site.outbox.close()


@pytest.mark.parametrize("version", [None, 1])
def test_a_day_of_a_device(site_of, until, version):
    site = site_of()
    device = Terminal(site.listener.ports["jt808"], version=version)
    result, code = device.register()
    assert (result, len(code)) == (0, 16)
    told = code.encode()
    assert device.asks(0x0102, bytes([len(told)]) + told if version else told) == DONE
    assert device.asks(0x0002) == DONE
    assert device.asks(0x0200, report(1)) == DONE
    (row,) = site.rows()
    assert (row["device_id"], row["lat"], row["crs_reported"]) == ("13900000001", 30.42, "WGS-84")
    assert (row["protocol"], row["boot"]) == ("jt808", "jt-20261124")
    assert device.asks(0x0704, batch(report(1), report(2), report(3))) == DONE
    assert len(site.rows()) == 3
    device.socket.close()
    until(lambda: len(site.rows("presence")) == 2, what="offline")
    assert [row["state"] for row in site.rows("presence")] == ["online", "offline"]


def test_sos_is_raised_once_goes_first_and_ends(site_of):
    site = site_of(jt808_sos_ends=True)
    device = Terminal(site.listener.ports["jt808"])
    for second, alarm in ((1, 0), (2, 1), (3, 1), (4, 0), (5, 0), (6, 1)):
        assert device.asks(0x0200, report(second, alarm=alarm)) == DONE
    alarms = site.rows("alarm")
    assert [(row["alarm"], row["active"]) for row in alarms] == [
        ("sos", True),
        ("sos", False),
        ("sos", True),
    ]
    assert len(site.rows()) == 6
    assert alarms[0]["fix_time"] == "2026-11-24T01:59:02.000Z"
    assert site.woken.count(True) == 3
    assert site.outbox.peek(rows=1, max_bytes=1)[0].urgent == 1


def test_an_sos_from_an_outage_is_raised_though_later_reports_were_calm(site_of):
    site = site_of(jt808_sos_ends=True)
    device = Terminal(site.listener.ports["jt808"])
    assert device.asks(0x0200, report(50)) == DONE
    assert device.asks(0x0704, batch(report(1), report(2, alarm=1), report(3))) == DONE
    assert [row["active"] for row in site.rows("alarm")] == [True, False]


def test_an_sos_that_only_a_person_ends(site_of):
    site = site_of()  # the default
    device = Terminal(site.listener.ports["jt808"])
    for second, alarm in ((1, 1), (2, 0), (3, 1)):
        assert device.asks(0x0200, report(second, alarm=alarm)) == DONE
    assert [row["active"] for row in site.rows("alarm")] == [True, True]


def test_a_full_outbox_answers_failure_and_then_takes_it(site_of, until):
    site = site_of(bounds=Bounds(rows=0))
    device = Terminal(site.listener.ports["jt808"])
    assert device.asks(0x0200, report(1, alarm=1)) == FAILED
    assert site.rows() == []
    site.intake._outbox._shedder._bounds = Bounds()
    assert device.asks(0x0200, report(1, alarm=1)) == DONE
    assert len(site.rows()) == len(site.rows("alarm")) == len(site.rows("presence")) == 1


def test_what_has_no_answer_waits_for_storage(site_of, until):
    site = site_of(bounds=Bounds(rows=0), nmea_prefix="gw-")
    sender = socket.create_connection(("127.0.0.1", site.listener.ports["nmea"]), timeout=10)
    sender.sendall(b"$GPRMC,040107.00,A,3151.6567,N,11714.4833,E,0,0,150613,,,A*56\r\n")
    until(lambda: site.metrics.storage_failures._value.get() > 0, what="refused")
    site.intake._outbox._shedder._bounds = Bounds()
    until(site.rows, what="the same line, later")
    assert site.rows()[0]["device_id"] == "gw-127.0.0.1"


def test_unreadable_frames_are_kept_with_reason_and_bytes(site_of, until):
    site = site_of()
    device = Terminal(site.listener.ports["jt808"])
    bad = encode(Header(message_id=0x0200, phone="13900000001", serial=1), report())
    bad = bad[:-2] + bytes([bad[-2] ^ 1]) + FLAG
    device.socket.sendall(b"noise" + bad)
    assert device.asks(0x0200, b"short") == UNREADABLE
    wire = device.send(0x0200, report())[:20]
    device.answer()
    device.socket.sendall(wire)
    device.socket.close()
    until(lambda: len(site.dead()) == 4, what="four dead letters")
    reasons = {raw: (stage, reason) for stage, reason, raw in site.dead()}
    assert reasons[bad] == ("listener", "checksum is wrong")
    assert reasons[wire][1].startswith("frame does not begin and end")
    assert len(site.rows()) == 1
    count = site.metrics.registry.get_sample_value(
        "xiaonao_edge_dead_letters_total", {"stage": "listener", "reason": "checksum"}
    )
    assert count == 1


def test_dead_letters_of_frames_can_be_replayed(site_of, tmp_path: Path):
    site = site_of()
    device = Terminal(site.listener.ports["jt808"])
    assert device.asks(0x0200, b"short") == UNREADABLE
    (_, letter), *_ = site.outbox.dead_letters(limit=1)
    line = json.loads(to_line(letter))
    good = encode(Header(message_id=0x0200, phone="13900000001", serial=1), report())
    line |= {"raw_base64": base64.b64encode(good).decode()}
    done = replay(
        [json.dumps(line)],
        site.outbox,
        now=datetime.now(UTC),
        limits=limits_of(site.settings.edge),
        max_payload_bytes=10_000,
    )
    assert (done.stored, done.faults) == (1, [])


def test_sub_packets_are_answered_when_all_are_stored(site_of):
    site = site_of()
    device = Terminal(site.listener.ports["jt808"])
    body = batch(*(report(second) for second in range(40)))
    thirds = [body[at : at + 401] for at in range(0, len(body), 401)]
    wires = [
        device.send(0x0704, piece, Part(len(thirds), number))
        for number, piece in enumerate(thirds, 1)
    ]
    answers = [device.answer().body for _ in thirds]
    assert [int.from_bytes(body[:2], "big") for body in answers] == [1, 2, 3]
    assert {body[4] for body in answers} == {DONE}
    assert len(site.rows()) == 40
    device.socket.sendall(wires[1])
    assert device.answer().body == (2).to_bytes(2, "big") + b"\x07\x04" + b"\0"
    assert site.dead() == []


def test_sub_packets_that_never_become_whole_are_dead_letters(site_of, until):
    site = site_of()
    device = Terminal(site.listener.ports["jt808"])
    wire = device.send(0x0704, b"x" * 100, Part(2, 1))
    assert device.asks(0x0002) == DONE
    device.socket.close()
    until(site.dead, what="the part")
    assert site.dead() == [("listener", "parts are not complete", wire)]


def test_only_listed_numbers_may_speak(site_of):
    site = site_of(jt808_devices=("013900000001",))
    port = site.listener.ports["jt808"]
    stranger = Terminal(port, phone="13900000002")
    assert stranger.register() == (4, "")
    assert stranger.asks(0x0200, report()) == FAILED
    assert Terminal(port, phone="13900000001").asks(0x0200, report()) == DONE
    assert [row["device_id"] for row in site.rows()] == ["13900000001"]
    assert site.refused("unknown_number") == 2


def test_issued_codes_are_asked_for_and_hold_after_a_restart(site_of):
    site = site_of(jt808_codes="issued")
    port = site.listener.ports["jt808"]
    device = Terminal(port)
    assert device.asks(0x0200, report()) == FAILED
    assert device.asks(0x0102, b"456121111") == FAILED
    _, code = device.register()
    with site.opened() as again:
        back = Terminal(again.ports["jt808"])
        assert back.asks(0x0102, code.encode()) == DONE
        assert back.asks(0x0200, report()) == DONE
    assert (site.settings.home / listeners.KEY_FILE).stat().st_mode & 0o777 == 0o600
    assert (site.refused("not_authenticated"), site.refused("wrong_code")) == (1, 1)


def test_other_messages_are_called_unsupported(site_of):
    site = site_of()
    device = Terminal(site.listener.ports["jt808"])
    assert device.asks(0x0801, b"\0" * 40) == UNSUPPORTED
    device.version = 2
    assert device.asks(0x0200, report()) == UNSUPPORTED
    assert [reason for _, reason, _ in site.dead()] == ["version is not known; this agent speaks 1"]


def test_a_new_connection_takes_over_and_the_old_one_ends_in_silence(site_of, until):
    site = site_of()
    port = site.listener.ports["jt808"]
    old, new = Terminal(port), Terminal(port)
    assert old.asks(0x0002) == DONE
    assert new.asks(0x0002) == DONE
    old.socket.close()
    gauge = site.metrics.registry.get_sample_value
    until(lambda: gauge("xiaonao_edge_listener_connections") == 1, what="one left")
    assert new.asks(0x0003) == DONE
    new.socket.close()
    until(lambda: gauge("xiaonao_edge_listener_connections") == 0, what="none left")
    assert [row["state"] for row in site.rows("presence")] == ["online", "online", "offline"]


def test_connections_and_idle_time_are_bounded(site_of, until):
    site = site_of(listener_connections=1, listener_idle_s=1)
    port = site.listener.ports["jt808"]
    first = Terminal(port)
    assert first.asks(0x0002) == DONE
    second = Terminal(port)
    assert second.socket.recv(1) == b""
    assert first.socket.recv(1) == b""
    assert (site.refused("connections"), site.refused("idle")) == (1, 1)


def test_an_endless_frame_costs_one_dead_letter_and_the_next_is_heard(site_of):
    site = site_of(listener_frame_bytes=300)
    device = Terminal(site.listener.ports["jt808"])
    device.socket.sendall(FLAG + b"z" * 100_000)
    assert device.asks(0x0200, report()) == DONE
    ((_, _, raw),) = site.dead()
    assert raw == FLAG + b"z" * 300


def test_nmea_names_its_device(site_of, until):
    site = site_of(nmea_crs="GCJ-02")
    with socket.create_connection(("127.0.0.1", site.listener.ports["nmea"])) as sender:
        sender.sendall(b"$PXNID,rd-07*5B\r\n$GPRMC,040107.00,A,3151.6567,N,11714.4833,E,0,0,")
        sender.sendall(b"150613,,,A*56\r\n")
        until(lambda: site.rows() or site.dead(), what="the position")
    (row,) = site.rows()
    assert (row["device_id"], row["crs_reported"], row["protocol"]) == ("rd-07", "GCJ-02", "nmea")


def test_a_port_that_is_taken_is_named(site_of, tmp_path: Path):
    site = site_of()
    taken = f"127.0.0.1:{site.listener.ports['jt808']}"
    with pytest.raises(ConfigError, match=rf"edge\.nmea: {taken} cannot be listened on"):
        Site(tmp_path, jt808="", nmea=taken)


def test_through_the_agent_to_the_server(agent_of, broker, office, until, own_port):
    agent = agent_of(
        XIAONAO_MQTT__URL=broker.url,
        XIAONAO_EDGE__SERVER_URL=office.url,
        XIAONAO_EDGE__JT808=f"127.0.0.1:{own_port}",
        XIAONAO_EDGE__JT808_DEVICES="13900000001,13900000002",
    )
    device = Terminal(own_port)
    assert device.asks(0x0200, report(1, alarm=1)) == DONE
    until(lambda: len(office.got()) == 3, what="presence, position and alarm at the server")
    agent.kill()
    agent.start()
    device = Terminal(own_port)
    assert device.asks(0x0200, report(1, alarm=1)) == DONE
    assert device.asks(0x0200, report(2, alarm=1)) == DONE
    until(lambda: len([m for m in office.got() if m["kind"] == "position"]) == 2, what="both")
    assert agent.stop() == 0


_PIECE = st.one_of(
    st.binary(max_size=80),
    st.sampled_from([FLAG, b"\x7d", b"\x7d\x02"]),
    st.builds(
        lambda message_id, body, version, part: encode(
            Header(
                message_id=message_id, phone="13900000001", serial=3, version=version, part=part
            ),
            body,
        ),
        st.sampled_from([1, 2, 3, 0x100, 0x102, 0x200, 0x201, 0x704, 0x801]),
        st.one_of(st.binary(max_size=60), st.just(report(1, alarm=0x881))),
        st.sampled_from([None, 1, 9]),
        st.one_of(st.none(), st.builds(Part, st.integers(0, 4), st.integers(0, 4))),
    ),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_PIECE, max_size=12), st.booleans())
def test_no_stream_breaks_a_session_and_every_answer_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], issued: bool
):
    metrics = Metrics()
    with Outbox(tmp_path_factory.mktemp("fuzz") / "outbox.db") as box:
        intake = Intake(
            box,
            metrics=metrics,
            on_stored=lambda **_: None,
            clock=lambda: datetime.now(UTC),
            limits=limits_of(config.EdgeSettings()),
            max_payload_bytes=4096,
        )
        session = Jt808Session(
            Rules(key=b"k", issued_codes=issued, max_frame_bytes=300), Links(), lambda _: None
        )
        heard = [item for piece in pieces for item in session.hear(piece, datetime.now(UTC))]
        heard += session.close(datetime.now(UTC))
        outcomes = intake.take([item.items for item in heard])
        for item, outcome in zip(heard, outcomes, strict=True):
            for wire in item.answer(outcome).split(FLAG):
                assert not wire or decode(FLAG + wire + FLAG).header.message_id in (0x8001, 0x8100)


def test_a_serial_port_reaches_the_outbox(site_of, until):
    site = site_of()
    far, near = os.openpty()
    tty.setraw(far)
    port, tcp_port = Path(os.ttyname(near)), site.listener.ports["nmea"]
    line = SerialLine(Options(port, 9600, "127.0.0.1", tcp_port, "rd-07"))
    running = threading.Thread(target=line.run, daemon=True)
    running.start()
    try:
        os.write(far, b"$GPRMC,040107.00,A,3151.6567,N,11714.4833,E,0,0,150613,,,A*56\r\n")
        (row,) = until(site.rows, what="the position")
    finally:
        line.stop()
        running.join(10)
        os.close(far)
        os.close(near)
    assert (row["device_id"], row["protocol"], row["boot"]) == ("rd-07", "nmea", "nmea-20130615")
