"""Which model serves, and who decided."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from triage.errors import ModelUnavailable, NothingToRollBack, WrongUse
from triage.registry import Registry

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def place(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).mkdir(parents=True)
        (folder / name / "manifest.json").write_text("{}")


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    shipped = tmp_path / "shipped"
    place(shipped, "first")
    (shipped / "CURRENT.toml").write_text('current = "first"\n')
    place(tmp_path / "home" / "models", "second", "third")
    return Registry(shipped, tmp_path / "home" / "models", clock=lambda: NOW)


def test_the_shipped_model_serves_until_a_home_decides(registry: Registry) -> None:
    assert registry.current().name == "first"
    assert registry.current().shipped
    assert registry.history() == ()


def test_a_promotion_is_on_record_with_who_when_why(registry: Registry) -> None:
    registry.promote("second", "李某某", '因为 "重训"\n更好\\')
    assert registry.current().name == "second"
    (entry,) = registry.history()
    assert (entry.name, entry.by, entry.at) == ("second", "李某某", NOW)
    assert entry.why == '因为 "重训"\n更好\\'


def test_rolling_back_twice_goes_back_twice(registry: Registry) -> None:
    registry.promote("second", "李某某", "甲")
    registry.promote("third", "李某某", "乙")
    assert registry.rollback("王某某", "误判").name == "second"
    assert registry.rollback("王某某", "误判").name == "first"
    with pytest.raises(NothingToRollBack):
        registry.rollback("王某某", "误判")
    assert [entry.back for entry in registry.history()] == [False, False, True, True]


def test_a_promotion_needs_a_person_a_reason_and_a_home(registry: Registry) -> None:
    with pytest.raises(WrongUse, match="person and a reason"):
        registry.promote("second", " ", "甲")
    with pytest.raises(WrongUse, match="--home"):
        Registry(registry.shipped_dir).promote("first", "李某某", "甲")


def test_an_unknown_name_says_which_are_known(registry: Registry) -> None:
    with pytest.raises(ModelUnavailable, match="second, third, first"):
        registry.promote("fourth", "李某某", "甲")


@pytest.mark.parametrize("text", ["current = ", "other = 1", "[[promotion]]\nname = 1", "\x00"])
def test_a_broken_record_is_a_clear_fault(registry: Registry, text: str) -> None:
    assert registry.home_dir is not None
    (registry.home_dir / "CURRENT.toml").write_text(text)
    with pytest.raises(ModelUnavailable, match="repair or remove"):
        registry.current()


def test_a_failed_write_leaves_the_old_record(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.promote("second", "李某某", "甲")

    def full(_file: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        registry.promote("third", "李某某", "乙")
    assert registry.current().name == "second"
    assert registry.home_dir is not None
    assert sorted(f.name for f in registry.home_dir.iterdir() if f.is_file()) == ["CURRENT.toml"]
