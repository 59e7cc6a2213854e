"""What a unit is good at and answers for, changed in the list of units itself."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, request
from werkzeug.wrappers import Response

from server.domain.roles import Action
from server.domain.unit import Traits
from server.services import roster
from server.web.access import current_actor, current_office, needs
from server.web.pages import words
from server.web.pages.notices import then_back

blueprint = Blueprint("unit_traits", __name__)

HERE = "/console/units"
_DISPUTES = "dispute."


@dataclass(frozen=True, slots=True)
class Choice:
    """A box to tick."""

    value: str
    name: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class TraitsForm:
    unit_id: str
    skills: tuple[Choice, ...]
    areas: tuple[Choice, ...]
    veteran: bool


def form_of(unit_id: str, known: Traits) -> TraitsForm:
    """Boxes for every kind of dispute and every community; what else the unit has stays a box."""
    skills = [code for code in words.CATEGORIES if code.startswith(_DISPUTES)]
    areas = [community.name for community in current_office().district.communities]
    return TraitsForm(
        unit_id,
        tuple(
            Choice(code, words.category(code), code in known.skills)
            for code in dict.fromkeys([*skills, *sorted(known.skills)])
        ),
        tuple(
            Choice(name, name, name in known.areas)
            for name in dict.fromkeys([*areas, *sorted(known.areas)])
        ),
        known.veteran,
    )


@blueprint.post(f"{HERE}/<unit_id>/traits")
@needs(Action.MANAGE_DUTY)
def change(unit_id: str) -> Response:
    """Set what the unit is good at and answers for, in place of what was."""

    def act() -> str:
        told = Traits(
            frozenset(request.form.getlist("skill")),
            frozenset(request.form.getlist("area")),
            "veteran" in request.form,
        )
        roster.set_traits(current_office(), unit_id, told, actor=current_actor())
        return "特长与片区已改。"

    return then_back(act, HERE)
