"""A case: its words, and which step may follow which."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.domain.errors import CaseClosed, Conflict, OutOfOrder
from server.domain.geo import Place
from triage.taxonomy import Label, Route


class Status(StrEnum):
    OPEN = "open"
    ASSIGNED = "assigned"
    SIGNED = "signed"
    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    CLOSED = "closed"


class Step(StrEnum):
    SIGNED = "signed"
    DEPARTED = "departed"
    CONTACTED = "contacted"
    ARRIVED = "arrived"


class Disposition(StrEnum):
    SETTLED_ON_SPOT = "settled_on_spot"
    SETTLED_LATER = "settled_later"
    FOLLOW_UP = "follow_up"
    ESCALATED = "escalated"
    TO_POLICE = "to_police"
    TO_COURT = "to_court"
    TO_SERVICE = "to_service"
    WITHDRAWN = "withdrawn"
    INVALID = "invalid"


class Refusal(StrEnum):
    """Why a unit hands a case back (退单); words, so that the log holds nothing personal."""

    OCCUPIED = "occupied"
    TOO_FAR = "too_far"
    RELATED = "related"
    UNFIT = "unfit"
    UNSAFE = "unsafe"


REFUSAL_NAMES_ZH = {
    Refusal.OCCUPIED: "正在处置其他事",
    Refusal.TOO_FAR: "路程太远",
    Refusal.RELATED: "与当事人有关系，需回避",
    Refusal.UNFIT: "人手或设备不足",
    Refusal.UNSAFE: "现场有危险，需民警",
}

STATUS_NAMES_ZH = {
    Status.OPEN: "待派",
    Status.ASSIGNED: "已派单",
    Status.SIGNED: "已签收",
    Status.EN_ROUTE: "赶往现场",
    Status.ON_SCENE: "已到场",
    Status.CLOSED: "已办结",
}
STEP_NAMES_ZH = {
    Step.SIGNED: "签收",
    Step.DEPARTED: "出发",
    Step.CONTACTED: "联系当事人",
    Step.ARRIVED: "到场",
}
DISPOSITION_NAMES_ZH = {
    Disposition.SETTLED_ON_SPOT: "当场化解",
    Disposition.SETTLED_LATER: "事后化解",
    Disposition.FOLLOW_UP: "历史纠纷跟进",
    Disposition.ESCALATED: "疑难上报",
    Disposition.TO_POLICE: "转警",
    Disposition.TO_COURT: "引导诉讼",
    Disposition.TO_SERVICE: "转12345",
    Disposition.WITHDRAWN: "撤回",
    Disposition.INVALID: "无效",
}

_STATUS_AFTER = {
    Step.SIGNED: Status.SIGNED,
    Step.DEPARTED: Status.EN_ROUTE,
    Step.ARRIVED: Status.ON_SCENE,
}
_RANK = {status: rank for rank, status in enumerate(Status)}

MEDIATED_ROUTES = frozenset({Route.MEDIATE, Route.JOINT})
"""Routes that send a unit; the others wait for a person in the command room."""

_GRAVITY = {Route.SERVICE: 0, Route.MEDIATE: 1, Route.REVIEW: 2, Route.JOINT: 3, Route.POLICE: 4}


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    opened_at: datetime
    status: Status
    route: Route
    label: Label | None
    category: str | None
    confidential: bool
    address: str | None
    place: Place | None
    version: int
    danger: int = 0
    closed_at: datetime | None = None
    disposition: Disposition | None = None


def status_after(current: Status, step: Step) -> Status:
    """Steps only move a case forward; a call to the party moves nothing."""
    reached = _STATUS_AFTER.get(step, current)
    return max(current, reached, key=_RANK.__getitem__)


def check_step(case: Case, step: Step, done: Collection[Step]) -> None:
    """Signing takes the case over, so nothing comes before it; the rest may come in any order."""
    if case.status is Status.CLOSED:
        raise CaseClosed(case.id)
    if case.status is Status.OPEN:
        raise OutOfOrder(f"Case {case.id} has no unit yet; assign it first.")
    if step is not Step.SIGNED and Step.SIGNED not in done:
        raise OutOfOrder(f"Case {case.id} is not signed yet; sign it first.")


def check_assignable(case: Case) -> None:
    """Confidential, police and service matters never go to a unit by an assignment."""
    if case.status is Status.CLOSED:
        raise CaseClosed(case.id)
    if case.confidential:
        raise Conflict(f"Case {case.id} is confidential and never leaves its route.")
    if case.route not in MEDIATED_ROUTES:
        raise Conflict(
            f"Case {case.id} has the route {case.route}; correct its label before assigning a unit."
        )


def graver(a: Route, b: Route) -> Route:
    """The route that protects better; a repeated call can raise a case, never lower it."""
    return max(a, b, key=_GRAVITY.__getitem__)


def route_after_correction(label: Label, *, current: Route, confidential: bool) -> Route:
    """Where a corrected label sends a case. A confidential one stays where it is."""
    if confidential:
        return current
    if label is Label.DISPUTE:
        return current if current in MEDIATED_ROUTES else Route.MEDIATE
    return Route.POLICE if label is Label.POLICE else Route.SERVICE
