"""One training run: corpus and corrections in, one candidate directory out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from triage.assessment import Assessment
from triage.cues import Lexicon
from triage.doubt import Evidence, Limits, doubts
from triage.encoded import KIND as ENCODED
from triage.encoder import Encoder
from triage.model import KIND as LINEAR
from triage.policy import Thresholds, route_of
from triage.segmenter import Segmenter, concepts_text
from triage.shipped import lexicon_text
from triage.taxonomy import LABELS, Label
from triage.training.breakdown import Told, breakdown
from triage.training.card import model_card
from triage.training.corpus import (
    CORRECTION_BRIEF,
    Example,
    content_hash,
    read_corpus,
    read_corrections,
    without_near_duplicates,
)
from triage.training.encoded_fit import Encoded, fit_encoded, never_seen
from triage.training.evaluate import Judgement, metrics
from triage.training.export import Artefact, write_artefact
from triage.training.fit import Fitted, OutOfFold, fit
from triage.training.lock import lock_hash
from triage.training.newest import split_facts
from triage.training.progress import Progress, Tell, silent
from triage.training.split import block_of
from triage.training.thresholds import HeldOut, choose
from triage.triager import cues_of


@dataclass(frozen=True, slots=True)
class Trained:
    """The candidate's folder and its ``metrics.json``."""

    path: Path
    metrics: dict[str, Any]


def train(
    name: str,
    corpus: Path,
    folder: Path,
    *,
    at: datetime,
    corrections: Path | None = None,
    encoder: Path | None = None,
    seed: int = 0,
    seal: Callable[[Path], None] | None = None,
    tell: Tell = silent,
) -> Trained:
    """Fit, measure out of fold, choose thresholds, write ``folder/name``. The same inputs and
    seed give the same model file. ``encoder`` is the folder of one, None for words alone;
    ``seal`` signs the folder before it gets its name, ``tell`` hears how far it is."""
    progress = Progress(tell, encoder=encoder is not None)
    progress.at("read")
    segmenter = Segmenter()
    # Corrections first: a real report outweighs a written text that nearly repeats it.
    read = [*(read_corrections(corrections) if corrections else []), *read_corpus(corpus)]
    examples = without_near_duplicates(read)
    opened = Encoder.open(encoder) if encoder else None
    honest = never_seen(examples, opened).tolist() if opened else None
    fitted, held_out = fit(examples, segmenter, honest=honest, seed=seed, progress=progress)
    encoded = fit_encoded(examples, opened, held_out, progress) if opened else None
    progress.at("choose")
    unseen, p = _measured(examples, held_out, encoded)
    rows = _held_out_rows(unseen, p, segmenter)
    limits = Limits()
    choice = choose(rows, limits)
    judgements = _judgements(unseen, rows, choice.values, limits, name)
    measured = {
        "kind": ENCODED if encoded else LINEAR,
        "held_out": metrics(judgements, name),
        "parts": _parts(unseen, judgements),
        **_newest(examples, unseen, judgements, name),
    }
    training = _training_facts(examples, len(read) - len(examples), seed)
    # Finer than a second: a correction of the same second must count as older when it was read.
    created_at = at.isoformat(timespec="milliseconds")
    artefact = Artefact(
        name=name,
        training=training,
        thresholds=choice.as_json(),
        limits=limits,
        metrics=measured,
        card=_card(name, created_at, training, measured, fitted, encoded),
        created_at=created_at,
        encoded=encoded,
    )
    progress.at("write")
    path = write_artefact(folder, artefact, fitted, examples, segmenter, seal)
    progress.at("write", 1)
    return Trained(path, measured)


def _card(
    name: str,
    created_at: str,
    training: dict[str, Any],
    measured: dict[str, Any],
    fitted: Fitted,
    encoded: Encoded | None,
) -> str:
    return model_card(
        name,
        created_at,
        training,
        measured["held_out"],
        fitted.temperature,
        parts=measured["parts"],
        encoded=encoded is not None,
    )


def _measured(
    examples: Sequence[Example], held_out: OutOfFold, encoded: Encoded | None
) -> tuple[list[Example], Any]:
    """The texts figures and thresholds may rest on, with their held-out probabilities."""
    if encoded is None:
        return list(examples), held_out.p
    kept = [e for e, honest in zip(examples, encoded.honest, strict=True) if honest]
    return kept, encoded.p[encoded.honest]


def _held_out_rows(
    examples: Sequence[Example], probabilities: Any, segmenter: Segmenter
) -> list[HeldOut]:
    """Unknown words cannot be known out of fold, so that doubt is left out here."""
    lexicon = Lexicon.parse(lexicon_text())
    rows = []
    for example, p in zip(examples, probabilities.tolist(), strict=True):
        n_chars = sum(t.end - t.start for t in segmenter.segment(example.text).characters)
        by_label = dict(zip(LABELS, p, strict=True))
        evidence = Evidence(by_label, cues_of(example.text, lexicon), n_chars, 0.0)
        rows.append(HeldOut(example.label, evidence))
    return rows


def _judgements(
    examples: Sequence[Example],
    rows: Sequence[HeldOut],
    thresholds: Thresholds,
    limits: Limits,
    name: str,
) -> list[Judgement]:
    return [
        Judgement(row.truth, _assessment(example.id, row.evidence, thresholds, limits, name))
        for example, row in zip(examples, rows, strict=True)
    ]


def _assessment(
    row_id: str, evidence: Evidence, thresholds: Thresholds, limits: Limits, name: str
) -> Assessment:
    doubt = doubts(evidence, limits)
    route = route_of(evidence.p, evidence.cues, doubt, thresholds=thresholds)
    return Assessment(
        row_id, evidence.label, route, evidence.p, "", (), evidence.cues, (), doubt, name
    )


def _parts(examples: Sequence[Example], judgements: Sequence[Judgement]) -> dict[str, Any]:
    """The held-out figures by category, brief and difficulty; misses are the figures' affair."""
    told = [Told("", e.category, e.brief, e.difficulty == "mixed") for e in examples]
    parts = breakdown(judgements, told, None)
    unwanted = {"misses", "category_accuracy"}
    return {name: value for name, value in parts.items() if name not in unwanted}


def _newest(
    examples: Sequence[Example],
    unseen: Sequence[Example],
    judgements: Sequence[Judgement],
    name: str,
) -> dict[str, Any]:
    """Figures of the newest block alone, by what learnt from older rows; it calibrated, too."""
    block = block_of(examples)
    if block is None:
        return {}
    ids = {examples[number].id for number in block.rows}
    own = [j for e, j in zip(unseen, judgements, strict=True) if e.id in ids]
    return {"newest_block": metrics(own, name)}


def _training_facts(examples: Sequence[Example], dropped: int, seed: int) -> dict[str, Any]:
    by_label: Counter[Label] = Counter(example.label for example in examples)
    return {
        "rows": len(examples),
        "by_label": {str(label): by_label[label] for label in LABELS},
        "by_brief": dict(sorted(Counter(example.brief for example in examples).items())),
        "corrections": sum(example.brief == CORRECTION_BRIEF for example in examples),
        "near_duplicates_dropped": dropped,
        "data_sha256": content_hash(examples),
        "lexicon_sha256": sha256(lexicon_text().encode()).hexdigest(),
        "concepts_sha256": sha256(concepts_text().encode()).hexdigest(),
        "lock_sha256": lock_hash(),
        "split": split_facts(examples, block_of(examples)),
        "seed": seed,
    }
