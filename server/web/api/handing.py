"""A case changes hands: to another unit, or to the police at once."""

from __future__ import annotations

from server.domain.roles import Action, Actor
from server.domain.views import CaseView
from server.office import Office
from server.services import handing as service
from server.web.contract import Body, Operations
from server.web.fields import UnitId

handing = Operations("cases")


class HandOverBody(Body):
    unit_id: UnitId


@handing.post(
    "/cases/<case_id>/handover", Action.ACT_ON_CASE, body=HandOverBody, answers={200: CaseView}
)
def hand_over_case(office: Office, actor: Actor, case_id: str, body: HandOverBody) -> CaseView:
    """The unit gives the case to another, at a shift's end for instance; its clocks start anew."""
    return service.hand_over(office, case_id, body.unit_id, actor)


@handing.post("/cases/<case_id>/recall", Action.ACT_ON_CASE, answers={200: CaseView})
def recall_case(office: Office, actor: Actor, case_id: str) -> CaseView:
    """To the police at once: mediators are called off, the command room is alerted."""
    return service.recall(office, case_id, actor)
