"""Whatever text comes, an assessment comes back, in bounded time."""

from __future__ import annotations

import math
import random
import time

from triage.report import ReportText
from triage.taxonomy import LABELS
from triage.triager import Triager

N = 200
"""Ten thousand in ``benchmarks/triage_fuzz.py``; this many in every run."""


def fuzzed(seed: int, n: int) -> list[str]:
    """Empty, long, control characters, mixed scripts, only numbers, emoji, broken words."""
    draw = random.Random(seed)
    alphabets = [
        "报警人称楼上漏水打人刀火钱老公孩子，。！？",
        "0123456789-*+. ",
        "".join(map(chr, [*range(32), 127, 0x200B, 0x202E, 0xFEFF, 0xFFFD])),
        "abcXYZ éßñ яжд عرب ไทย 한국 かな",
        "😀👍🏽🔥🏠👨‍👩‍👧",
        "開門報警說殺與這個樓",
        "".join(chr(draw.randrange(0x20, 0xD7FF)) for _ in range(500)),
    ]
    texts = ["", " ", "\x00", "八" * 4000, "1" * 4000]
    while len(texts) < n:
        letters = "".join(draw.sample(alphabets, draw.randint(1, 3)))
        size = draw.choice([1, 5, 20, 60, 150, 160, 400, 4000 if draw.random() < 0.02 else 80])
        texts.append("".join(draw.choices(letters, k=size)))
    return texts


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
