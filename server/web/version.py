"""Which version of the pages this server has: old ones reload themselves when it changes."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent


@cache
def version_of_pages() -> str:
    """Twelve hex digits over every template and static file, as they were at the first call."""
    digest = hashlib.sha256()
    for folder in ("templates", "static"):
        for path in sorted((_HERE / folder).rglob("*")):
            if path.is_file():
                digest.update(str(path.relative_to(_HERE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
