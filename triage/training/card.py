"""The model card: one page for the person who decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from triage.taxonomy import CATEGORY_NAMES_ZH, LABEL_NAMES_ZH, LABELS, Label
from triage.training import plots
from triage.training.newest import split_sentence

_CARD = """# {name}

{kind} It gives a label (警务警情, 非警务纠纷, 求助咨询投诉), a category, and the
words that weighed.

- Made: {created_at}; seed {seed}; trained on {rows} texts ({by_label}), of which {corrections}
  corrected real reports; near-duplicates removed: {dropped}.
- Training data SHA-256: `{data_sha256}`; libraries SHA-256: `{lock_sha256}`.
- Temperature: {temperature:.3f}, folded into the weights. {split}

## Figures, held out by brief

| figure | value |
|---|---|
| accuracy | {accuracy:.3f} |
| macro F1 | {macro_f1:.3f} |
| police recall (label) | {police_recall:.3f} |
| police texts handed on unseen | {misses} of {n_police}; upper 95 % bound {upper95:.2%} |
| disputes handed to mediators without a look | {diverted:.1%} |
| left to a person | {review:.1%} |
| calibration error | {ece:.3f} |

Texts of one brief are never on both sides of a split; cues, doubts and thresholds are applied as in
service. The thresholds were chosen on these same held-out texts.

## What is guaranteed

Of {n_police} held-out police texts {misses} would have been handed on unseen. If the texts to come
were drawn like these, the true share would, with 95 % confidence (Clopper and Pearson, one-sided),
be at most {upper95:.2%}. They are written texts: for real calls nothing is guaranteed until a site
has measured its own; no miss among n bounds the share at 1 - 0.05^(1/n), 299 calls for 1 %.
The bound is a rate among police texts: it does not move with their share among all reports. With a
share s of police texts at most s x {upper95:.2%} of all reports are police texts handed on unseen;
`evaluate` estimates s at a place without labels (`shift`).
{groups}{plots}{hardest}
## Use

Meant for sorting reports together with cue rules and a person's review, never alone. Not meant for
judging a person, for evidence, or for texts of another kind. Written training texts stand in for
real reports: a site should correct, retrain and compare before it trusts the figures above.
"""


_KINDS = {
    False: "Logistic regression on words, concepts and characters of a 110 report's text (ONNX).",
    True: "Logistic regression on words, concepts and characters of a 110 report's text, and a\n"
    "kernel head on the vectors of a pretrained encoder, mixed (ONNX).",
}


def model_card(
    name: str,
    created_at: str,
    training: Mapping[str, Any],
    held_out: Mapping[str, Any],
    temperature: float,
    *,
    parts: Mapping[str, Any] | None = None,
    encoded: bool = False,
) -> str:
    """Markdown; ``held_out`` is a contract section 6 object, ``parts`` of ``breakdown``."""
    parts = parts or {}
    by_label = ", ".join(f"{LABEL_NAMES_ZH[k]} {training['by_label'][k]}" for k in LABELS)
    return _CARD.format(
        name=name,
        kind=_KINDS[encoded],
        groups=_groups(parts.get("by_category", {})),
        plots=_plots(parts),
        hardest=_hardest(parts.get("hardest", ())),
        created_at=created_at,
        seed=training["seed"],
        rows=training["rows"],
        by_label=by_label,
        corrections=training["corrections"],
        dropped=training["near_duplicates_dropped"],
        data_sha256=training["data_sha256"],
        lock_sha256=training["lock_sha256"],
        split=split_sentence(training["split"]),
        temperature=temperature,
        accuracy=held_out["accuracy"],
        macro_f1=held_out["macro_f1"],
        police_recall=held_out["police_recall"],
        misses=len(held_out["dangerous_misses"]),
        n_police=held_out["per_label"]["police"]["n"],
        upper95=held_out["police_miss_upper95"],
        diverted=held_out["dispute_diverted_share"],
        review=held_out["review_share"],
        ece=held_out["ece"],
    )


def _groups(by_category: Mapping[str, Mapping[str, Any]]) -> str:
    """The same statement for each group of police texts; small groups bound little, and show it."""
    rows = [
        f"| {CATEGORY_NAMES_ZH.get(name, name)} | {own['police']} | {own['handed_on']} "
        f"| {own['handed_on_upper95']:.1%} |"
        for name, own in by_category.items()
        if "police" in own
    ]
    head = "\n| group | police texts | handed on unseen | upper 95 % bound |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n" if rows else ""


_CAPTIONS = {
    "plot-reliability.svg": plots.RELIABILITY,
    "plot-risk-coverage.svg": plots.RISK_COVERAGE,
    "plot-confusion.svg": plots.CONFUSION,
}


def _plots(parts: Mapping[str, Any]) -> str:
    """The files that lie beside the card, as images."""
    shown = [f"![{_CAPTIONS.get(name, plots.GROUPS)}]({name})" for name in plots.plots(parts)]
    return "\n## Plots, held out by brief\n\n" + "\n\n".join(shown) + "\n" if shown else ""


def _hardest(rows: Sequence[Mapping[str, Any]]) -> str:
    """By id: the text of a corrected report never leaves its place."""
    lines = [
        f"| {row['id']} | {LABEL_NAMES_ZH[Label(row['truth'])]} "
        f"| {LABEL_NAMES_ZH[Label(row['label'])]} | {row['p_truth']:.3f} |"
        for row in rows
    ]
    head = (
        "\n## The hardest rows\n\n| row | is | was called | p of what it is |\n|---|---|---|---|\n"
    )
    return head + "\n".join(lines) + "\n" if lines else ""
