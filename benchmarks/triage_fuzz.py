"""Ten thousand fuzzed texts through the triager: none may crash, none may take long.

python benchmarks/triage_fuzz.py [N]
"""

from __future__ import annotations

import random
import statistics
import sys
import time

from triage.report import ReportText
from triage.triager import Triager


def fuzzed(seed: int, n: int) -> list[str]:
    """Empty, long, control characters, mixed scripts, only numbers, emoji."""
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


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    triager = Triager.open()
    spent = []
    for number, text in enumerate(fuzzed(11, n)):
        start = time.process_time()
        triager.assess(ReportText(str(number), text))
        spent.append((time.process_time() - start) * 1000)
    spent.sort()
    print(f"{n} texts, no crash; CPU ms: median {statistics.median(spent):.1f}, ", end="")
    print(f"99 % {spent[int(0.99 * n) - 1]:.1f}, slowest {spent[-1]:.1f}; model {triager.name}")


if __name__ == "__main__":
    main()
