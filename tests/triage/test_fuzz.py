"""Whatever text comes, an assessment comes back, in bounded time."""

from __future__ import annotations

import math
import time

from benchmarks.triage_fuzz import fuzzed
from triage.report import ReportText
from triage.taxonomy import LABELS
from triage.triager import Triager

N = 200
"""Ten thousand in ``benchmarks/triage_fuzz.py``; this many in every run."""


def test_every_text_gets_a_sound_assessment(triager: Triager) -> None:
    slowest = 0.0
    for number, text in enumerate(fuzzed(7, N)):
        start = time.process_time()
        given = triager.assess(ReportText(str(number), text))
        slowest = max(slowest, time.process_time() - start)
        assert math.isclose(sum(given.p.values()), 1, abs_tol=1e-4)
        assert all(0 <= given.p[label] <= 1 for label in LABELS)
        for cue in given.cues:
            assert text[cue.start : cue.end] == cue.text
    assert slowest < 2.0
