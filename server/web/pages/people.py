"""Accounts and units: who may sign in, who is where."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from server.domain.errors import Invalid
from server.domain.roles import Action, Role
from server.domain.unit import Traits
from server.services import accounts, people, roster, units
from server.store.accounts import User
from server.web.access import current_actor, current_office, needs
from server.web.pages import unit_traits, words
from server.web.pages.notices import then_back

blueprint = Blueprint("people", __name__)

HERE = "/console/users"


@blueprint.get(HERE)
@needs(Action.MANAGE_USERS)
def users() -> str:
    """Everybody who may sign in, and the tokens of programs."""
    office = current_office()
    roles = {role.value: words.ROLES[role.value] for role in accounts.STAFF_ROLES}
    names = {unit.id: unit.name for unit in units.unit_views(office, current_actor())}
    return render_template(
        "users.html",
        users=accounts.users(office),
        tokens=people.tokens(office),
        roles=roles,
        unit_names=names,
    )


@blueprint.post(HERE)
@needs(Action.MANAGE_USERS)
def add() -> Response:
    """A new account."""

    def act() -> str:
        form = request.form
        made = accounts.create_user(
            current_office(),
            form.get("name", ""),
            form.get("password", ""),
            _role(),
            form.get("unit_id") or None,
            by=current_actor().name,
        )
        return f"已新增账号{made.name}。"

    return then_back(act, HERE)


@blueprint.post(f"{HERE}/<int:user_id>/role")
@needs(Action.MANAGE_USERS)
def role(user_id: int) -> Response:
    """Another role or unit."""
    unit_id = request.form.get("unit_id") or None
    return _act(
        "角色已改",
        lambda: people.change_role(
            current_office(), user_id, _role(), unit_id, actor=current_actor()
        ),
    )


@blueprint.post(f"{HERE}/<int:user_id>/password")
@needs(Action.MANAGE_USERS)
def password(user_id: int) -> Response:
    """A new password; the user is signed out everywhere."""
    said = request.form.get("password", "")
    return _act(
        "密码已改，需重新登录",
        lambda: people.new_password(current_office(), user_id, said, actor=current_actor()),
    )


@blueprint.post(f"{HERE}/<int:user_id>/suspend")
@needs(Action.MANAGE_USERS)
def suspend(user_id: int) -> Response:
    """Take the right to sign in away."""
    return _act(
        "已停用",
        lambda: people.suspend(current_office(), user_id, actor=current_actor(), suspended=True),
    )


@blueprint.post(f"{HERE}/<int:user_id>/restore")
@needs(Action.MANAGE_USERS)
def restore(user_id: int) -> Response:
    """Give it back."""
    return _act(
        "已恢复",
        lambda: people.suspend(current_office(), user_id, actor=current_actor(), suspended=False),
    )


@blueprint.get("/console/units")
@needs(Action.SEE_CONSOLE)
def all_units() -> str:
    """Every unit: duty, task, last position with its age and doubt, battery, devices, skills."""
    known, edited = roster.traits(current_office()), request.args.get("edit", "")
    found = units.unit_views(current_office(), current_actor())
    points = sorted({unit.point for unit in found})
    wanted = request.args.get("point", "")
    shown = [unit for unit in found if not wanted or unit.point == wanted]
    return render_template(
        "units.html",
        units=shown,
        points=points,
        traits=known,
        no_traits=Traits(),
        edited=edited,
        form=unit_traits.form_of(edited, known.get(edited, Traits())) if edited else None,
    )


def _act(said: str, change: Callable[[], User]) -> Response:
    return then_back(lambda: f"{change().name}：{said}。", HERE)


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError as error:
        raise Invalid("role", "请从列表中选择角色") from error
