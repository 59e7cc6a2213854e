"""What a mediator's phone tells of itself: where it is, and that its owner needs help."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from server.domain import phone
from server.domain.credentials import NO_ACCOUNT
from server.domain.custody import Hands
from server.domain.errors import Invalid, NotAllowed
from server.domain.phone import PhoneFix
from server.domain.roles import Actor
from server.office import Office
from server.services import telemetry
from server.store import custody, units
from server.store.engine import reading, writing

FUTURE = timedelta(minutes=2)


def positions(office: Office, fixes: Sequence[PhoneFix], actor: Actor) -> int:
    """Take the phone's fixes in; how many were new."""
    if len(fixes) > phone.MAX_FIXES:
        raise Invalid("fixes", f"must hold at most {phone.MAX_FIXES}; send the rest next time")
    if not fixes:
        return 0
    device_id = _device(office, actor)
    return telemetry.store(office, [phone.position(fix, device_id) for fix in fixes]).accepted


def sos(
    office: Office,
    *,
    key: str,
    at: datetime | None,
    active: bool,
    fix: PhoneFix | None,
    actor: Actor,
) -> bool:
    """Raise or end the owner's call for help; False when this key did so before."""
    now = office.clock()
    moment = now if at is None or at > now + FUTURE else at
    device_id = _device(office, actor)
    message = phone.sos(device_id, key=key, at=moment, active=active, fix=fix)
    stored = telemetry.store(office, [message])
    if stored.rejected:
        raise Invalid("fix", stored.rejected[0].why)
    return stored.accepted == 1


def _device(office: Office, actor: Actor) -> str:
    """The phone's device row, made on first use and kept with the owner's present unit."""
    if actor.unit_id is None:
        raise NotAllowed("You belong to no unit; ask the administrator to give you one.")
    device_id = phone.device_of(actor.name)
    with reading(office.engine) as conn:
        row = units.find_device(conn, device_id)
    if row is None:
        _add(office, device_id, actor.unit_id)
    elif row.revoked_at is not None:
        raise NotAllowed("This phone was revoked; ask the administrator.")
    elif row.unit_id != actor.unit_id:
        to = Hands(actor.unit_id, None)
        with writing(office.engine) as conn:
            custody.hand(conn, device_id, to, at=office.clock(), by=actor.name)
    return device_id


def _add(office: Office, device_id: str, unit_id: str) -> None:
    values: dict[str, object] = {
        "id": device_id,
        "kind": phone.DEVICE_KIND,
        "unit_id": unit_id,
        "created_at": office.clock(),
        "secret_hash": NO_ACCOUNT,
    }
    try:
        with writing(office.engine) as conn:
            units.add_device(conn, values)
            custody.begin(conn, device_id, unit_id=unit_id, by=device_id)
    except IntegrityError:  # the phone's first two messages came together
        return
