"""Signing in and out with a browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Blueprint, Flask, current_app, make_response, redirect, render_template, request
from flask import session as page_session
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from jinja2 import TemplateNotFound
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from server.domain.roles import Action, Actor
from server.office import Office
from server.services import accounts
from server.web import auth
from server.web.access import Access, actor_or_none, current_office, needs

DEMO = "xiaonao_demo_accounts"
WRONG = "账号或密码不对，请重新输入。"
MAX_NEXT = 500

sign_in = Blueprint("sign_in", __name__)


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """A made-up account that the sign-in page of a demonstration shows."""

    name: str
    password: str
    words: str


def register(app: Flask, office: Office, demo_accounts: Sequence[DemoAccount]) -> None:
    """``security.login_limit`` counts failed attempts per address."""
    app.extensions[DEMO] = tuple(demo_accounts)
    app.register_blueprint(sign_in)
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://", headers_enabled=True)
    limited = limiter.limit(
        office.settings.security.login_limit, deduct_when=lambda answer: answer.status_code == 401
    )
    view = app.view_functions["sign_in.enter"]
    app.view_functions["sign_in.enter"] = needs(Access.PUBLIC)(limited(view))  # type: ignore[assignment]


@sign_in.get("/login")
@needs(Access.PUBLIC)
def login() -> Response:
    """The sign-in page."""
    actor = actor_or_none()
    if actor is not None:
        return redirect(safe_next(request.args.get("next"), actor), code=303)
    return _form()


@sign_in.post("/login")
@needs(Access.PUBLIC)
def enter() -> Response:
    """Sign in; throttled by address."""
    name, password = request.form.get("name", ""), request.form.get("password", "")
    user = accounts.authenticate(current_office(), name, password)
    if user is None:
        return _form(error=WRONG, name=name, status=401)
    secret = accounts.open_session(current_office(), user)
    page_session.clear()  # pages of the stranger before do not stay valid
    answer = redirect(safe_next(request.form.get("next"), user.actor()), code=303)
    auth.set_cookie(answer, current_office(), secret)
    return answer


@sign_in.post("/logout")
@needs(Access.SIGNED_IN)
def logout() -> Response:
    """Sign out; the session ends everywhere."""
    accounts.close_session(current_office(), request.cookies.get(auth.COOKIE, ""))
    page_session.clear()
    answer = redirect("/login", code=303)
    answer.delete_cookie(auth.COOKIE)
    return answer


def safe_next(wanted: str | None, actor: Actor) -> str:
    """A path on this site, else the page the role works with."""
    if wanted and len(wanted) <= MAX_NEXT and wanted.isprintable() and "\\" not in wanted:
        parts = urlsplit(wanted)
        local = not parts.scheme and not parts.netloc and wanted.startswith("/")
        if local and not wanted.startswith("//") and parts.path != "/login":
            return wanted
    return home_of(actor)


def home_of(actor: Actor) -> str:
    if actor.may(Action.SEE_PHONE):
        return "/m"
    return "/console" if actor.may(Action.ASSIGN) else "/"


def _form(*, error: str | None = None, name: str = "", status: int = 200) -> Response:
    wanted = request.values.get("next", "")
    try:
        text = render_template(
            "login.html",
            error=error,
            name=name,
            next=wanted,
            demo_accounts=current_app.extensions[DEMO],
        )
    except TemplateNotFound:
        text = _plain_form(error, wanted)
    return make_response(text, status)


def _plain_form(error: str | None, wanted: str) -> str:
    """Enough to get in when the pages are not installed."""
    token = current_app.jinja_env.globals["csrf_token"]
    assert callable(token)
    return Markup(
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>登录 · 小脑</title>'
        '<p>{error}</p><form method="post" action="/login">'
        '<input type="hidden" name="csrf_token" value="{token}">'
        '<input type="hidden" name="next" value="{wanted}">'
        '<label>账号 <input name="name" autocomplete="username"></label>'
        '<label>密码 <input name="password" type="password"></label>'
        "<button>登录</button></form></html>"
    ).format(error=error or "", token=token(), wanted=escape(wanted))
