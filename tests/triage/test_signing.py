"""Signed manifests: what is unsigned, tampered with or a stranger's is refused with the reason."""

from __future__ import annotations

import json
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from triage import signing
from triage.artefact import seal_of, sha256_of
from triage.cli import cli
from triage.cli_learning import add_learning
from triage.errors import ArtefactRefused, WrongUse
from triage.registry import Artefact, Registry
from triage.shipped import models_dir

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
LATER = datetime(2026, 12, 24, 8, 0, tzinfo=UTC)


def place(home: Path, name: str) -> Path:
    """A copy of the shipped model under another name, as if made here."""
    path = home / "models" / name
    shutil.copytree(Registry(models_dir()).current().path, path)
    file = path / "manifest.json"
    facts = json.loads(file.read_text("utf-8")) | {"name": name}
    file.write_text(json.dumps(facts | {"seal": seal_of(facts)}), "utf-8")
    return path


def refusal(home: Path, path: Path) -> str:
    """Why the home refuses it; empty when it does not."""
    try:
        Registry(models_dir(), home / "models").verify(Artefact(path.name, path, shipped=False))
    except ArtefactRefused as error:
        return error.why
    return ""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = place(tmp_path, "made-1")
    signing.vouch(tmp_path, path, NOW)
    return path


def test_what_is_not_signed_is_refused_and_what_is_shipped_is_not(tmp_path: Path) -> None:
    path = place(tmp_path, "made-1")
    assert "nobody here signed it" in refusal(tmp_path, path)
    registry = Registry(models_dir(), tmp_path / "models")
    registry.verify(registry.current())
    signing.vouch(tmp_path, path, NOW)
    assert refusal(tmp_path, path) == ""


def test_the_key_is_made_once_and_its_owner_alone_reads_it(tmp_path: Path) -> None:
    first = signing.make_site_key(tmp_path / "signing", NOW)
    assert signing.make_site_key(tmp_path / "signing", LATER) == first
    mode = (tmp_path / "signing" / "site.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_a_manifest_rewritten_with_all_its_sums_is_refused(tmp_path: Path, made: Path) -> None:
    """Checksums and seal put right again: only the signature tells."""
    (made / "card.md").write_text("better", "utf-8")
    file = made / "manifest.json"
    facts = json.loads(file.read_text("utf-8"))
    facts["files"]["card.md"] = sha256_of(made / "card.md")
    facts["thresholds"]["values"]["mediate_at"] = 0.01
    file.write_text(json.dumps(facts | {"seal": seal_of(facts)}), "utf-8")
    assert refusal(tmp_path, made) == "manifest.json was changed after it was signed"


def test_nobody_vouches_for_files_that_do_not_fit(tmp_path: Path) -> None:
    path = place(tmp_path, "made-1")
    (path / "card.md").write_text("better", "utf-8")
    with pytest.raises(ArtefactRefused, match=r"card\.md was changed"):
        signing.vouch(tmp_path, path, NOW)


@pytest.mark.parametrize("text", ["", "{}", '{"key": 1, "signature": "??"}', "\x00"])
def test_an_unreadable_signature_is_refused(tmp_path: Path, made: Path, text: str) -> None:
    (made / "manifest.sig").write_text(text, "utf-8")
    assert refusal(tmp_path, made)


def test_another_site_is_refused_until_its_key_is_trusted(tmp_path: Path) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    signing.vouch(there, place(there, "made-1"), NOW)
    own = signing.make_site_key(here / "signing", NOW)
    copy = here / "models" / "made-1"
    shutil.copytree(there / "models" / "made-1", copy)
    assert "is not trusted here" in refusal(here, copy)
    theirs = signing.make_site_key(there / "signing", NOW)
    signing.trust(here / "signing", theirs.public, "李某某", NOW)
    assert refusal(here, copy) == ""
    assert set(signing.trusted(here / "signing")) == {own.id, theirs.id}
    with pytest.raises(WrongUse, match="no public key"):
        signing.trust(here / "signing", "abc", "李某某", NOW)


def test_rotation_signs_anew_what_was_sound_and_nothing_else(tmp_path: Path, made: Path) -> None:
    bad = place(tmp_path, "bad-1")
    signing.vouch(tmp_path, bad, NOW)
    (bad / "manifest.json").write_text("{}", "utf-8")
    old_signature = (made / "manifest.sig").read_bytes()
    old = signing.make_site_key(tmp_path / "signing", NOW)
    fresh, names = signing.rotate(tmp_path, "李某某", LATER)
    assert (names, fresh.id != old.id) == (["made-1"], True)
    assert set(signing.trusted(tmp_path / "signing")) == {fresh.id}
    assert refusal(tmp_path, made) == ""
    assert refusal(tmp_path, bad)
    (made / "manifest.sig").write_bytes(old_signature)
    assert "is not trusted here" in refusal(tmp_path, made)


def test_by_command(tmp_path: Path) -> None:
    place(tmp_path, "made-1")
    add_learning(cli)

    def run(*words: str) -> dict[str, object]:
        done = CliRunner().invoke(cli, [*words, f"--home={tmp_path}"])
        assert done.exit_code == 0, done.output
        return dict(json.loads(done.output))

    shown = run("key", "show")
    assert run("sign", "made-1") == {"signed": "made-1", "key": shown["id"]}
    assert run("key", "rotate", "--by", "李某某")["signed_anew"] == ["made-1"]
    assert run("key", "trust", str(shown["public"]), "--by", "李某某")["trusted"] == shown["id"]
