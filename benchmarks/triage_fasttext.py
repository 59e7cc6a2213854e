"""fastText beside the other baselines on the same held-out briefs, and its speed.

    python benchmarks/triage_fasttext.py PYTHON

PYTHON is an interpreter of another environment that has ``fasttext`` (``pip install
fasttext-wheel``); it is no dependency of ours. Words are jieba's for all. The briefs held out are
those of group B on the triage page.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from triage.cues import Lexicon
from triage.segmenter import Segmenter
from triage.shipped import datasets_dir, lexicon_text
from triage.taxonomy import LABELS, Label
from triage.training.baselines import baselines, figures_of
from triage.training.corpus import read_corpus

HELD_OUT = {"reported-speech", "hotline-mixed", "seed-legal-board", "seed-newspaper"}
_OTHER = """
import json, sys, time
import fasttext
model = fasttext.train_supervised(
    sys.argv[1], dim=100, epoch=25, lr=0.5, wordNgrams=2, minCount=2, bucket=200000, thread=1,
    verbose=0,
)
lines = open(sys.argv[2], encoding="utf-8").read().splitlines()
start = time.process_time()
found = [model.f.predict(line + "\\n", 3, 0.0, "strict") for line in lines]
spent = (time.process_time() - start) / len(lines) * 1000
rows = [{name[len("__label__"):]: p for p, name in row} for row in found]
print(json.dumps({"rows": rows, "ms": spent}))
"""


def main() -> None:
    corpus = read_corpus(datasets_dir() / "corpus")
    seen = [e for e in corpus if e.brief not in HELD_OUT]
    unseen = [e for e in corpus if e.brief in HELD_OUT]
    segmenter = Segmenter()
    start = time.process_time()
    lines = [" ".join(t.text for t in segmenter.segment(e.text).words) for e in unseen]
    cut_ms = (time.process_time() - start) / len(unseen) * 1000
    with tempfile.TemporaryDirectory() as scratch:
        train, test = Path(scratch) / "train.txt", Path(scratch) / "test.txt"
        told = (
            f"__label__{e.label} " + " ".join(t.text for t in segmenter.segment(e.text).words)
            for e in seen
        )
        train.write_text("\n".join(told) + "\n", encoding="utf-8")
        test.write_text("\n".join(lines) + "\n", encoding="utf-8")
        done = subprocess.run(
            [sys.argv[1], "-c", _OTHER, str(train), str(test)],
            capture_output=True,
            check=True,
            text=True,
        )
    answer = json.loads(done.stdout)
    p = [{label: max(row.get(str(label), 0.0), 1e-6) for label in LABELS} for row in answer["rows"]]
    truths: list[Label] = [e.label for e in unseen]
    lexicon = Lexicon.parse(lexicon_text())
    for row in baselines([e.text for e in unseen], truths, seen, segmenter, lexicon):
        print(json.dumps(row))
    print(json.dumps(figures_of("jieba, fastText", p, truths)))
    print(f"jieba {cut_ms:.2f} ms a text, fastText {answer['ms']:.3f} ms, CPU time")


if __name__ == "__main__":
    main()
