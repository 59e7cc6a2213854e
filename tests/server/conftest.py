"""A small made-up street: three units at two points, near and far."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from server.domain.case import Disposition
from server.domain.geo import Place
from server.domain.report import Caller, NewReport
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import intake as intake_service
from server.services import review, roster, telemetry, tracking
from triage.taxonomy import Label

LEAK = "报警人称楼上漏水把家里天花板泡坏了，与楼上业主协商赔偿不成，要求调解"
KNIFE = "楼下有人拿着菜刀追着人砍，已经有人流血了，快来人"
SCENE = Place(30.42, 120.30)

Filer = Callable[..., intake_service.Taken]
Beacon = Callable[..., telemetry.Stored]


@pytest.fixture
def admin() -> Actor:
    return Actor("admin", Role.ADMIN)


@pytest.fixture
def mediator() -> Actor:
    return Actor("near-one", Role.MEDIATOR, "near")


@pytest.fixture
def street(office: Office, admin: Actor) -> Office:
    """Units ``near`` (about 550 m), ``middle`` (1.6 km) and ``far`` (5 km), each with a bodycam."""
    for unit_id, metres in (("near", 550), ("middle", 1600), ("far", 5000)):
        spot = Place(SCENE.lat + metres / 111_195, SCENE.lon)
        roster.add_unit(office, unit_id, name=unit_id, point="顺达", place=spot, actor=admin)
        roster.add_device(office, f"bc-{unit_id}", kind="bodycam", unit_id=unit_id, actor=admin)
    return office


@pytest.fixture
def file(office: Office, clock: Callable[[], datetime], intake: Actor) -> Filer:
    """File a report; every call has its own source id and caller unless told otherwise."""
    count = 0

    def make(text: str = LEAK, **changes: object) -> intake_service.Taken:
        nonlocal count
        count += 1
        into = changes.pop("office", office)
        values: dict[str, object] = {
            "source": "test",
            "source_id": f"T{count}",
            "received_at": clock(),
            "text": text,
            "place": SCENE,
            "caller": Caller(name="李某某", phone=f"1000000{count:04d}"),
        }
        return intake_service.take(into, NewReport(**(values | changes)), intake)  # type: ignore[arg-type]

    return make


@pytest.fixture
def beacon(office: Office, clock: Callable[[], datetime]) -> Beacon:
    """Positions of a unit's bodycam, as the edge posts them."""
    seq = 0

    def send(unit_id: str, spot: Place, *, ago_s: float = 0, **changes: object) -> telemetry.Stored:
        nonlocal seq
        seq += 1
        at = (clock() - timedelta(seconds=ago_s)).isoformat()
        message = {
            "device_id": f"bc-{unit_id}",
            "kind": "position",
            "v": 1,
            "boot": "b1",
            "seq": seq,
            "sent_at": at,
            "received_at": at,
            "fix_time": at,
            "lat": spot.lat,
            "lon": spot.lon,
            "crs": "WGS-84",
            "accuracy_m": 8.0,
        }
        return telemetry.store(office, [message | changes])

    return send


@pytest.fixture
def open_dispute() -> Callable[[Office, Filer, Actor], str]:
    """Files a dispute that goes to mediators, whatever the model thinks of it; its case's id."""

    def make(office: Office, file: Filer, dispatcher: Actor) -> str:
        answer: dict[str, Any] = file().answer
        if answer["route"] not in {"mediate", "joint"}:
            report_id = str(answer["report"]["id"])
            review.correct(office, report_id, label=Label.DISPUTE, actor=dispatcher)
        return str(answer["case"]["id"])

    return make


@pytest.fixture
def close_case() -> Callable[[Office, str, Actor], None]:
    def end(office: Office, case_id: str, actor: Actor) -> None:
        settled = Disposition.SETTLED_ON_SPOT
        tracking.close(office, case_id, disposition=settled, key="close-key-1", actor=actor)

    return end
