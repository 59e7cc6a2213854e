"""``xiaonao-triage evaluate``: figures of labelled texts, a report page, baselines beside them."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from triage.cli_home import HOME
from triage.errors import BadRow, WrongUse
from triage.rows import id_of, label_in, parse_object, text_of
from triage.taxonomy import LABELS, Label, is_category

if TYPE_CHECKING:
    from triage.training.breakdown import Told
    from triage.training.evaluate import Judgement
    from triage.triager import Triager


@dataclass
class _Read:
    """The rows of a file that can be used, side by side."""

    truths: list[Label] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    faults: int = 0


@click.command()
@click.argument("file")
@HOME
@click.option("--full", is_flag=True, help="Add figures by category, style and difficulty.")
@click.option(
    "--report",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write an HTML page with tables and plots to this file.",
)
@click.option("--baselines", is_flag=True, help="Train and judge simpler models beside it.")
def evaluate(file: str, home: Path, full: bool, report: Path | None, baselines: bool) -> None:
    """Print one JSON object of figures for JSON Lines with "text" and "label".

    A row may also tell "category", "style" and "hard" (or "difficulty"): then the figures are
    split by them. The page names rows by id and quotes no text. "shift" estimates the label shares
    here without the labels, and says what the promise about police texts amounts to.

    Example: xiaonao-triage evaluate labelled.jsonl --baselines --report report.html
    """
    from triage.training.breakdown import breakdown
    from triage.training.evaluate import metrics
    from triage.triager import Triager

    read = _read(file)
    triager = Triager.open(home=home)
    judgements = _judged(triager, read)
    figures = metrics(judgements, triager.name or "")
    parts = {
        **breakdown(judgements, read.told, _priors(triager.facts)),
        **_shift(judgements, triager.facts),
    }
    beside = _beside(read) if baselines else []
    if report:
        from triage.training.report import report_html

        report.write_text(report_html(figures, parts, beside), encoding="utf-8")
    extra: dict[str, Any] = {key: parts[key] for key in ("police_auc", "shift") if key in parts}
    if beside:
        extra["baselines"] = beside
    answer = {**figures, **extra, **({"parts": parts} if full else {})}
    click.echo(json.dumps(answer, ensure_ascii=False))
    if read.faults:
        click.echo(f"{read.faults} lines could not be read; each is named.", err=True)
        sys.exit(1)


def _judged(triager: Triager, read: _Read) -> list[Judgement]:
    from triage.report import ReportText
    from triage.training.evaluate import Judgement

    reports = [ReportText(i, t.text) for i, t in zip(read.ids, read.told, strict=True)]
    assessments = triager.assess_many(reports)
    return [Judgement(t, a) for t, a in zip(read.truths, assessments, strict=True)]


def _read(file: str) -> _Read:
    read = _Read()
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        try:
            row = parse_object(line)
            label, told, given = label_in(row), _told(row), id_of(row)
        except BadRow as error:
            read.faults += 1
            click.echo(f"line {number}: {error.why}", err=True)
            continue
        read.truths.append(label)
        read.told.append(told)
        read.ids.append(str(number if given is None else given))
    return read


def _lines(file: str) -> Sequence[bytes]:
    if file == "-":
        return sys.stdin.buffer.readlines()
    path = Path(file)
    if not path.is_file():
        raise WrongUse(f"{file} is no file that can be read; give a file or -.")
    return path.read_bytes().split(b"\n")


def _told(row: Mapping[str, Any]) -> Told:
    from triage.training.breakdown import Told

    category, style, hard = row.get("category"), row.get("style"), row.get("hard")
    if not isinstance(hard, bool):
        hard = {"plain": False, "mixed": True}.get(str(row.get("difficulty")))
    return Told(
        text_of(row),
        category if isinstance(category, str) and is_category(category) else None,
        style if isinstance(style, str) else None,
        hard,
    )


def _priors(facts: Mapping[str, Any]) -> dict[str, float] | None:
    counts = facts.get("training", {}).get("by_label")
    if not counts:
        return None
    total = sum(counts.values())
    return {str(label): counts[label] / total for label in LABELS}


def _shift(judgements: Sequence[Judgement], facts: Mapping[str, Any]) -> dict[str, Any]:
    from triage.training.shift import shift

    priors, promised = _priors(facts), facts.get("thresholds", {})
    if not priors or not judgements or "miss_upper95" not in promised:
        return {}
    return {"shift": shift([j.assessment.p for j in judgements], priors, promised)}


def _beside(read: _Read) -> list[dict[str, Any]]:
    from triage.cues import Lexicon
    from triage.segmenter import Segmenter
    from triage.shipped import datasets_dir, lexicon_text
    from triage.training.baselines import baselines
    from triage.training.corpus import read_corpus

    corpus = read_corpus(datasets_dir() / "corpus")
    lexicon = Lexicon.parse(lexicon_text())
    texts = [told.text for told in read.told]
    return baselines(texts, read.truths, corpus, Segmenter(), lexicon)
