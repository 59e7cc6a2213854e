"""What an administrator does with accounts: change, suspend, give a new password."""

from __future__ import annotations

from sqlalchemy import Connection

from server.domain.errors import Conflict, Invalid, Missing
from server.domain.events import NewEvent
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import accounts
from server.store import accounts as store
from server.store import events
from server.store.accounts import TokenRow, User
from server.store.engine import reading, writing


def suspend(office: Office, user_id: int, *, actor: Actor, suspended: bool) -> User:
    """Take the right to sign in away, or give it back; open sessions end at once.

    Raises Missing; Conflict when it would be oneself or the last administrator.
    """
    now = office.clock()
    with writing(office.engine) as conn:
        user = _found(conn, user_id)
        if suspended:
            _refuse_self(user, actor)
            _refuse_last_admin(conn, user)
        store.set_disabled(conn, user_id, now if suspended else None)
        store.remove_sessions_of(conn, user_id)
        change = "suspended" if suspended else "restored"
        body = {"name": user.name, "change": change}
        events.tell(conn, [NewEvent("user_changed", now, actor.name, body=body)])
    return user


def change_role(
    office: Office, user_id: int, role: Role, unit_id: str | None, *, actor: Actor
) -> User:
    """Another role or unit, from the next sign-in on. Raises Missing, Invalid, Conflict."""
    now = office.clock()
    if role not in accounts.STAFF_ROLES:
        raise Invalid("role", "请从列表中选择角色")
    with writing(office.engine) as conn:
        user = _found(conn, user_id)
        _refuse_self(user, actor)
        if role is not Role.ADMIN:
            _refuse_last_admin(conn, user)
        accounts.check_unit(conn, role, unit_id)
        store.set_role(conn, user_id, role, unit_id)
        store.remove_sessions_of(conn, user_id)
        body = {"name": user.name, "change": "role", "role": role.value}
        events.tell(conn, [NewEvent("user_changed", now, actor.name, unit_id=unit_id, body=body)])
    return user


def new_password(office: Office, user_id: int, password: str, *, actor: Actor) -> User:
    """A new password; every session of the user ends. Raises Missing, Invalid."""
    with reading(office.engine) as conn:
        user = _found(conn, user_id)
    accounts.set_password(office, user.name, password)
    body = {"name": user.name, "change": "password"}
    with writing(office.engine) as conn:
        told = NewEvent("user_changed", office.clock(), actor.name, body=body)
        events.tell(conn, [told])
    return user


def tokens(office: Office) -> list[TokenRow]:
    """Tokens of programs, live ones first; their secrets are kept nowhere."""
    with reading(office.engine) as conn:
        return store.all_tokens(conn)


def _found(conn: Connection, user_id: int) -> User:
    user = store.user_by_id(conn, user_id)
    if user is None:
        raise Missing("user", str(user_id))
    return user


def _refuse_self(user: User, actor: Actor) -> None:
    if user.name == actor.name:
        raise Conflict("Nobody changes the own account; another administrator may.")


def _refuse_last_admin(conn: Connection, user: User) -> None:
    if user.role is not Role.ADMIN:
        return
    others = [
        other
        for other in store.all_users(conn)
        if other.role is Role.ADMIN and other.disabled_at is None and other.id != user.id
    ]
    if not others:
        raise Conflict("The last administrator stays; appoint another first.")
