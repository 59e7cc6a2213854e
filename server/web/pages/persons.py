"""One person's page: calls, who they may also be, merging and splitting by hand."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.domain.errors import Invalid
from server.domain.identity_reasons import (
    MERGE_NAMES_ZH,
    REASON_NAMES_ZH,
    SPLIT_NAMES_ZH,
    MergeReason,
    SplitReason,
)
from server.domain.roles import Action
from server.services import merging, persons
from server.web.access import current_actor, current_office, needs
from server.web.pages.notices import then_back
from server.web.pages.register import HERE

blueprint = Blueprint("persons", __name__)

LONGEST_NUMBER = 128


@blueprint.get(f"{HERE}/person/<person_id>")
@needs(Action.SEE_CONSOLE)
def person(person_id: str) -> str:
    """Calls, likely others and acts of one person, masked; forms to merge and to split."""
    return render_template(
        "register_person.html",
        person=persons.look(current_office(), person_id),
        merge_reasons=MERGE_NAMES_ZH,
        split_reasons=SPLIT_NAMES_ZH,
        reasons_zh=REASON_NAMES_ZH,
    )


@blueprint.post(f"{HERE}/person/<person_id>/merge")
@needs(Action.CORRECT)
def merge(person_id: str) -> AnyResponse:
    """Take another person for this one, with a reason."""

    def act() -> str:
        form = request.form
        why = next((one for one in MergeReason if one == form.get("why")), None)
        if why is None:
            raise Invalid("why", "请选一个理由")
        persons.merge_with(
            current_office(),
            person_id,
            other=form.get("other", ""),
            source_id=form.get("number", "").strip()[:LONGEST_NUMBER],
            why=why,
            actor=current_actor(),
        )
        return "已并为一人，可在下方撤销。"

    return then_back(act, url_for("persons.person", person_id=person_id))


@blueprint.post(f"{HERE}/person/<person_id>/split")
@needs(Action.CORRECT)
def split(person_id: str) -> AnyResponse:
    """Take the ticked reports of this person for another's, with a reason."""

    def act() -> str:
        why = next((one for one in SplitReason if one == request.form.get("why")), None)
        if why is None:
            raise Invalid("why", "请选一个理由")
        ticked = request.form.getlist("report")
        merging.split(current_office(), ticked, why=why, actor=current_actor())
        return "已分为两人，可在下方撤销。"

    return then_back(act, url_for("persons.person", person_id=person_id))


def people_of(case_id: str) -> list[str]:
    """For ``_history.html``: whose pages a case leads to."""
    return persons.of_case(current_office(), case_id)
