"""Keyed hashes that let people and places be matched without being read."""

from __future__ import annotations

from dataclasses import dataclass

from server.domain.report import NewReport, address_key
from server.vault import Vault


@dataclass(frozen=True, slots=True)
class Keys:
    """Equal for equal people and places; None where nothing was said."""

    phone: str | None
    id_number: str | None
    address: str | None

    @property
    def caller(self) -> frozenset[str]:
        return frozenset(key for key in (self.phone, self.id_number) if key)


def keys_of(vault: Vault, new: NewReport) -> Keys:
    phone = _digits(new.caller.phone or "")
    id_number = (new.caller.id_number or "").upper()
    place = address_key(new.address)
    return Keys(
        phone=vault.key("phone", phone) if phone else None,
        id_number=vault.key("id", id_number) if id_number else None,
        address=vault.key("address", place) if place else None,
    )


def _digits(phone: str) -> str:
    """The number itself: without blanks, dashes and the country code."""
    digits = "".join(c for c in phone if c.isdigit())
    return digits[-11:] if len(digits) > 11 and digits.startswith(("86", "0086")) else digits
