"""What every view declares, and what it may ask for.

Deny by default: a route whose view declares nothing stops the application from starting.

    @blueprint.get("/console")
    @needs(Action.SEE_CONSOLE)
    def console() -> str:
        page = reading.cases(current_office(), current_actor())
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import ParamSpec, TypeVar

from flask import Flask, current_app, g

from server.domain.roles import Action, Actor
from server.office import Office

P = ParamSpec("P")
R = TypeVar("R")

OFFICE = "xiaonao"
"""Key of the office in ``app.extensions``."""


class Access(StrEnum):
    """Needs that are not actions of a role."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    OPERATIONS = "operations"
    """An admin, or anybody on this machine."""


Need = Action | Access

_NEED = "_xiaonao_need"
_PUBLIC_ENDPOINTS = frozenset({"static"})


def needs(need: Need) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare who may call a view."""

    def declare(view: Callable[P, R]) -> Callable[P, R]:
        setattr(view, _NEED, need)
        return view

    return declare


def need_of(app: Flask, endpoint: str) -> Need | None:
    """What the endpoint's view declared, or None."""
    if endpoint in _PUBLIC_ENDPOINTS or endpoint.endswith(".static"):
        return Access.PUBLIC
    found = getattr(app.view_functions.get(endpoint), _NEED, None)
    return found if isinstance(found, Action | Access) else None


def undeclared(app: Flask) -> list[str]:
    """Endpoints that forgot to declare; must be empty."""
    return sorted(
        rule.endpoint for rule in app.url_map.iter_rules() if need_of(app, rule.endpoint) is None
    )


def current_office() -> Office:
    office = current_app.extensions[OFFICE]
    assert isinstance(office, Office)
    return office


def current_actor() -> Actor:
    """Who calls. Only for views that are not public."""
    actor = actor_or_none()
    if actor is None:
        raise LookupError("a public view has no actor; use actor_or_none()")
    return actor


def actor_or_none() -> Actor | None:
    """Who calls, or None for a stranger on a public view."""
    actor = g.get("actor")
    return actor if isinstance(actor, Actor) else None
