"""What edge agents say beside telemetry: that they live, and what they may send down."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from server.domain.roles import Action, Actor
from server.office import Office
from server.services import agents, alarms
from server.services.agents import Beat, Down
from server.web.contract import ID_PATTERN, Body, Operations
from server.web.fields import Instant

edge = Operations("edge")

MAX_SENT = 1000


class BeatBody(Body):
    """An edge agent's report of itself, every few seconds."""

    agent: str = Field(pattern=ID_PATTERN, description="The agent's client id.")
    broker: str = Field(max_length=32, description="subscribed, or away.")
    waiting: int = Field(0, ge=0, le=2**53, description="Messages in its outbox.")
    oldest_at: Instant | None = Field(None, description="When the oldest of them came.")
    dead: int = Field(0, ge=0, le=2**53)
    shed: int = Field(0, ge=0, le=2**53)
    version: str = Field("", max_length=64)
    sent: list[str] = Field(
        default_factory=list, max_length=MAX_SENT, description="Ids the broker has taken."
    )
    skews: dict[str, int] = Field(
        default_factory=dict, max_length=MAX_SENT, description="Clocks ahead, in seconds."
    )


@dataclass(frozen=True, slots=True)
class Orders:
    """What the agent is to publish, each at QoS 1 until it expires."""

    down: tuple[Down, ...]


class EndAlarmBody(Body):
    alarm: str = Field("sos", max_length=24)


@dataclass(frozen=True, slots=True)
class Ended:
    device_id: str
    alarm: str


@edge.post("/edge/heartbeat", Action.POST_TELEMETRY, body=BeatBody, answers={200: Orders})
def edge_heartbeat(office: Office, actor: Actor, body: BeatBody) -> Orders:
    """An agent reports itself and is told what to send down to devices."""
    del actor  # the role alone decides
    told = Beat(
        agent=body.agent,
        subscribed=body.broker == "subscribed",
        waiting=body.waiting,
        oldest_at=body.oldest_at,
        sent=tuple(body.sent),
        skews={key: value for key, value in body.skews.items() if abs(value) < 2**31},
        state={"dead": body.dead, "shed": body.shed, "version": body.version},
    )
    return Orders(tuple(agents.beat(office, told)))


@edge.post("/devices/<device_id>/alarm/end", Action.ASSIGN, body=EndAlarmBody, answers={200: Ended})
def end_alarm(office: Office, actor: Actor, device_id: str, body: EndAlarmBody) -> Ended:
    """A person ends an alarm that stands."""
    alarms.end(office, device_id, body.alarm, actor)
    return Ended(device_id, body.alarm)
