"""People who sign in, their sessions, and the bearer tokens of programs.

Secrets of sessions and tokens are 256 random bits kept as SHA-256 only; passwords are kept as
Argon2id. A hash costs 64 MiB and 0.1–0.3 s, so few run at once and the others wait their turn.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from server.domain.errors import Conflict, Invalid, Unavailable
from server.domain.events import NewEvent
from server.domain.roles import SYSTEM, Actor, Role
from server.office import Office
from server.store import accounts as store
from server.store import events
from server.store.accounts import User
from server.store.engine import reading, writing

STAFF_ROLES = (Role.DISPATCHER, Role.MEDIATOR, Role.SUPERVISOR, Role.ADMIN)
"""Roles of people; the others belong to programs, which carry tokens."""
SECRET_BYTES = 32
MIN_PASSWORD = 8
MAX_PASSWORD = 256
MAX_NAME = 64
PARALLEL_HASHES = 2
HASH_WAIT_S = 10.0
SEEN_EVERY = timedelta(minutes=1)
"""A session notes its last use this often, so that reading pages does not write rows."""

_HASHER = PasswordHasher()
_HASH_TURNS = threading.BoundedSemaphore(PARALLEL_HASHES)


def create_user(
    office: Office,
    name: str,
    password: str,
    role: Role,
    unit_id: str | None = None,
    *,
    by: str = SYSTEM,
) -> User:
    """A new person. Raises Invalid naming the argument, or Conflict when the name is taken."""
    name = _checked_name(name)
    if role not in STAFF_ROLES:
        raise Invalid("role", f"must be one of {', '.join(STAFF_ROLES)}; programs take tokens")
    password_hash = _hash(_checked_password(password))
    now = office.clock()
    try:
        with writing(office.engine) as conn:
            check_unit(conn, role, unit_id)
            user = store.add_user(
                conn,
                name=name,
                password_hash=password_hash,
                role=role,
                unit_id=unit_id,
                created_at=now,
            )
            told = {"name": name, "role": role.value}
            events.tell(conn, [NewEvent("user_added", now, by, unit_id=unit_id, body=told)])
    except IntegrityError:
        raise Conflict("That user name is taken; choose another.") from None
    return user


def set_password(office: Office, name: str, password: str) -> None:
    """A new password; every session of the user ends. Raises Invalid."""
    password_hash = _hash(_checked_password(password))
    with writing(office.engine) as conn:
        found = store.user_by_name(conn, _spelled(name))
        if found is None:
            raise Invalid("name", "is not a user; list the users to see their names")
        store.set_password_hash(conn, found[0].id, password_hash)
        store.remove_sessions_of(conn, found[0].id)


def users(office: Office) -> list[User]:
    """Everybody who may sign in, by name."""
    with reading(office.engine) as conn:
        return store.all_users(conn)


def authenticate(office: Office, name: str, password: str) -> User | None:
    """The user when name and password fit; takes as long for a name that does not exist.

    Writes a ``sign_in`` or ``sign_in_failed`` event. A failed one names only a known account:
    people type passwords into the wrong field. Raises Unavailable when too many wait.
    """
    with reading(office.engine) as conn:
        found = store.user_by_name(conn, _spelled(name))
    fits = len(password) <= MAX_PASSWORD and _fits(found[1] if found else _decoy(), password)
    user = found[0] if found and fits and found[0].disabled_at is None else None
    known = found[0] if found else None
    renewed = _hash(password) if user and found and _HASHER.check_needs_rehash(found[1]) else None
    told = NewEvent(
        kind="sign_in" if user else "sign_in_failed",
        at=office.clock(),
        actor=known.name if known else "unknown",
        unit_id=known.unit_id if known else None,
    )
    with writing(office.engine) as conn:
        if user and renewed:
            store.set_password_hash(conn, user.id, renewed)
        events.tell(conn, [told])
    return user


def open_session(office: Office, user: User) -> str:
    """Sign the user in; the secret is for the cookie and is kept nowhere."""
    secret, now = _new_secret(), office.clock()
    expires_at = now + timedelta(hours=office.settings.security.session_hours)
    with writing(office.engine) as conn:
        store.remove_expired_sessions(conn, now)
        store.add_session(
            conn, secret_hash=_digest(secret), user_id=user.id, now=now, expires_at=expires_at
        )
    return secret


def session(office: Office, secret: str) -> Actor | None:
    """Who is signed in with this secret, if the session still holds."""
    now = office.clock()
    with reading(office.engine) as conn:
        row = store.session_by_hash(conn, _digest(secret))
    if row is None or not hmac.compare_digest(row.secret_hash, _digest(secret)):
        return None
    if row.expires_at <= now or row.user.disabled_at is not None:
        return None
    if now - row.seen_at >= SEEN_EVERY:
        _note_seen(office, row.secret_hash, now)
    return row.user.actor()


def close_session(office: Office, secret: str) -> None:
    with writing(office.engine) as conn:
        store.remove_session(conn, _digest(secret))


def create_token(
    office: Office,
    name: str,
    role: Role,
    unit_id: str | None = None,
    *,
    by: str = SYSTEM,
) -> str:
    """A bearer token of any role; the secret is returned once. Raises Invalid."""
    name, secret, now = _checked_name(name), _new_secret(), office.clock()
    with writing(office.engine) as conn:
        check_unit(conn, role, unit_id)
        store.add_token(
            conn,
            name=name,
            role=role,
            unit_id=unit_id,
            secret_hash=_digest(secret),
            created_at=now,
        )
        told = {"name": name, "role": role.value}
        events.tell(conn, [NewEvent("token_created", now, by, unit_id=unit_id, body=told)])
    return secret


def token(office: Office, secret: str) -> Actor | None:
    """Whom this bearer token stands for, unless it was revoked."""
    with reading(office.engine) as conn:
        found = store.token_by_hash(conn, _digest(secret))
    if found is None or not hmac.compare_digest(found[1], _digest(secret)):
        return None
    return found[0].actor() if found[0].revoked_at is None else None


def revoke_tokens(office: Office, name: str) -> int:
    """End every live token of that name; returns how many there were."""
    with writing(office.engine) as conn:
        return store.revoke_tokens(conn, name, office.clock())


def _note_seen(office: Office, secret_hash: str, now: datetime) -> None:
    with writing(office.engine) as conn:
        store.touch_session(conn, secret_hash, now)


def check_unit(conn: Connection, role: Role, unit_id: str | None) -> None:
    """Mediators belong to a unit that exists, others to none. Raises Invalid."""
    if role is Role.MEDIATOR and not unit_id:
        raise Invalid("unit_id", "is missing; a mediator belongs to a unit")
    if role is not Role.MEDIATOR and unit_id:
        raise Invalid("unit_id", "is only for mediators; leave it out")
    if unit_id and not store.unit_exists(conn, unit_id):
        raise Invalid("unit_id", "is not a unit; list the units to see their ids")


def _spelled(name: str) -> str:
    """One spelling per name, whatever the input method typed."""
    return unicodedata.normalize("NFKC", name).strip()


def _checked_name(name: str) -> str:
    name = _spelled(name)
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise Invalid("name", f"takes 1 to {MAX_NAME} printable characters")
    return name


def _checked_password(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise Invalid("password", f"takes {MIN_PASSWORD} to {MAX_PASSWORD} characters")
    return password


def _new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


@contextmanager
def _hash_turn() -> Iterator[None]:
    if not _HASH_TURNS.acquire(timeout=HASH_WAIT_S):
        raise Unavailable("Too many people sign in at once; try again in a moment.")
    try:
        yield
    finally:
        _HASH_TURNS.release()


def _hash(password: str) -> str:
    with _hash_turn():
        return _HASHER.hash(password)


def _fits(password_hash: str, password: str) -> bool:
    try:
        with _hash_turn():
            return _HASHER.verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _decoy() -> str:
    """A hash no password fits, so that unknown names cost as much as known ones."""
    return _hash(_new_secret())
