"""Settings that say what is wrong with them, and a vault that keeps what it is given."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from server.config import ConfigError, known_keys, load
from server.vault import SECRETS_FILE, VaultError, open_vault


def write(home: Path, text: str) -> Path:
    (home / "xiaonao.toml").write_text(text, "utf-8")
    return home


def test_an_empty_home_has_all_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path, {})
    assert settings.deadlines.arrived_s == 480
    assert settings.database_url(tmp_path).startswith("sqlite:///")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    home = write(tmp_path, "[http]\nport = 9000\n[deadlines]\nsigned_s = 30\n")
    settings = load(home, {"XIAONAO_HTTP__PORT": "9001", "XIAONAO_HOME": "x", "PATH": "y"})
    assert (settings.http.port, settings.deadlines.signed_s) == (9001, 30)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[htp]\nport = 1\n", "did you mean http?"),
        ("[http]\nprot = 1\n", "did you mean http.port?"),
        ("[mqtt]\nurll = 'x'\n", "did you mean mqtt.url?"),
        ("[http]\nport = 'x'\n", "Setting http.port"),
        ("[review]\naudit_share = 0.1\n", "is now called review.spot_check_share"),
        ("http = 1\n", "write \\[http\\] above its keys"),
        ("[district]\ntime_zone = 'Mars/Base'\n", "write for example Asia/Shanghai"),
        ("[http\n", "not valid TOML"),
    ],
)
def test_a_wrong_setting_says_what_to_write(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load(write(tmp_path, text), {})


def test_every_setting_is_described() -> None:
    keys = list(known_keys())
    assert len(keys) > 40
    assert not [f"{table}.{key}" for table, key, words, _ in keys if not words.endswith(".")]


def test_what_was_sealed_opens_and_matches(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    again = open_vault(tmp_path)
    assert again.open(vault.seal("李某某")) == "李某某"
    assert vault.seal("same") != vault.seal("same")
    assert vault.key("phone", "1") == again.key("phone", "1")
    assert vault.key("phone", "1") != vault.key("id", "1")
    assert stat.S_IMODE((tmp_path / SECRETS_FILE).stat().st_mode) == 0o600


def test_another_key_or_a_changed_value_does_not_open(tmp_path: Path) -> None:
    vault = open_vault(tmp_path)
    sealed = vault.seal("李某某")
    with pytest.raises(VaultError, match="restore"):
        replace(vault, seal_key=b"0" * 32).open(sealed)
    with pytest.raises(VaultError):
        vault.open(sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_a_damaged_secrets_file_is_not_replaced(tmp_path: Path) -> None:
    open_vault(tmp_path)
    path = tmp_path / SECRETS_FILE
    path.write_text("seal_key = 'x'\n", "utf-8")
    with pytest.raises(VaultError, match="backup"):
        open_vault(tmp_path)
    assert path.read_text("utf-8") == "seal_key = 'x'\n"
