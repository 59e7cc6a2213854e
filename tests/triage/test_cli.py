"""``xiaonao-triage`` as another program sees it: streams, lines, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = [sys.executable, "-c", "from triage.cli import main; main()"]
COMMANDS = ("assess", "evaluate", "risk", "train", "candidates", "promote", "rollback", "card")


def run(home: Path, *words: str, given: str | bytes = "") -> subprocess.CompletedProcess[str]:
    data = given.encode() if isinstance(given, str) else given
    environment = {**os.environ, "XIAONAO_HOME": str(home), "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [*PROGRAM, *words], input=data, capture_output=True, env=environment, check=False
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def rows(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(tmp_path: Path, command: str) -> None:
    done = run(tmp_path, command, "--help")
    assert done.returncode == 0
    assert f"Example: xiaonao-triage {command}" in " ".join(done.stdout.split())


def test_assess_keeps_order_and_goes_on_after_bad_lines(tmp_path: Path) -> None:
    lines = [
        '{"id": "甲", "text": "楼上漏水不肯赔", "received_at": "2026-11-24T08:00:00+08:00"}',
        "not json",
        '{"id": 7, "text": ""}',
        '{"id": "t", "text": "房东不退押金", "received_at": "2026-11-24 08:00"}',
        '["a"]',
        '{"text": "没有编号"}',
        '{"id": "s", "text": "\\ud800"}',
        '{"id": 8, "text": "他拿刀砍人"}',
    ]
    data = "\n".join(lines).encode() + b'\n{"id": "z", "text": "\xff\xfe"}\n\n'
    done = run(tmp_path, "assess", "-", given=data)
    answers = rows(done)
    assert done.returncode == 1
    ids = ["甲", None, 7, "t", None, None, "s", 8, None]
    assert [answer["id"] for answer in answers] == ids
    assert ["error" in a for a in answers] == [False, *[True] * 6, False, True]
    assert answers[7]["route"] == "police"
    assert "offset" in answers[3]["error"]
    assert len(done.stderr.splitlines()) == 1
    assert "漏水" not in done.stderr


def test_assess_reads_a_file_and_ends_with_zero(tmp_path: Path) -> None:
    file = tmp_path / "in.jsonl"
    file.write_text('\ufeff{"id": "1", "text": "钱包落在出租车上了"}\n', encoding="utf-8")
    done = run(tmp_path, "assess", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert rows(done)[0]["label"] == "service"


def test_answers_come_while_the_input_is_still_open(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "assess", "--home", str(tmp_path), "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as program:
        assert program.stdin
        assert program.stdout
        program.stdin.write('{"id": "1", "text": "楼上漏水"}\n'.encode())
        program.stdin.flush()
        assert json.loads(program.stdout.readline())["id"] == "1"
        program.stdin.close()
        assert program.wait(30) == 0


def test_evaluate_prints_the_contracts_figures(tmp_path: Path) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text(
        '{"id": "a", "text": "他拿菜刀砍我", "label": "police", "hard": true}\n'
        '{"text": "楼上漏水不肯赔钱", "label": "dispute"}\n'
        '{"text": "身份证丢了怎么补办", "label": "service"}\n'
        '{"text": "甲乙丙", "label": "other"}\n',
        encoding="utf-8",
    )
    done = run(tmp_path, "evaluate", str(file))
    assert done.returncode == 1
    assert done.stderr.startswith("line 4: label is missing or none of")
    (figures,) = rows(done)
    assert {
        "n",
        "accuracy",
        "macro_f1",
        "per_label",
        "police_recall",
        "police_miss_upper95",
        "dangerous_misses",
        "auto_share",
        "review_share",
        "dispute_diverted_share",
        "brier",
        "ece",
        "model",
    } <= set(figures)
    assert (figures["n"], figures["accuracy"]) == (3, 1.0)


def test_evaluate_writes_a_page_and_splits_its_figures(tmp_path: Path) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text(
        '{"id": "a", "text": "他拿菜刀砍我", "label": "police", "difficulty": "plain"}\n'
        '{"id": "b", "text": "楼上漏水不肯赔钱", "label": "dispute", "category": "dispute.leak"}\n',
        encoding="utf-8",
    )
    page = tmp_path / "report.html"
    (figures,) = rows(run(tmp_path, "evaluate", str(file), "--full", "--report", str(page)))
    assert figures["parts"]["category_accuracy"]["n"] == 1
    assert figures["parts"]["by_hard"]["false"]["n"] == 1
    assert set(figures["parts"]["shares"]) == {"training", "true", "estimated"}
    text = page.read_text(encoding="utf-8")
    assert figures["model"] in text
    assert "菜刀" not in text


def events(n: int, step_days: float) -> str:
    from datetime import UTC, datetime, timedelta

    start = datetime(2025, 1, 1, tzinfo=UTC)
    return "".join(
        json.dumps(
            {
                "id": f"e{i}",
                "time": (start + timedelta(days=i * step_days)).isoformat(),
                "kind": "any word",
                "place": "甲村" if i % 2 else "乙村",
            },
            ensure_ascii=False,
        )
        + "\n"
        for i in range(n)
    )


def test_risk_uses_only_what_came_before(tmp_path: Path) -> None:
    whole = rows(run(tmp_path, "risk", "-", given=events(12, 9)))
    half = rows(run(tmp_path, "risk", "-", given=events(6, 9)))
    assert whole[:6] == half
    assert whole[0]["history"]["n_365d"] == 0
    assert whole[11]["history"] == {
        "n_7d": 0,
        "n_30d": 1,
        "n_90d": 5,
        "n_365d": 5,
        "days_since_last": 18.0,
    }
    assert whole[11]["risk_90d"] > whole[1]["risk_90d"]


def test_risk_after_a_fit_and_bad_lines(tmp_path: Path) -> None:
    history = tmp_path / "history.jsonl"
    history.write_text(events(80, 9), encoding="utf-8")
    given = events(2, 9) + '{"id": "x", "time": "yesterday"}\n{"id": "y", "dispute": 1}\n'
    plain = run(tmp_path, "risk", "-", given=given)
    fitted = run(tmp_path, "risk", "-", "--fit", str(history), given=given)
    assert plain.returncode == fitted.returncode == 1
    assert [row["id"] for row in rows(fitted)] == ["e0", "e1", "x", "y"]
    assert "time is no ISO 8601 instant" in rows(fitted)[2]["error"]
    assert rows(fitted)[0]["risk_90d"] != rows(plain)[0]["risk_90d"]
    assert fitted.stderr.startswith("Fitted on 80 events")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("assess", "/no/such/file"), "give a file or -"),
        (("nonsense",), "No such command"),
        (("assess", "--nonsense"), "No such option"),
        (("promote", "x", "--by", "李某某"), "--why"),
        (("train", "--name", "../x"), "another --name"),
        (("train", "--corrections", "/no/such/file"), "export of corrections"),
    ],
)
def test_wrong_use_is_one_sentence_and_two(
    tmp_path: Path, words: tuple[str, ...], what: str
) -> None:
    done = run(tmp_path, *words)
    assert done.returncode == 2
    assert what in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_learning_loop(tmp_path: Path, small_corpus: Path) -> None:
    """Correct, train, see that a weak candidate is refused, and that the record stays."""
    (tmp_path / "corrections.jsonl").write_text(
        '{"text": "打电话说邻居家的鸡叫得早，睡不好", "label": "dispute", "category": null,'
        ' "source": "review", "at": "2026-11-24T08:00:00+08:00", "report_id": "r1"}\n',
        encoding="utf-8",
    )
    trained = run(tmp_path, "train", "--corpus", str(small_corpus), "--name", "triage-small.1")
    assert trained.returncode == 0, trained.stderr
    answer = json.loads(trained.stdout)
    assert answer["candidate"] == "triage-small.1"
    assert {"metrics", "current", "current_metrics", "objections"} <= set(answer)
    again = run(tmp_path, "train", "--corpus", str(small_corpus), "--name", "triage-small.1")
    assert again.returncode == 1
    assert "exists already" in again.stderr

    listed = {row["name"]: row for row in rows(run(tmp_path, "candidates"))}
    assert listed[answer["current"]]["current"]
    assert not listed["triage-small.1"]["current"]

    promoted = run(tmp_path, "promote", "triage-small.1", "--by", "李某某", "--why", "试用")
    assert bool(answer["objections"]) == (promoted.returncode == 1)
    if promoted.returncode:
        assert "is not promoted: " in promoted.stderr
        assert not (tmp_path / "models" / "CURRENT.toml").exists()
    assert run(tmp_path, "card").stdout.startswith("# triage-")
    back = run(tmp_path, "rollback", "--by", "李某某")
    assert back.returncode == promoted.returncode
