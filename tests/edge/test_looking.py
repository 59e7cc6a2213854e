"""``xiaonao-edge decode``: every line has an answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from click.testing import CliRunner

from edge.cli import main
from edge.looking import Looker
from edge.protocols.jt808_frame import Header, Part, encode

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HEARTBEAT = "7e0002000004304832546500b7ca7e"
REPORT = bytes.fromhex("000000000000000201d02c20072ba48000100168005a261124095901")


def frame(body: bytes, message_id: int = 0x0200, part: Part | None = None, serial: int = 9) -> str:
    header = Header(message_id=message_id, phone="13900000001", serial=serial, part=part)
    return encode(header, body).hex()


def test_every_line_has_an_answer():
    lines = [HEARTBEAT, "", HEARTBEAT[:-4] + "cb7e", "not hex", '{"topic": 1}', "$GPRMC,*00"]
    found = list(Looker(NOW).lines(lines))
    assert [(item["line"], item["ok"]) for item in found] == [
        (1, True),
        (3, False),
        (4, False),
        (5, False),
        (6, False),
    ]
    assert found[0]["message"] == "heartbeat"
    assert found[1]["error"] == "checksum is wrong"
    assert found[1]["phone"] == "43048325465"


def test_a_position_with_its_messages_in_the_datum_told():
    (wgs,) = Looker(NOW).lines([frame(REPORT + bytes.fromhex("0104000026ac"))])
    (gcj,) = Looker(NOW, "GCJ-02").lines([frame(REPORT)])
    assert wgs["body"]["extras"] == {"mileage_km": 990.0}
    assert wgs["messages"][0]["lat"] == 30.42
    assert gcj["messages"][0]["crs_reported"] == "GCJ-02"
    assert 1e-4 < abs(gcj["messages"][0]["lat"] - 30.42) < 1e-2


def test_a_batch_says_which_of_its_reports_are_broken():
    body = b"\x00\x02\x01" + b"\x00\x1c" + REPORT + b"\x00\x05" + REPORT[:5]
    (found,) = Looker(NOW).lines([frame(body, 0x0704)])
    assert not found["ok"]
    assert "batch[1]" in found["error"]
    assert len(found["messages"]) == 1


def test_sub_packets_are_put_together_whatever_their_order():
    body = b"\x00\x01\x00\x00\x1c" + REPORT
    second = frame(body[20:], 0x0704, Part(2, 2), serial=12)
    first = frame(body[:20], 0x0704, Part(2, 1), serial=11)
    looker = Looker(NOW)
    waits, whole = looker.lines([second, first])
    assert waits["waits"]
    assert waits["ok"]
    assert whole["messages"][0]["kind"] == "position"
    assert looker.waiting() == []
    list(looker.lines([first]))
    assert looker.waiting() == ["message 0x0704 of 13900000001: 1 of 2 sub-packets"]


def test_unknown_messages_are_shown_as_they_are():
    (found,) = Looker(NOW).lines([frame(b"\xf3\x01", 0x0900)])
    assert (found["ok"], found["message"], found["body_hex"]) == (
        True,
        "transparent data upwards",
        "f301",
    )


def test_the_command_exits_with_1_when_a_line_is_broken():
    good = CliRunner().invoke(main, ["decode"], input=f"{HEARTBEAT}\n")
    assert (good.exit_code, json.loads(good.stdout)["ok"]) == (0, True)
    bad = CliRunner().invoke(main, ["decode"], input="7e00\n")
    assert bad.exit_code == 1
