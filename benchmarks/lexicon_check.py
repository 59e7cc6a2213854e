"""Does the promise about police texts outlive a changed cue lexicon? Every text of the corpus.

    python benchmarks/lexicon_check.py REVISION [--record]

The bound on police texts handed on was counted with the lexicon of the training run; REVISION is a
commit that has it. A report can be handed on only while no cue is in force and no doubt is there.
So if no police text that a cue or a doubt held back then is free of them now, then no police text
can be newly handed on, whatever the probabilities, and the count still bounds the rate.

``--record`` writes ``lexicon_measured.json`` beside this file; a test compares it with what ships.
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

from triage.artefact import read_manifest
from triage.registry import Registry
from triage.shipped import datasets_dir, lexicon_text, models_dir
from triage.training.corpus import Example, content_hash, read_corpus, without_near_duplicates

RECORD = Path(__file__).with_name("lexicon_measured.json")
_ROOT = Path(__file__).resolve().parents[1]
_LOOK = """
import json, sys
from triage.cues import Lexicon
from triage.doubt import Evidence, Limits, past_danger
from triage.shipped import lexicon_text
from triage.taxonomy import Label
from triage.triager import cues_of
lexicon = Lexicon.parse(lexicon_text())
calm = {Label.POLICE: 0.0, Label.DISPUTE: 1.0, Label.SERVICE: 0.0}
for line in sys.stdin:
    cues = cues_of(json.loads(line), lexicon)
    grades = {cue.grade for cue in cues if cue.in_force}
    doubt = past_danger(Evidence(calm, cues, 60, 0.0), Limits())
    print(2 if "grave" in grades else 1 if grades or doubt else 0)
"""


def held_back(texts: list[str], package: Path) -> list[int]:
    """2 for a grave cue in force, 1 for a weak one or a past danger, 0 for neither, by the triage
    package that lies in ``package``."""
    lines = "".join(json.dumps(text) + "\n" for text in texts)
    ran = subprocess.run(
        [sys.executable, "-c", _LOOK],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
        cwd=package,
        env={"PYTHONPATH": str(package)},
    )
    return [int(line) for line in ran.stdout.split()]


def at_revision(revision: str, folder: Path) -> Path:
    """The triage package as it was, unpacked into ``folder``."""
    packed = subprocess.run(
        ["git", "archive", revision, "triage"], capture_output=True, check=True, cwd=_ROOT
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        files.extractall(folder, filter="data")
    return folder


def lexicon_of(package: Path) -> str:
    return sha256((package / "triage" / "data" / "cues.toml").read_bytes()).hexdigest()


def record_of(examples: list[Example], before: list[int], now: list[int]) -> dict[str, Any]:
    moves = Counter(
        (str(example.label), was > 0, is_now > 0)
        for example, was, is_now in zip(examples, before, now, strict=True)
    )
    return {
        label: {
            "texts": sum(n for (one, _, _), n in moves.items() if one == label),
            "released": moves[label, True, False],
            "newly_held_back": moves[label, False, True],
        }
        for label in ("police", "dispute", "service")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision")
    parser.add_argument("--record", action="store_true")
    given = parser.parse_args()
    facts = read_manifest(Registry(models_dir()).current().path).facts
    examples = without_near_duplicates(read_corpus(datasets_dir() / "corpus"))
    texts = [example.text for example in examples]
    with tempfile.TemporaryDirectory() as scratch:
        old = at_revision(given.revision, Path(scratch))
        was_of_model = lexicon_of(old) == facts["training"]["lexicon_sha256"]
        before = held_back(texts, old)
    if not was_of_model:
        raise SystemExit(f"{given.revision} has not the lexicon {facts['name']} was trained with.")
    record = {
        "model": facts["name"],
        "lexicon_sha256": sha256(lexicon_text().encode()).hexdigest(),
        "data_sha256": content_hash(examples),
        "by_label": record_of(examples, before, held_back(texts, _ROOT)),
    }
    if given.record:
        RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(record, indent=2))


if __name__ == "__main__":
    main()
