"""Pure modules need nothing but the standard library; serving never imports scikit-learn."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import triage

ROOT = Path(triage.__file__).parent.parent
PURE = (
    "taxonomy",
    "report",
    "cues",
    "recurrence",
    "policy",
    "doubt",
    "assessment",
    "errors",
    "redaction",
    "rows",
    "chronicle",
    "codes",
    "training.bounds",
    "training.evaluate",
    "training.thresholds",
    "training.gate",
    "recurrence_model",
    "trail",
    "why",
    "foresight",
    "training.recurrence_count",
    "training.recurrence_labels",
    "training.recurrence_city",
)


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_load_without_site_packages(module: str) -> None:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import triage.{module}"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_serving_imports_no_learning_library() -> None:
    code = (
        "import sys; from triage.triager import Triager; from triage.report import ReportText;"
        "Triager.open().assess(ReportText('1', '楼上漏水不肯赔'));"
        "print([m for m in ('sklearn', 'scipy', 'onnx') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"
    assert done.stderr == ""
