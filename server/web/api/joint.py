"""Joint cases: the police say who comes, or the desk asks them anew."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from server.domain.joint import PoliceAnswer
from server.domain.roles import Action, Actor
from server.domain.views import CaseView
from server.office import Office
from server.services import joint as service
from server.web.contract import Body, Operations

joint = Operations("cases")


class PoliceBody(Body):
    answer: PoliceAnswer
    officer: (
        Annotated[str, StringConstraints(max_length=service.MAX_OFFICER, pattern=r"^[^\x00]*$")]
        | None
    ) = Field(None, description="Who comes: a number or a name, as the police say it.")
    minutes: Annotated[float, Field(ge=0, le=service.MAX_MINUTES)] | None = Field(
        None, description="How long until they are there; with coming only."
    )


@joint.post(
    "/cases/<case_id>/police", Action.SPEAK_FOR_POLICE, body=PoliceBody, answers={200: CaseView}
)
def answer_joint(office: Office, actor: Actor, case_id: str, body: PoliceBody) -> CaseView:
    """The police acknowledge a joint case; both sides see it, a later word replaces it."""
    return service.answer(
        office,
        case_id,
        body.answer,
        officer=body.officer,
        minutes=body.minutes,
        actor=actor,
    )


@joint.post("/cases/<case_id>/police/again", Action.SPEAK_FOR_POLICE, answers={200: CaseView})
def ask_police_again(office: Office, actor: Actor, case_id: str) -> CaseView:
    """Ask the police anew, after silence or posts that failed."""
    return service.ask_again(office, case_id, actor)
