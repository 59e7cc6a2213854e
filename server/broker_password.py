"""Secrets of MQTT accounts, hashed the way Mosquitto keeps them.

Pure but for the randomness of a new secret. The store keeps exactly this hash, so the broker's
password file can be written from the store alone and no clear secret passes a command line.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import b64decode, b64encode
from binascii import Error as NotBase64

ITERATIONS = 101
"""Mosquitto's own default. Our secrets have 192 random bits, so guessing needs no slowing down,
while every connection of every device pays for each round."""
_SALT_BYTES = 12
_HASH_BYTES = 64


def new_secret() -> str:
    """A fresh secret of 192 bits, safe to type and to put into a URL."""
    return secrets.token_urlsafe(24)


def hash_secret(secret: str, *, salt: bytes | None = None, iterations: int = ITERATIONS) -> str:
    """``$7$iterations$salt$hash``: PBKDF2-HMAC-SHA-512, base64, as ``mosquitto_passwd`` writes."""
    salt = os.urandom(_SALT_BYTES) if salt is None else salt
    digest = hashlib.pbkdf2_hmac("sha512", secret.encode(), salt, iterations, _HASH_BYTES)
    return f"$7${iterations}${b64encode(salt).decode()}${b64encode(digest).decode()}"


def matches(secret: str, hashed: str) -> bool:
    """Whether ``secret`` belongs to ``hashed``; False for a hash of another kind."""
    try:
        _, kind, iterations, salt, _ = hashed.split("$")
        again = hash_secret(secret, salt=b64decode(salt), iterations=int(iterations))
    except (ValueError, NotBase64):
        return False
    return kind == "7" and hmac.compare_digest(again, hashed)
