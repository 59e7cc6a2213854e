"""Rows of people, their sessions and of tokens. Secrets are here only as hashes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select, update

from server.domain.roles import Actor, Role
from server.store.tables import sessions, tokens, units, users


@dataclass(frozen=True, slots=True)
class User:
    """A person who may sign in. ``unit_id`` only for mediators."""

    id: int
    name: str
    role: Role
    unit_id: str | None
    created_at: datetime
    disabled_at: datetime | None

    def actor(self) -> Actor:
        return Actor(self.name, self.role, self.unit_id)


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A bearer token without its secret."""

    id: int
    name: str
    role: Role
    unit_id: str | None
    created_at: datetime
    revoked_at: datetime | None

    def actor(self) -> Actor:
        return Actor(f"token:{self.name}", self.role, self.unit_id)


@dataclass(frozen=True, slots=True)
class SessionRow:
    secret_hash: str
    seen_at: datetime
    expires_at: datetime
    user: User


def add_user(
    conn: Connection,
    *,
    name: str,
    password_hash: str,
    role: Role,
    unit_id: str | None,
    created_at: datetime,
) -> User:
    statement = (
        insert(users)
        .values(
            name=name,
            password_hash=password_hash,
            role=role.value,
            unit_id=unit_id,
            created_at=created_at,
        )
        .returning(users.c.id)
    )
    number = conn.execute(statement).scalar_one()
    return User(number, name, role, unit_id, created_at, None)


def all_users(conn: Connection) -> list[User]:
    return [_user(row) for row in conn.execute(select(users).order_by(users.c.name))]


def user_by_name(conn: Connection, name: str) -> tuple[User, str] | None:
    """The user and the password's hash."""
    row = conn.execute(select(users).where(users.c.name == name)).one_or_none()
    return (_user(row), row.password_hash) if row else None


def user_by_id(conn: Connection, user_id: int) -> User | None:
    row = conn.execute(select(users).where(users.c.id == user_id)).one_or_none()
    return _user(row) if row else None


def set_disabled(conn: Connection, user_id: int, at: datetime | None) -> None:
    conn.execute(update(users).where(users.c.id == user_id).values(disabled_at=at))


def set_role(conn: Connection, user_id: int, role: Role, unit_id: str | None) -> None:
    changed = {"role": role.value, "unit_id": unit_id}
    conn.execute(update(users).where(users.c.id == user_id).values(**changed))


def all_tokens(conn: Connection) -> list[TokenRow]:
    """Live ones first, then by name."""
    query = select(tokens).order_by(tokens.c.revoked_at.is_not(None), tokens.c.name, tokens.c.id)
    return [
        TokenRow(row.id, row.name, Role(row.role), row.unit_id, row.created_at, row.revoked_at)
        for row in conn.execute(query)
    ]


def set_password_hash(conn: Connection, user_id: int, password_hash: str) -> None:
    conn.execute(update(users).where(users.c.id == user_id).values(password_hash=password_hash))


def unit_exists(conn: Connection, unit_id: str) -> bool:
    return conn.execute(select(units.c.id).where(units.c.id == unit_id)).one_or_none() is not None


def add_session(
    conn: Connection, *, secret_hash: str, user_id: int, now: datetime, expires_at: datetime
) -> None:
    conn.execute(
        insert(sessions).values(
            secret_hash=secret_hash,
            user_id=user_id,
            created_at=now,
            seen_at=now,
            expires_at=expires_at,
        )
    )


def session_by_hash(conn: Connection, secret_hash: str) -> SessionRow | None:
    query = (
        select(sessions.c.secret_hash, sessions.c.seen_at, sessions.c.expires_at, users)
        .join(users, users.c.id == sessions.c.user_id)
        .where(sessions.c.secret_hash == secret_hash)
    )
    row = conn.execute(query).one_or_none()
    return SessionRow(row.secret_hash, row.seen_at, row.expires_at, _user(row)) if row else None


def touch_session(conn: Connection, secret_hash: str, now: datetime) -> None:
    conn.execute(update(sessions).where(sessions.c.secret_hash == secret_hash).values(seen_at=now))


def remove_session(conn: Connection, secret_hash: str) -> None:
    conn.execute(delete(sessions).where(sessions.c.secret_hash == secret_hash))


def remove_sessions_of(conn: Connection, user_id: int) -> None:
    conn.execute(delete(sessions).where(sessions.c.user_id == user_id))


def remove_expired_sessions(conn: Connection, now: datetime) -> None:
    conn.execute(delete(sessions).where(sessions.c.expires_at <= now))


def add_token(
    conn: Connection,
    *,
    name: str,
    role: Role,
    unit_id: str | None,
    secret_hash: str,
    created_at: datetime,
) -> None:
    conn.execute(
        insert(tokens).values(
            name=name,
            role=role.value,
            unit_id=unit_id,
            secret_hash=secret_hash,
            created_at=created_at,
        )
    )


def token_by_hash(conn: Connection, secret_hash: str) -> tuple[TokenRow, str] | None:
    """The token and the hash of its secret."""
    row = conn.execute(select(tokens).where(tokens.c.secret_hash == secret_hash)).one_or_none()
    if row is None:
        return None
    found = TokenRow(row.id, row.name, Role(row.role), row.unit_id, row.created_at, row.revoked_at)
    return found, row.secret_hash


def revoke_tokens(conn: Connection, name: str, now: datetime) -> int:
    """Revoke every live token of that name; returns how many."""
    live = (tokens.c.name == name) & tokens.c.revoked_at.is_(None)
    return conn.execute(update(tokens).where(live).values(revoked_at=now)).rowcount


def _user(row: Row[tuple[object, ...]]) -> User:
    return User(row.id, row.name, Role(row.role), row.unit_id, row.created_at, row.disabled_at)
