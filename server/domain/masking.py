"""What a person's data looks like to somebody who does not need it."""

from __future__ import annotations

import re

_NOT_DIGIT = re.compile(r"[^\d]")


def mask_phone(phone: str) -> str:
    """``10000001234`` -> ``100****1234``; short numbers lose all but the last two digits."""
    digits = _NOT_DIGIT.sub("", phone)
    if len(digits) >= 11:
        return f"{digits[:3]}****{digits[-4:]}"
    return "*" * max(len(digits) - 2, 1) + digits[-2:]


def spaced_phone(phone: str) -> str:
    """``10000001234`` -> ``100 0000 1234``, to be read while dialling; others as they are."""
    digits = _NOT_DIGIT.sub("", phone)
    return f"{digits[:3]} {digits[3:7]} {digits[7:]}" if len(digits) == 11 else phone


def mask_name(name: str) -> str:
    """``李小明`` -> ``李某某``; an empty name stays empty."""
    return name[:1] + "某" * min(max(len(name) - 1, 1), 2) if name else ""


def mask_id_number(id_number: str) -> str:
    """Keep the region's four digits and the last two characters."""
    if len(id_number) < 8:
        return "*" * len(id_number)
    return id_number[:4] + "*" * (len(id_number) - 6) + id_number[-2:]
