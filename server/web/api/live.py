"""What moves: units, telemetry, the street's figures, and who is asking."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, JsonValue

from server.domain.roles import Action, Actor
from server.domain.views import Page, Stats, UnitView
from server.office import Office
from server.services import figures, punctuality, telemetry, units
from server.services.telemetry import Stored
from server.web import metrics
from server.web.access import Access
from server.web.contract import Body, Operations, Query
from server.web.fields import Instant

live = Operations("live")

MAX_BATCH = 2000

DeviceId = Annotated[str, Field(pattern=r"^[^\s/+#\x00]{1,64}$")]
RunId = DeviceId
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]


class TelemetryBody(Body):
    """A batch of device messages; each is taken or rejected by itself."""

    messages: list[JsonValue] = Field(max_length=MAX_BATCH)
    shared: bool = Field(False, description="Other agents take messages of the same runs.")
    voids: list[tuple[DeviceId, RunId, Number]] = Field(
        default_factory=list,
        max_length=MAX_BATCH,
        description="[device_id, boot, seq] of dead letters; they will not come.",
    )


class StatsQuery(Query):
    since: Instant | None = Field(None, alias="from", description="Empty: today's midnight.")
    until: Instant | None = Field(None, alias="to", description="Empty: now.")


@dataclass(frozen=True, slots=True)
class Me:
    name: str
    role: str
    unit_id: str | None
    actions: tuple[str, ...]


@live.get("/units", Action.READ_UNITS, answers={200: Page[UnitView]})
def list_units(office: Office, actor: Actor) -> Page[UnitView]:
    """Every unit with its live position, age, battery, presence and duty."""
    return Page(tuple(units.unit_views(office, actor)), None)


@live.post("/telemetry", Action.POST_TELEMETRY, body=TelemetryBody, answers={200: Stored})
def post_telemetry(office: Office, actor: Actor, body: TelemetryBody) -> Stored:
    """Store a batch; idempotent on device, boot and seq."""
    del actor  # the role alone decides
    stored = telemetry.store(office, body.messages, shared=body.shared, voids=body.voids)
    metrics.telemetry_stored(stored.accepted, stored.duplicates, len(stored.rejected))
    return stored


@live.get("/stats", Action.READ_STATS, query=StatsQuery, answers={200: Stats})
def read_stats(office: Office, actor: Actor, query: StatsQuery) -> Stats:
    """The street's figures of a span of time; without one, of today."""
    now = office.clock()
    since, until = query.since or _midnight(office, now), query.until or now
    counted = figures.figures(office, actor, since=since, until=until)
    by = punctuality.step_groups(office, since=since, until=until)
    return replace(counted, steps_by=by)


@live.get("/me", Access.SIGNED_IN, answers={200: Me})
def read_me(office: Office, actor: Actor) -> Me:
    """Who is asking, and what they may do."""
    del office
    may = tuple(action.value for action in Action if actor.may(action))
    return Me(actor.name, actor.role.value, actor.unit_id, may)


def _midnight(office: Office, now: datetime) -> datetime:
    local = now.astimezone(ZoneInfo(office.settings.district.time_zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)
