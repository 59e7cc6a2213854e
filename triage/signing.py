"""Who made an artefact: a home's own key signs the manifests of what it trains.

Ed25519 (RFC 8032) over the bytes of ``manifest.json``, which holds the checksum of every file
beside it. The key pair is made with the home: ``HOME/signing/site.key`` signs,
``HOME/signing/trusted.json`` names the public keys whose artefacts may be loaded here. That keeps
out what was put into ``HOME/models`` from elsewhere or changed there, manifest and all; whoever
owns the whole home can do anything. Shipped artefacts are part of the program.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from triage.artefact import MANIFEST_FILE, read_manifest, verify_files
from triage.errors import ArtefactRefused, WrongUse

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIGNATURE_FILE = "manifest.sig"
FOLDER = "signing"
SIGNED = ("models", "risk")
"""Folders of a home that hold signed artefacts."""
KEY_FILE = "site.key"
TRUSTED_FILE = "trusted.json"


@dataclass(frozen=True, slots=True)
class Key:
    """A public key as ``trusted.json`` has it: base64, since when and by whom it is trusted."""

    public: str
    since: str
    by: str

    @property
    def id(self) -> str:
        return sha256(b64decode(self.public)).hexdigest()[:16]


def make_site_key(folder: Path, now: datetime, by: str = "install") -> Key:
    """The home's key, made on first use and trusted from then on; the present one afterwards."""
    path = folder / KEY_FILE
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_key(path, _new_key())
    key = Key(_public_of(_private(folder)), now.isoformat(timespec="seconds"), by)
    known = trusted(folder)
    if key.id not in known:
        _write_trusted(folder, {**known, key.id: key})
    return trusted(folder)[key.id]


def trusted(folder: Path) -> dict[str, Key]:
    """Every key whose artefacts may be loaded, by its id; empty for a home without any."""
    file = folder / TRUSTED_FILE
    try:
        rows = json.loads(file.read_text("utf-8")) if file.is_file() else []
        keys = [Key(str(row["public"]), str(row["since"]), str(row["by"])) for row in rows]
        return {key.id: key for key in keys}
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = type(error).__name__
        raise WrongUse(f"{FOLDER}/{TRUSTED_FILE} cannot be read ({why}); restore it.") from None


def sign(folder: Path, artefact: Path) -> None:
    """Sign the manifest of ``artefact`` with the home's key; whoever calls answers for it."""
    _sign_with(_private(folder), artefact)


def vouch(home: Path, artefact: Path, now: datetime) -> None:
    """Sign what was made elsewhere, after its files were found to be those of its manifest."""
    verify_files(artefact, read_manifest(artefact))
    make_site_key(home / FOLDER, now)
    sign(home / FOLDER, artefact)


def check(folder: Path, artefact: Path) -> None:
    """``ArtefactRefused`` unless a trusted key signed the manifest as it is now."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    name = artefact.name
    try:
        said = json.loads((artefact / SIGNATURE_FILE).read_text("utf-8"))
        key_id, signature = str(said["key"]), b64decode(said["signature"])
        manifest = (artefact / MANIFEST_FILE).read_bytes()
    except FileNotFoundError:
        raise ArtefactRefused(name, "nobody here signed it (xiaonao-triage sign)") from None
    except (OSError, ValueError, KeyError, TypeError):
        raise ArtefactRefused(name, f"{SIGNATURE_FILE} cannot be read") from None
    key = trusted(folder).get(key_id)
    if key is None:
        raise ArtefactRefused(name, f"its key {key_id[:16]} is not trusted here")
    try:
        Ed25519PublicKey.from_public_bytes(b64decode(key.public)).verify(signature, manifest)
    except InvalidSignature:
        raise ArtefactRefused(name, f"{MANIFEST_FILE} was changed after it was signed") from None


def trust(folder: Path, public: str, by: str, now: datetime) -> Key:
    """Load artefacts of another site's key too. ``WrongUse`` when it is none."""
    try:
        fits = len(b64decode(public, validate=True)) == 32
    except ValueError:
        fits = False
    if not fits:
        raise WrongUse("That is no public key; give what `xiaonao-triage key show` prints there.")
    key = Key(public, now.isoformat(timespec="seconds"), by)
    _write_trusted(folder, {**trusted(folder), key.id: key})
    return key


def rotate(home: Path, by: str, now: datetime) -> tuple[Key, list[str]]:
    """A new key for the home; what its old key signed is signed anew, then the old one is trusted
    no more. The new key and the names signed. Broken off, it can be run again."""
    folder = home / FOLDER
    old = make_site_key(folder, now)
    fresh = _new_key()
    key = Key(_public_of(fresh), now.isoformat(timespec="seconds"), by)
    _write_trusted(folder, {**trusted(folder), key.id: key})
    signed = [file for kept in SIGNED for file in sorted((home / kept).glob(f"*/{SIGNATURE_FILE}"))]
    own = [file.parent for file in signed]
    sound = [path for path in own if _is_sound(folder, path)]
    for path in sound:
        _sign_with(fresh, path)
    _write_key(folder / KEY_FILE, fresh)
    _write_trusted(folder, {i: k for i, k in trusted(folder).items() if i != old.id})
    return key, [path.name for path in sound]


def _sign_with(private: Ed25519PrivateKey, artefact: Path) -> None:
    manifest = (artefact / MANIFEST_FILE).read_bytes()
    said = {
        "key": Key(_public_of(private), "", "").id,
        "signature": b64encode(private.sign(manifest)).decode(),
    }
    _replace(artefact / SIGNATURE_FILE, json.dumps(said) + "\n", 0o644)


def _is_sound(folder: Path, artefact: Path) -> bool:
    try:
        check(folder, artefact)
    except ArtefactRefused:
        return False
    return True


def _new_key() -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate()


def _private(folder: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        raw = b64decode((folder / KEY_FILE).read_text("ascii").strip())
        return Ed25519PrivateKey.from_private_bytes(raw)
    except (OSError, ValueError) as error:
        why = type(error).__name__
        raise WrongUse(f"{FOLDER}/{KEY_FILE} cannot be read ({why}); restore it.") from None


def _public_of(private: Ed25519PrivateKey) -> str:
    return b64encode(private.public_key().public_bytes_raw()).decode()


def _write_key(path: Path, key: Ed25519PrivateKey) -> None:
    _replace(path, b64encode(key.private_bytes_raw()).decode() + "\n", 0o600)


def _write_trusted(folder: Path, keys: Mapping[str, Key]) -> None:
    rows = [asdict(key) for key in keys.values()]
    _replace(folder / TRUSTED_FILE, json.dumps(rows, ensure_ascii=False, indent=2) + "\n", 0o600)


def _replace(path: Path, text: str, mode: int) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
