"""The mediator's phone: the running case fills the screen, one big button is the next step."""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server.domain.case import Disposition, Step
from server.domain.errors import NotAllowed, OfficeError
from server.domain.roles import Action, Actor
from server.domain.views import CandidateView, CaseView, ReportView, UnitView
from server.office import Office
from server.services import (
    attachments,
    caller_number,
    carrying,
    ranking,
    reading,
    recalled,
    tracking,
    units,
)
from server.web.access import current_actor, current_office, needs
from server.web.pages import acts, forms, words
from server.web.pages.notices import in_chinese, then_back

blueprint = Blueprint("phone", __name__)

PAST_CASES = 20
OTHERS = 4
"""Units offered to take a case over: the best ones; others the command room can choose."""
_ORDER = tuple(Step)
_OTHER_KEYS = ("close", "police", "note", "photo", "sos", "safe")
POLICE = Disposition.TO_POLICE.value


@blueprint.get("/m")
@needs(Action.SEE_PHONE)
def phone() -> str:
    """The running case when there is one, and the unit's earlier cases."""
    office, actor = current_office(), current_actor()
    page = reading.case_page(office, actor, limit=PAST_CASES)
    unit = _unit(office, actor)
    running_id = unit.case_id if unit else None
    running = reading.case(office, running_id, actor) if running_id else None
    return render_template(
        "phone.html",
        unit=unit,
        hands=carrying.of_unit(office, actor.unit_id),
        kinds=words.DEVICE_KINDS,
        after_case=office.settings.duty.after_case,
        past=[case for case in page.items if case.id != running_id],
        **_screen(office, actor, running),
    )


@blueprint.get("/m/cases/<case_id>")
@needs(Action.SEE_PHONE)
def case(case_id: str) -> str:
    """One case of the unit, running or ended."""
    office, actor = current_office(), current_actor()
    found = reading.case(office, case_id, actor)
    return render_template(
        "phone_case.html", unit=_unit(office, actor), **_screen(office, actor, found)
    )


@blueprint.post("/m/cases/<case_id>/steps")
@needs(Action.SEE_PHONE)
def step(case_id: str) -> Response:
    """Post a step; the form's key makes it act once."""

    def act() -> str:
        taken = forms.step()
        made = tracking.post_step(
            current_office(), case_id, taken, at=forms.at(), key=forms.key(), actor=current_actor()
        )
        return f"{words.STEPS[taken.value]}：{words.VERDICTS[made.evidence.verdict]}"

    return then_back(act, url_for("phone.phone"))


@blueprint.post("/m/cases/<case_id>/number")
@needs(Action.SEE_PHONE)
def number(case_id: str) -> str | Response:
    """The caller's number on this one page: for dialling by another telephone."""
    office, actor = current_office(), current_actor()
    report_id = request.form.get("report", "")[:64]
    try:
        told = caller_number.show(office, case_id, report_id, actor)
    except OfficeError as error:
        flash(in_chinese(error), "bad")
        return redirect(url_for("phone.phone"), code=303)
    return render_template("phone_number.html", number=told)


@blueprint.get("/m/cases/<case_id>/number")
@needs(Action.SEE_PHONE)
def number_again(case_id: str) -> Response:
    """Coming back to the page shows nothing: whoever needs the number asks again."""
    return redirect(url_for("phone.case", case_id=case_id), code=303)


@blueprint.post("/m/cases/<case_id>/close")
@needs(Action.SEE_PHONE)
def close(case_id: str) -> Response:
    """Close the unit's case with its disposition."""
    return then_back(lambda: acts.close(case_id), url_for("phone.phone"))


def next_step(found: CaseView) -> Step | None:
    """The first step not yet done; None when only closing is left."""
    done = {taken.step for taken in found.steps}
    return next((step for step in _ORDER if step.value not in done), None)


def _screen(office: Office, actor: Actor, found: CaseView | None) -> dict[str, object]:
    """What the case's screen shows; reports are read only while the unit has the case."""
    running = found is not None and _is_running(found, actor)
    reports = reports_of(office, actor, found) if running and found else ()
    return {
        "case": found,
        "running": running,
        "reports": reports,
        "next_step": next_step(found) if running and found else None,
        "keys": {name: uuid4().hex for name in (*words.STEPS, *_OTHER_KEYS)},
        "added": attachments.of_case(office, found.id, actor) if found else (),
        "others": _others(office, actor, found) if running and found else (),
        "recall": recalled.standing(office, actor),
        "dispositions": [end for end in words.DISPOSITIONS if end != POLICE],
    }


def reports_of(office: Office, actor: Actor, found: CaseView) -> tuple[ReportView, ...]:
    """Empty when the case went to another unit since it was read."""
    try:
        return reading.case_reports(office, found.id, actor)
    except NotAllowed:
        return ()


def _others(office: Office, actor: Actor, found: CaseView) -> tuple[CandidateView, ...]:
    """Free units that may take the case over."""
    return tuple(ranking.candidates(office, found.id, actor)[:OTHERS])


def _is_running(found: CaseView, actor: Actor) -> bool:
    given = found.assignment
    return found.status != "closed" and given is not None and given.unit_id == actor.unit_id


def _unit(office: Office, actor: Actor) -> UnitView | None:
    return next((u for u in units.unit_views(office, actor) if u.id == actor.unit_id), None)
