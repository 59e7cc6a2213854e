"""Masked pictures of cameras: checked, sealed, kept with the case their unit had then.

A picture is taken only when its hash fits, its signature is its device's, and its device says
that faces are masked. The first key a device signs with is its key from then on.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy.exc import IntegrityError

from edge.encoding import stamp
from server.domain.errors import Conflict, Invalid, Missing, NotAllowed
from server.domain.events import NewEvent
from server.domain.roles import Actor, Role
from server.domain.views import Json
from server.office import Office
from server.store import cases, custody, events, frames, units, view_traces
from server.store.engine import reading, writing

MAX_BYTES = 524_288
MAX_SIDE = 8192
FUTURE = timedelta(minutes=5)
QUALITIES = ("dark", "blurred", "covered", "frozen")
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFrame:
    """What comes with a picture; ``signature`` and ``signer`` in hexadecimal (Ed25519)."""

    sha256: str
    device_id: str
    taken_at: datetime
    width: int
    height: int
    faces_masked: bool
    signature: str
    signer: str
    quality: tuple[str, ...]
    content: bytes


@dataclass(frozen=True, slots=True)
class KeptFrame:
    sha256: str
    case_id: str | None


def keep(office: Office, new: NewFrame) -> KeptFrame:
    """Keeps it once. Raises Invalid naming what does not fit, Conflict for another's key."""
    now = office.clock()
    _check(new, now)
    try:
        return _keep(office, new, now)
    except IntegrityError:  # the same picture twice at the same moment
        return _keep(office, new, now)


def content(office: Office, sha256: str, actor: Actor) -> bytes:
    """The picture; every opening leaves a trace."""
    with reading(office.engine) as conn:
        row = frames.find(conn, sha256)
        sealed = frames.content(conn, sha256) if row is not None else None
        if row is None or sealed is None:
            raise Missing("picture", sha256)
        if actor.role is Role.MEDIATOR:
            running = cases.running_assignment(conn, row.case_id) if row.case_id else None
            if running is None or running.unit_id != actor.unit_id:
                raise NotAllowed("This picture belongs to a case that is not with your unit.")
    with writing(office.engine) as conn:
        view_traces.add(conn, at=office.clock(), who=actor.name, what="frame", object_id=sha256)
    return office.vault.open_bytes(sealed)


def _check(new: NewFrame, now: datetime) -> None:
    if not new.faces_masked:
        raise Invalid("X-Faces-Masked", "must be true; only masked pictures are taken")
    if len(new.content) > MAX_BYTES:
        raise Invalid("body", f"is larger than {MAX_BYTES} bytes; send a smaller picture")
    if not new.content.startswith(_JPEG):
        raise Invalid("body", "is not a JPEG picture")
    if hashlib.sha256(new.content).hexdigest() != new.sha256:
        raise Invalid("sha256", "is not that of the picture")
    if new.taken_at > now + FUTURE:
        raise Invalid("X-Taken-At", "lies ahead; set the camera's clock")
    if not _signed(new):
        raise Invalid("X-Signature", "does not fit device, picture, time and key")


def _signed(new: NewFrame) -> bool:
    text = f"{new.device_id}\n{new.sha256}\n{stamp(new.taken_at)}"
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(new.signer))
        key.verify(bytes.fromhex(new.signature), text.encode())
    except (ValueError, InvalidSignature):
        return False
    return True


def _keep(office: Office, new: NewFrame, now: datetime) -> KeptFrame:
    with writing(office.engine) as conn:
        known = frames.find(conn, new.sha256)
        if known is not None and (known.device_id, known.signer) == (new.device_id, new.signer):
            return KeptFrame(known.sha256, known.case_id)
        if known is not None:
            raise Conflict("Another device sent this very picture; nothing of it is told.")
        device = units.find_device(conn, new.device_id)
        if device is None or device.revoked_at is not None:
            raise Missing("device", new.device_id)
        if frames.signer_of(conn, new.device_id) not in (None, new.signer):
            raise Conflict(
                f"Device {new.device_id} signed with another key before; if the camera was "
                "replaced, revoke it and register the new one under a new id."
            )
        unit_id = custody.unit_at(conn, new.device_id, new.taken_at)
        case_id = frames.case_at(conn, unit_id, new.taken_at) if unit_id else None
        frames.add(conn, _row(new, unit_id, case_id, now), office.vault.seal_bytes(new.content))
        body: Json = {"sha256": new.sha256, "device": new.device_id, "quality": list(new.quality)}
        actor = f"device:{new.device_id}"
        events.tell(conn, [NewEvent("frame_kept", now, actor, case_id, unit_id=unit_id, body=body)])
    return KeptFrame(new.sha256, case_id)


def _row(new: NewFrame, unit_id: str | None, case_id: str | None, now: datetime) -> Json:
    return {
        "sha256": new.sha256,
        "device_id": new.device_id,
        "unit_id": unit_id,
        "case_id": case_id,
        "taken_at": new.taken_at,
        "stored_at": now,
        "bytes": len(new.content),
        "width": new.width,
        "height": new.height,
        "faces_masked": new.faces_masked,
        "signature": new.signature,
        "signer": new.signer,
        "quality": list(new.quality),
    }
