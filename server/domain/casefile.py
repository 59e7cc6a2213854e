"""The file of a hard case (疑难上报) for the conflict centre: names, list of hashes, a fixed zip.

No format of a centre was given, so it is ours: plain JSON beside Word files, each named with its
SHA-256 in a list that ``sha256sum -c`` reads.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import datetime

LIST = "SHA256SUMS"
VERSION = 1
MAX_BYTES = 100_000_000
"""Beyond it attachments stay out, named by their hashes only."""

_EXTENSIONS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "audio/webm": "webm",
    "audio/ogg": "ogg",
    "audio/mp4": "m4a",
    "text/plain": "txt",
}


def as_json(value: object) -> bytes:
    """UTF-8, sorted, readable; the same value gives the same bytes."""
    text = json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True, default=_plain)
    return (text + "\n").encode()


def extension(media_type: str) -> str:
    return _EXTENSIONS.get(media_type.partition(";")[0].strip(), "bin")


def hash_list(files: Mapping[str, bytes]) -> bytes:
    lines = (f"{hashlib.sha256(held).hexdigest()}  {name}" for name, held in sorted(files.items()))
    return ("\n".join(lines) + "\n").encode()


def pack(files: Mapping[str, bytes], at: datetime) -> bytes:
    """One zip with the list of hashes; the same files at the same moment give the same bytes."""
    held = io.BytesIO()
    whole = {**files, LIST: hash_list(files)}
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted(whole.items()):
            entry = zipfile.ZipInfo(
                name, (at.year, at.month, at.day, at.hour, at.minute, at.second)
            )
            entry.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(entry, content)
    return held.getvalue()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(type(value).__name__)
