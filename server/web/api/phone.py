"""What a mediator's phone tells: where it is, that its owner needs help, where it can be woken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, StringConstraints

from server.domain import push as push_rules
from server.domain.phone import MAX_FIXES, PhoneFix
from server.domain.roles import Action, Actor
from server.office import Office
from server.services import phone_link, push, reading
from server.web.contract import Body, Operations
from server.web.fields import Instant, Key

phone = Operations("phone")

Degrees = Annotated[float, Field(ge=-180, le=180)]
Code = Annotated[str, StringConstraints(min_length=8, max_length=200, pattern=r"^[A-Za-z0-9_=-]+$")]


class FixBody(Body):
    """One position of the phone, WGS-84 as browsers give it."""

    at: Instant
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Degrees
    accuracy_m: Annotated[float, Field(ge=0, le=1e6)]

    def fix(self) -> PhoneFix:
        return PhoneFix(self.at, self.lat, self.lon, self.accuracy_m)


class FixesBody(Body):
    fixes: tuple[FixBody, ...] = Field(max_length=MAX_FIXES)


class SosBody(Body):
    key: Key
    at: Instant | None = None
    active: bool = True
    fix: FixBody | None = None


class SubscriptionBody(Body):
    endpoint: Annotated[str, StringConstraints(min_length=8, max_length=push_rules.MAX_ENDPOINT)]
    p256dh: Code
    auth: Code


class EndpointBody(Body):
    endpoint: Annotated[str, StringConstraints(min_length=8, max_length=push_rules.MAX_ENDPOINT)]


@dataclass(frozen=True, slots=True)
class Taken:
    """How many messages were new."""

    accepted: int


@dataclass(frozen=True, slots=True)
class Pulse:
    """The number of the newest event: the same as before means nothing happened."""

    event: int


@phone.get("/phone/pulse", Action.SEE_PHONE, answers={200: Pulse})
def pulse(office: Office, actor: Actor) -> Pulse:
    """A few bytes that say whether the page must be fetched again; for low-data phones."""
    del actor
    return Pulse(reading.last_event(office))


@phone.post("/phone/fixes", Action.SEE_PHONE, body=FixesBody, answers={200: Taken})
def post_fixes(office: Office, actor: Actor, body: FixesBody) -> Taken:
    """Positions of the phone, a second source that proves no arrival; the same fix counts once."""
    return Taken(phone_link.positions(office, [each.fix() for each in body.fixes], actor))


@phone.post("/phone/sos", Action.SEE_PHONE, body=SosBody, answers={200: Taken})
def post_sos(office: Office, actor: Actor, body: SosBody) -> Taken:
    """Call for help, or end the call; the key makes it act once."""
    fix = body.fix.fix() if body.fix else None
    raised = phone_link.sos(
        office, key=body.key, at=body.at, active=body.active, fix=fix, actor=actor
    )
    return Taken(int(raised))


@phone.post("/phone/push", Action.SEE_PHONE, body=SubscriptionBody, answers={200: Taken})
def subscribe(office: Office, actor: Actor, body: SubscriptionBody) -> Taken:
    """Wake this phone by Web Push; only for push services the site allows."""
    push.subscribe(office, endpoint=body.endpoint, p256dh=body.p256dh, auth=body.auth, actor=actor)
    return Taken(1)


@phone.post("/phone/push/end", Action.SEE_PHONE, body=EndpointBody, answers={200: Taken})
def unsubscribe(office: Office, actor: Actor, body: EndpointBody) -> Taken:
    """Wake this phone no more."""
    del actor
    push.unsubscribe(office, body.endpoint)
    return Taken(1)
