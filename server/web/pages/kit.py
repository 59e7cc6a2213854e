"""Every component of the console on one page, with its states."""

from __future__ import annotations

from flask import Blueprint, render_template

from server.domain.roles import Action
from server.web.access import needs

blueprint = Blueprint("kit", __name__)


@blueprint.get("/console/kit")
@needs(Action.SEE_CONSOLE)
def components() -> str:
    """Every component of the console with its states."""
    return render_template("kit.html")
