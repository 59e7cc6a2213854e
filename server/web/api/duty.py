"""Shifts, gaps in cover ahead, and cases to hand over when a shift ends."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from server.domain.roles import Action, Actor
from server.office import Office
from server.services import duty as service
from server.services.duty import DutyView, Imported
from server.web.contract import Body, Operations, Query

duty = Operations("duty")

_CHARACTERS = 1_000_000


class DutyQuery(Query):
    hours: Annotated[int, Field(ge=1, le=744)] | None = None


class SheetBody(Body):
    csv: Annotated[str, Field(min_length=1, max_length=_CHARACTERS)] = Field(
        description="The sheet as CSV: 单元,日期,上岗,下岗 and, if any, 休息起,休息止,成员."
    )


@duty.get("/duty", Action.READ_DUTY, query=DutyQuery, answers={200: DutyView})
def read_duty(office: Office, actor: Actor, query: DutyQuery) -> DutyView:
    """Shifts from now on, where cover falls short, and cases whose unit's shift ends."""
    del actor
    return service.duty_view(office, hours=query.hours)


@duty.post("/duty", Action.MANAGE_DUTY, body=SheetBody, answers={200: Imported})
def import_duty(office: Office, actor: Actor, body: SheetBody) -> Imported:
    """Take a roster sheet in; lines that cannot be read are named, the same again adds nothing."""
    return service.import_sheet(office, body.csv.encode(), "sheet.csv", actor)
