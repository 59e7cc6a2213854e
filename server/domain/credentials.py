"""Secrets of devices and programs: made here, shown once, kept only as hashes."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import b64decode, b64encode

_ROUNDS = 101
"""What mosquitto_passwd uses; device secrets are 160 random bits, so rounds add nothing."""

NO_ACCOUNT = "!"
"""No secret hashes to this: such a device speaks through its owner's sign-in, never to a broker."""


def new_secret() -> str:
    """160 random bits, URL-safe."""
    return secrets.token_urlsafe(20)


def broker_hash(secret: str) -> str:
    """Mosquitto's password format ``$7$rounds$salt$hash`` (PBKDF2-HMAC-SHA512, 64 bytes)."""
    salt = os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, _ROUNDS, dklen=64)
    return f"$7${_ROUNDS}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def fits(secret: str, kept: str) -> bool:
    """Whether a secret is the one behind a ``broker_hash``."""
    _, _, rounds, salt, digest = kept.split("$")
    made = hashlib.pbkdf2_hmac("sha512", secret.encode(), b64decode(salt), int(rounds), dklen=64)
    return hmac.compare_digest(made, b64decode(digest))


def token_hash(secret: str) -> str:
    """SHA-256 in hex: enough for secrets of 160 random bits or more."""
    return hashlib.sha256(secret.encode()).hexdigest()
