"""Accounts, sessions and tokens, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from server.domain.errors import Conflict, Invalid
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import accounts, reading
from server.store.engine import reading as read
from server.store.engine import writing
from server.store.tables import sessions, tokens, users

UNIT = "u-shunda-1"
PASSWORD = "made-up-password"

pytestmark = pytest.mark.usefixtures("units")


def _kinds(office: Office) -> list[tuple[str, str]]:
    return [(e.kind, e.actor) for e in reading.events_after(office, 0, limit=100)]


def test_the_right_password_signs_in_and_leaves_a_trace(office: Office) -> None:
    accounts.create_user(office, "zhihui", PASSWORD, Role.DISPATCHER)
    user = accounts.authenticate(office, "zhihui", PASSWORD)
    assert user is not None
    assert user.actor() == Actor("zhihui", Role.DISPATCHER)
    assert ("sign_in", "zhihui") in _kinds(office)


def test_a_wrong_password_or_name_leaves_a_trace_without_what_was_typed(office: Office) -> None:
    accounts.create_user(office, "zhihui", PASSWORD, Role.DISPATCHER)
    assert accounts.authenticate(office, "zhihui", "not the password") is None
    assert accounts.authenticate(office, "made-up-password-as-name", PASSWORD) is None
    failed = [actor for kind, actor in _kinds(office) if kind == "sign_in_failed"]
    assert failed == ["zhihui", "unknown"]


def test_a_name_typed_in_full_width_is_the_same_name(office: Office) -> None:
    accounts.create_user(office, "zhihui", PASSWORD, Role.DISPATCHER)
    assert accounts.authenticate(office, " ｚｈｉｈｕｉ ", PASSWORD) is not None


def test_no_secret_is_stored_in_clear(office: Office) -> None:
    user = accounts.create_user(office, "zhihui", PASSWORD, Role.DISPATCHER)
    secrets = {accounts.open_session(office, user), accounts.create_token(office, "t", Role.EDGE)}
    with read(office.engine) as conn:
        stored = {conn.execute(select(users.c.password_hash)).scalar_one()}
        stored |= {conn.execute(select(sessions.c.secret_hash)).scalar_one()}
        stored |= {conn.execute(select(tokens.c.secret_hash)).scalar_one()}
    assert not any(secret in kept for kept in stored for secret in secrets | {PASSWORD})
    assert all(len(secret) >= 43 for secret in secrets)  # 256 bits in base64


def test_a_session_holds_until_it_expires(office: Office, clock) -> None:
    user = accounts.create_user(office, "tiaojie", PASSWORD, Role.MEDIATOR, UNIT)
    secret = accounts.open_session(office, user)
    assert accounts.session(office, secret) == Actor("tiaojie", Role.MEDIATOR, UNIT)
    clock.forward(timedelta(hours=office.settings.security.session_hours).total_seconds() - 1)
    assert accounts.session(office, secret) is not None
    clock.forward(1)
    assert accounts.session(office, secret) is None


def test_signing_out_ends_the_session_and_only_it(office: Office) -> None:
    user = accounts.create_user(office, "zhihui", PASSWORD, Role.DISPATCHER)
    first, second = accounts.open_session(office, user), accounts.open_session(office, user)
    accounts.close_session(office, first)
    assert accounts.session(office, first) is None
    assert accounts.session(office, second) is not None


def test_a_new_password_ends_every_session(office: Office) -> None:
    user = accounts.create_user(office, "zhihui", PASSWORD, Role.DISPATCHER)
    secret = accounts.open_session(office, user)
    accounts.set_password(office, "zhihui", "another-made-up-one")
    assert accounts.session(office, secret) is None
    assert accounts.authenticate(office, "zhihui", PASSWORD) is None
    assert accounts.authenticate(office, "zhihui", "another-made-up-one") is not None


def test_a_disabled_user_is_out_at_once(office: Office, clock) -> None:
    user = accounts.create_user(office, "zhihui", PASSWORD, Role.DISPATCHER)
    secret = accounts.open_session(office, user)
    with writing(office.engine) as conn:
        conn.execute(update(users).values(disabled_at=clock()))
    assert accounts.session(office, secret) is None
    assert accounts.authenticate(office, "zhihui", PASSWORD) is None


def test_expired_sessions_are_swept_at_the_next_sign_in(office: Office, clock) -> None:
    user = accounts.create_user(office, "zhihui", PASSWORD, Role.DISPATCHER)
    accounts.open_session(office, user)
    clock.forward(13 * 3600)
    accounts.open_session(office, user)
    with read(office.engine) as conn:
        assert len(conn.execute(select(sessions)).all()) == 1


def test_a_token_stands_for_its_role_until_revoked(office: Office) -> None:
    secret = accounts.create_token(office, "110-link", Role.INTAKE)
    assert accounts.token(office, secret) == Actor("token:110-link", Role.INTAKE)
    assert accounts.token(office, secret[:-1] + ("A" if secret[-1] != "A" else "B")) is None
    assert accounts.revoke_tokens(office, "110-link") == 1
    assert accounts.token(office, secret) is None


@pytest.mark.parametrize(
    ("name", "password", "role", "unit_id", "field"),
    [
        ("", PASSWORD, Role.ADMIN, None, "name"),
        ("a\x00b", PASSWORD, Role.ADMIN, None, "name"),
        ("x" * 65, PASSWORD, Role.ADMIN, None, "name"),
        ("x", "short", Role.ADMIN, None, "password"),
        ("x", PASSWORD, Role.EDGE, None, "role"),
        ("x", PASSWORD, Role.MEDIATOR, None, "unit_id"),
        ("x", PASSWORD, Role.MEDIATOR, "u-none", "unit_id"),
        ("x", PASSWORD, Role.ADMIN, UNIT, "unit_id"),
    ],
)
def test_a_wrong_user_is_refused_naming_the_field(
    office: Office, name: str, password: str, role: Role, unit_id: str | None, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        accounts.create_user(office, name, password, role, unit_id)
    assert caught.value.field == field
    assert accounts.users(office) == []


def test_a_taken_name_is_a_conflict(office: Office) -> None:
    accounts.create_user(office, "zhihui", PASSWORD, Role.DISPATCHER)
    with pytest.raises(Conflict):
        accounts.create_user(office, "zhihui", PASSWORD, Role.ADMIN)
    assert [user.role for user in accounts.users(office)] == [Role.DISPATCHER]
