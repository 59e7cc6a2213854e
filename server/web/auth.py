"""Who calls: a bearer token or a session cookie; and whether this view is for them.

A request with an ``Authorization`` header stands or falls with it. Requests by cookie that
change something need the page's CSRF token, in ``X-CSRFToken`` or the field ``csrf_token``.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from flask import Flask, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect  # type: ignore[import-untyped]
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from server.domain.roles import Action, Actor, Role
from server.office import Office
from server.services import accounts
from server.web.access import OFFICE, Access, Need, current_office, need_of
from server.web.problems import CsrfFailed, TokenMissing

COOKIE = "xn_session"
MAX_SECRET = 128


def register(app: Flask) -> None:
    office: Office = app.extensions[OFFICE]
    secure = office.settings.http.secure_cookies
    app.config.update(
        SECRET_KEY=office.vault.session_key,
        SESSION_COOKIE_NAME="xn_csrf",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=secure,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=secure,
    )
    csrf = CSRFProtect(app)

    @app.before_request
    def _guard() -> None:
        if request.endpoint is None:
            return  # nothing lives here; the 404 or 405 says so
        shown = credential()
        g.actor = actor_of(current_office(), shown)
        check(need_of(app, request.endpoint), g.actor)
        if not shown.bearer:
            _check_page_token(csrf)


@dataclass(frozen=True, slots=True)
class Credential:
    """What the caller showed. Never logged."""

    bearer: bool
    secret: str


def credential() -> Credential:
    """The request's token, else its cookie; an empty secret is nobody's."""
    header = request.headers.get("Authorization")
    if header is None:
        return Credential(bearer=False, secret=request.cookies.get(COOKIE, ""))
    scheme, _, secret = header.partition(" ")
    return Credential(bearer=True, secret=secret.strip() if scheme.lower() == "bearer" else "")


def actor_of(office: Office, shown: Credential) -> Actor | None:
    """Whom the credential stands for now. A bad token is a stranger, whatever the cookie says."""
    if not 0 < len(shown.secret) <= MAX_SECRET:
        return None
    find = accounts.token if shown.bearer else accounts.session
    return find(office, shown.secret)


def check(need: Need | None, actor: Actor | None) -> None:
    """Raise 401 for strangers and 403 for the wrong role; no declaration means nobody."""
    if need is Access.PUBLIC or (need is Access.OPERATIONS and _on_this_machine()):
        return
    if actor is None:
        raise TokenMissing
    if isinstance(need, Action):
        allowed = actor.may(need)
    else:
        allowed = need is Access.SIGNED_IN or (
            need is Access.OPERATIONS and actor.role is Role.ADMIN
        )
    if not allowed:
        raise Forbidden


def set_cookie(answer: Response, office: Office, secret: str) -> None:
    """Sign the browser in."""
    settings = office.settings
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=int(settings.security.session_hours * 3600),
        secure=settings.http.secure_cookies,
        httponly=True,
        samesite="Lax",
    )


def _check_page_token(csrf: CSRFProtect) -> None:
    try:
        csrf.protect()
    except CSRFError as error:
        raise CsrfFailed from error


def _on_this_machine() -> bool:
    """Straight from loopback; a request that a proxy passed on is not."""
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
