"""Sealing what is personal, and matching it without opening it.

Two keys live in ``HOME/secrets.toml`` (mode 0600), made on the first start: one seals
(AES-256-GCM, a fresh 96-bit nonce per value), one matches (HMAC-SHA-256). Whoever has the
database alone can read neither phones nor ID numbers, nor test guesses against the hashes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import tomllib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_NONCE_BYTES = 12
SECRETS_FILE = "secrets.toml"


class VaultError(Exception):
    """The keys are missing, unreadable or not the ones a value was sealed with."""


@dataclass(frozen=True, slots=True)
class Vault:
    seal_key: bytes
    match_key: bytes
    session_key: str

    def seal(self, clear: str) -> bytes:
        return self.seal_bytes(clear.encode())

    def open(self, sealed: bytes) -> str:
        return self.open_bytes(sealed).decode()

    def seal_bytes(self, clear: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + AESGCM(self.seal_key).encrypt(nonce, clear, _VERSION)

    def open_bytes(self, sealed: bytes) -> bytes:
        """Raises VaultError when it was sealed with another key or changed since."""
        nonce, cipher = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return AESGCM(self.seal_key).decrypt(nonce, cipher, sealed[:1])
        except InvalidTag as error:
            raise VaultError(
                f"A sealed value does not open; restore the {SECRETS_FILE} it was sealed with."
            ) from error

    def seal_json(self, value: object) -> bytes:
        return self.seal(json.dumps(value, ensure_ascii=False))

    def open_json(self, sealed: bytes | None) -> dict[str, str]:
        return dict(json.loads(self.open(sealed))) if sealed else {}

    def key(self, kind: str, value: str) -> str:
        """The matching key of a value: equal for equal values, of no use without this vault."""
        message = f"{kind}\x00{value}".encode()
        return hmac.new(self.match_key, message, hashlib.sha256).hexdigest()


def open_vault(home: Path) -> Vault:
    """The vault of a home folder; made on first use. Raises VaultError."""
    path = home / SECRETS_FILE
    if not path.exists():
        _make(path)
    try:
        kept = tomllib.loads(path.read_text("utf-8"))
        return Vault(
            seal_key=b64decode(kept["seal_key"]),
            match_key=b64decode(kept["match_key"]),
            session_key=str(kept["session_key"]),
        )
    except (OSError, KeyError, ValueError) as error:
        raise VaultError(f"{path} cannot be read; restore it from a backup.") from error


def _make(path: Path) -> None:
    """Written under another name first and linked, so that two starters agree on one file."""
    lines = [
        f'seal_key = "{b64encode(os.urandom(32)).decode()}"',
        f'match_key = "{b64encode(os.urandom(32)).decode()}"',
        f'session_key = "{secrets.token_urlsafe(32)}"',
    ]
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("# Keys of this home folder. Without them sealed data is lost: back it up.\n")
        file.write("\n".join(lines) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
