"""Secrets the parts of one home share, kept sealed beside it: of no use without the vault."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from server.supervise.lock import run_folder
from server.vault import Vault, VaultError

PARTS_FILE = "parts.sealed"
DEMO_FILE = "demo.sealed"
EDGE_TOKEN = "edge_token"  # noqa: S105 - a name, not a secret
BROKER_PASSWORD = "broker_password"  # noqa: S105


def read(home: Path, vault: Vault, name: str) -> dict[str, str]:
    """What was kept; empty when nothing was or when the vault is another one."""
    path = run_folder(home) / name
    try:
        return vault.open_json(path.read_bytes()) if path.exists() else {}
    except (VaultError, ValueError):
        return {}


def write(home: Path, vault: Vault, name: str, values: Mapping[str, str]) -> None:
    """Replace the file as a whole, for the owner's eyes only."""
    path = run_folder(home) / name
    draft = path.with_name(f".{name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(vault.seal_json(dict(values)))
    draft.replace(path)


def is_demo(home: Path) -> bool:
    """Whether this home was ever filled with demo accounts, whose password everybody knows."""
    return (home / "run" / DEMO_FILE).exists()
