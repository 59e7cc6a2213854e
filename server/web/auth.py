"""Who calls: a bearer token or a session cookie; and whether this view is for them.

A request with an ``Authorization`` header stands or falls with it. Requests by cookie that
change something need the page's CSRF token, in ``X-CSRFToken`` or the field ``csrf_token``.
"""

from __future__ import annotations

import ipaddress

from flask import Flask, g, request
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import Forbidden
from werkzeug.wrappers import Response

from server.domain.roles import Action, Actor, Role
from server.office import Office
from server.services import accounts
from server.web.access import Access, Need, current_office, need_of
from server.web.problems import CsrfFailed, TokenMissing

COOKIE = "xn_session"
MAX_SECRET = 128
_BEARER = "bearer"


def register(app: Flask) -> None:
    security = app.extensions["xiaonao"].settings
    app.config.update(
        SECRET_KEY=app.extensions["xiaonao"].vault.session_key,
        SESSION_COOKIE_NAME="xn_csrf",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=security.http.secure_cookies,
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=security.http.secure_cookies,
    )
    csrf = CSRFProtect(app)

    @app.before_request
    def _guard() -> None:
        if request.endpoint is None:
            return  # nothing lives here; the 404 or 405 says so
        g.actor = resolve(current_office())
        check(need_of(app, request.endpoint), g.actor)
        if "Authorization" not in request.headers:
            _check_page_token(csrf)


def resolve(office: Office) -> Actor | None:
    """The actor of this request, or None. A bad token is a stranger, whatever the cookie says."""
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, secret = header.partition(" ")
        secret = secret.strip()
        if scheme.lower() != _BEARER or not secret or len(secret) > MAX_SECRET:
            return None
        return accounts.token(office, secret)
    cookie = request.cookies.get(COOKIE)
    return accounts.session(office, cookie) if cookie and len(cookie) <= MAX_SECRET else None


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
