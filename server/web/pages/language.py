"""The language of the pages: Chinese, or English for guests and developers."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response

from server.web.access import Access, current_office, needs
from server.web.pages import forms
from server.web.translation import COOKIE, LANGUAGES

blueprint = Blueprint("language", __name__)

KEEP_S = 365 * 86_400


@blueprint.post("/language")
@needs(Access.SIGNED_IN)
def choose() -> Response:
    """Take a language and come back; an unknown one means Chinese."""
    wanted = request.form.get("language", "")
    answer = redirect(forms.back("/"), code=303)
    answer.set_cookie(
        COOKIE,
        wanted if wanted in LANGUAGES else "zh",
        max_age=KEEP_S,
        secure=current_office().settings.http.secure_cookies,
        httponly=True,
        samesite="Lax",
    )
    return answer
