"""Puts triage together: the model that serves, the cues, the doubts, the policy."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from triage.assessment import Assessment, Reason
from triage.cues import Cue, Lexicon, find_cues
from triage.doubt import Evidence, doubts
from triage.encoded import EncodedModel, open_model
from triage.encoder import Encoder
from triage.errors import ModelUnavailable
from triage.model import Judged, Model
from triage.policy import route_of
from triage.registry import MANIFEST_FILE, Artefact, Registry
from triage.report import ReportText
from triage.segmenter import Segmenter, normalise
from triage.shipped import lexicon_text, models_dir
from triage.signing import SIGNATURE_FILE, TRUSTED_FILE
from triage.why import Explanation, deletions

_REASONS_SHOWN = 6
_REASONS_TRIED = 16

Stat = tuple[int, int, int] | None
Signature = tuple[Stat, ...]
Kept = tuple[Path, Stat]
_KEPT = 2


@dataclass(frozen=True, slots=True)
class _Serving:
    """A loaded model; ``fallback`` when it is not the one that was promoted."""

    model: Model
    fallback: bool


class Triager:
    """Assesses texts with the model that is current, and follows promotions while it runs.

    Thread-safe. A new artefact that cannot be used leaves the old one serving, and ``fault`` says
    why; with none at all ``assess`` raises ``ModelUnavailable``.
    """

    def __init__(self, registry: Registry, lexicon: Lexicon, segmenter: Segmenter) -> None:
        self._registry = registry
        self._lexicon = lexicon
        self._segmenter = segmenter
        self._lock = threading.Lock()
        self._watched = self._deciding_files()
        self._seen: Signature | None = None
        self._serving: _Serving | None = None
        self._kept: dict[Kept, Model] = {}
        self._fault: str | None = None

    @classmethod
    def open(
        cls, *, home: Path | None = None, shipped: Path | None = None, model: str | None = None
    ) -> Triager:
        """For a home folder (its ``models/``), over the shipped models; ``model`` pins one that
        need not be promoted. Never fails for want of a model: look at ``fault``."""
        own = home / "models" if home else None
        registry = Registry(shipped or models_dir(), own, pinned=model)
        triager = cls(registry, Lexicon.parse(lexicon_text()), Segmenter())
        triager._follow()
        return triager

    @property
    def name(self) -> str | None:
        """The artefact that serves, None when there is none."""
        self._follow()
        return self._serving.model.manifest.name if self._serving else None

    @property
    def facts(self) -> Mapping[str, Any]:
        """The manifest of the artefact that serves; empty when there is none."""
        self._follow()
        return self._serving.model.manifest.facts if self._serving else {}

    @property
    def fault(self) -> str | None:
        """Why the promoted artefact does not serve; None when it does."""
        self._follow()
        return self._fault

    def assess(self, report: ReportText) -> Assessment:
        """One report; ``ModelUnavailable`` when no model can be used."""
        return self.assess_many([report])[0]

    def assess_many(self, reports: Sequence[ReportText]) -> list[Assessment]:
        """Many reports by one and the same model, in order."""
        self._follow()
        serving = self._serving
        if serving is None:
            raise ModelUnavailable(self._fault or "No model can be used.")
        judged = serving.model.judge([report.text for report in reports])
        return [
            self._assessment(report, verdict, serving)
            for report, verdict in zip(reports, judged, strict=True)
        ]

    def explain(self, report: ReportText) -> Explanation:
        """Why one report got its label, its words and clauses checked by taking them out: up to
        seventeen judgements, so for one report that a person looks at, never for a batch."""
        self._follow()
        serving = self._serving
        if serving is None:
            raise ModelUnavailable(self._fault or "No model can be used.")
        (judged,) = serving.model.judge([report.text])

        def of_the_label(texts: Sequence[str]) -> list[float]:
            return [verdict.p[judged.label] for verdict in serving.model.judge(texts)]

        shown = strongest(judged.reasons)
        named = sum(reason.weight for reason in shown)
        return Explanation(
            score=judged.score,
            bias=judged.bias,
            shown=shown,
            rest=judged.score - judged.bias - named,
            deletions=deletions(
                report.text, strongest(judged.reasons, _REASONS_TRIED), of_the_label
            ),
        )

    def _assessment(self, report: ReportText, judged: Judged, serving: _Serving) -> Assessment:
        manifest = serving.model.manifest
        cues = cues_of(report.text, self._lexicon)
        evidence = Evidence(
            judged.p,
            cues,
            judged.n_chars,
            judged.unknown_share,
            serving.fallback,
            serving.model.complete,
        )
        doubt = doubts(evidence, manifest.limits)
        return Assessment(
            id=report.id,
            label=judged.label,
            route=route_of(judged.p, cues, doubt, thresholds=manifest.thresholds),
            p=judged.p,
            category=judged.categories[0][0],
            categories=judged.categories,
            cues=cues,
            reasons=strongest(judged.reasons),
            doubt=doubt,
            model=manifest.name,
            unknown_share=round(judged.unknown_share, 4),
        )

    def _follow(self) -> None:
        """Load what is promoted if that changed since the last look; a few file times otherwise.

        Whoever notices first loads; the others go on with the model they have.
        """
        if self._signature() == self._seen:
            return
        if not self._lock.acquire(blocking=self._serving is None):
            return
        try:
            if self._signature() != self._seen:
                self._load()
                self._watched = self._deciding_files()
                self._seen = self._signature()
        finally:
            self._lock.release()

    def _load(self) -> None:
        try:
            self._serving = _Serving(self._opened(self._registry.current()), fallback=False)
            self._fault = None
        except ModelUnavailable as error:
            self._fault = str(error)
            if self._serving is None:
                self._serving = self._shipped()

    def _shipped(self) -> _Serving | None:
        try:
            artefact = self._registry.shipped()
            return _Serving(self._opened(artefact), fallback=True) if artefact else None
        except ModelUnavailable:
            return None

    def _opened(self, artefact: Artefact) -> Model:
        self._registry.verify(artefact)
        key = (artefact.path, _stat(artefact.path / MANIFEST_FILE))
        model = self._kept.pop(key, None)
        if model is None:
            folders = self._registry.folders()
            model = open_model(artefact.path, self._segmenter, folders, shared=self._encoder())
        # The one before stays in memory, so that a roll-back takes no loading.
        if model.complete:
            self._kept = dict([*self._kept.items(), (key, model)][-_KEPT:])
        return model

    def _encoder(self) -> Encoder | None:
        """One in memory: opening it takes most of a promotion's time."""
        kept = (model for model in self._kept.values() if isinstance(model, EncodedModel))
        return next((model.encoder for model in kept), None)

    def _signature(self) -> Signature:
        """Inode, size and time of the files that decide which model serves, and of its manifest."""
        return tuple(_stat(file) for file in self._watched)

    def _deciding_files(self) -> tuple[Path, ...]:
        try:
            path = self._registry.current().path
        except ModelUnavailable:
            return (*self._registry.current_files(), *self._registry.folders())
        own = (path / MANIFEST_FILE, path / SIGNATURE_FILE)
        keys = self._registry.signing_folder()
        trusted = (keys / TRUSTED_FILE,) if keys else ()
        return (*self._registry.current_files(), *own, *trusted)


def cues_of(text: str, lexicon: Lexicon) -> tuple[Cue, ...]:
    """The cues of ``text``, found in its normalised form, quoted as it was written."""
    found = find_cues(normalise(text), lexicon)
    return tuple(replace(cue, text=text[cue.start : cue.end]) for cue in found)


def strongest(reasons: Sequence[Reason], shown: int = _REASONS_SHOWN) -> tuple[Reason, ...]:
    """The reasons that weigh most either way, one for each word."""
    summed: dict[str, Reason] = {}
    for reason in reasons:
        known = summed.get(reason.term)
        both = replace(known, weight=known.weight + reason.weight) if known else reason
        summed[reason.term] = both
    ranked = sorted(summed.values(), key=lambda reason: -abs(reason.weight))
    return tuple(ranked[:shown])


def _stat(file: Path) -> Stat:
    try:
        facts = file.stat()
    except OSError:
        return None
    return (facts.st_ino, facts.st_size, facts.st_mtime_ns)
