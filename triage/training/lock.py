"""What the training ran with: one hash over the installed versions of all we depend on."""

from __future__ import annotations

import re
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, distribution

_PROJECT = "xiaonao"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def lock_hash() -> str:
    """SHA-256 over sorted ``name==version`` of the project's dependencies and theirs, as installed;
    extras and what is not installed are left out."""
    versions: dict[str, str] = {}
    asked = [_PROJECT]
    while asked:
        name = _plain(asked.pop())
        if name in versions:
            continue
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        versions[name] = "" if name == _PROJECT else found.version
        asked += [line for line in found.requires or () if "extra ==" not in line]
    lines = (f"{name}=={version}\n" for name, version in sorted(versions.items()))
    return sha256("".join(lines).encode()).hexdigest()


def _plain(requirement: str) -> str:
    found = _NAME.match(requirement)
    name = found.group() if found else requirement
    return re.sub(r"[-_.]+", "-", name).lower()
