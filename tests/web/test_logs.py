"""What reaches the log, whoever writes it, has its personal numbers masked."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from server import logs

PHONE, ID_NUMBER = "13800001234", "110101190001011239"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    file = io.StringIO()
    logs.configure("info", file=file)
    yield file
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def test_lines_are_json_with_time_level_and_event(written: io.StringIO) -> None:
    structlog.get_logger("x").warning("spool_full", rows=7)
    line = json.loads(written.getvalue())
    assert (line["event"], line["level"], line["rows"]) == ("spool_full", "warning", 7)
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    "value",
    [
        PHONE,
        f"来电 {PHONE} 李某某",
        "+86 138-0000-1234",
        "138 0000 1234",
        ID_NUMBER,
        "11010119000101123X",
        int(PHONE),
        {"nested": [PHONE, {"deep": ID_NUMBER}]},
        (PHONE,),
        f"rowid=1;phone={PHONE}",
    ],
)
def test_numbers_of_people_never_reach_the_log(written: io.StringIO, value: object) -> None:
    structlog.get_logger().info("told", words=value)
    logging.getLogger("sqlalchemy").warning("statement with %s", value)
    out = written.getvalue()
    assert len(out.splitlines()) == 2
    for digits in ("0000", "1900", "1234", "112"):
        assert digits not in "".join(str(json.loads(x).get("words")) for x in out.splitlines())
        assert digits not in json.loads(out.splitlines()[1])["event"]


def test_exceptions_are_masked_too(written: io.StringIO) -> None:
    try:
        int(f"no such caller {PHONE}")
    except ValueError:
        structlog.get_logger().exception("failed")
        logging.getLogger("lib").exception("failed as well")
    assert PHONE not in written.getvalue()
    assert "ValueError" in written.getvalue()


@pytest.mark.parametrize(
    "key", ["phone", "id_number", "password", "token", "lat", "text", "caller"]
)
def test_fields_of_a_person_are_masked_whatever_they_hold(written: io.StringIO, key: str) -> None:
    structlog.get_logger().info("told", **{key: "李某某"})
    assert "李某某" not in written.getvalue()


def test_ids_and_times_stay_readable(written: io.StringIO) -> None:
    structlog.get_logger().info(
        "told", case_id="01KWEB2A00EETBBZYB32GSNDP6", at="2026-07-01T08:00Z"
    )
    line = json.loads(written.getvalue())
    assert line["case_id"] == "01KWEB2A00EETBBZYB32GSNDP6"
    assert line["at"] == "2026-07-01T08:00Z"


def test_less_serious_lines_are_left_out(written: io.StringIO) -> None:
    structlog.get_logger().debug("detail")
    logging.getLogger("lib").debug("detail")
    assert written.getvalue() == ""
