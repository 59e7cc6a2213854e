"""Notes, photos and voice notes of a case: added once by their key, sealed, shown with a trace."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from server.domain import attachment
from server.domain.attachment import AttachmentKind
from server.domain.errors import CaseClosed, Invalid, Missing, NotAllowed
from server.domain.events import NewEvent
from server.domain.roles import Actor, Role
from server.office import Office
from server.services.ids import new_id
from server.store import attachments, cases, events, view_traces
from server.store.attachments import AttachmentRow
from server.store.engine import reading, writing


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """One note or file of a case; ``text`` only of notes."""

    id: str
    kind: AttachmentKind
    media_type: str
    bytes: int
    sha256: str
    at: datetime
    by: str
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttachment:
    kind: AttachmentKind
    content: bytes
    key: str
    at: datetime | None = None


def add(office: Office, case_id: str, new: NewAttachment, actor: Actor) -> AttachmentView:
    """Keep it with the case; the same key again answers what is kept."""
    media = attachment.media_type(new.kind, new.content)
    try:
        return _add(office, case_id, new, media, actor)
    except IntegrityError:  # the same key twice at the same moment
        return _add(office, case_id, new, media, actor)


def of_case(office: Office, case_id: str, actor: Actor) -> tuple[AttachmentView, ...]:
    """What the case holds, oldest first, for those who may open it; empty for others."""
    with reading(office.engine) as conn:
        if not _may_open(conn, case_id, actor):
            return ()
        rows = attachments.of_case(conn, case_id)
        texts = attachments.notes_of_case(conn, case_id)
    return tuple(
        _view(row, office.vault.open(texts[row.id]) if row.id in texts else None) for row in rows
    )


def content(office: Office, attachment_id: str, actor: Actor) -> tuple[str, bytes]:
    """Media type and clear bytes; every opening leaves a trace."""
    with reading(office.engine) as conn:
        row = attachments.find(conn, attachment_id)
        if row is None:
            raise Missing("attachment", attachment_id)
        if not _may_open(conn, row.case_id, actor):
            raise NotAllowed("This file belongs to a case that is not with your unit.")
    with writing(office.engine) as conn:
        view_traces.add(
            conn, at=office.clock(), who=actor.name, what="attachment", object_id=attachment_id
        )
    return row.media_type, office.vault.open_bytes(row.content_sealed)


def _add(
    office: Office, case_id: str, new: NewAttachment, media: str, actor: Actor
) -> AttachmentView:
    now = office.clock()
    digest = hashlib.sha256(new.content).hexdigest()
    with writing(office.engine) as conn:
        known = attachments.by_key(conn, case_id, new.key)
        if known is not None:
            if known.sha256 != digest:
                raise Invalid("key", "was used for another note or file; make a new one")
            return _view(known, None)
        case = cases.find(conn, case_id, lock=True)
        if case is None:
            raise Missing("case", case_id)
        _check_writer(conn, case_id, actor)
        if case.closed_at is not None and (new.at is None or new.at > case.closed_at):
            raise CaseClosed(case_id)
        attachment.check_room(attachments.count(conn, case_id))
        made = min(new.at or now, now)
        attachment_id = new_id(now)
        attachments.add(
            conn,
            {
                "id": attachment_id,
                "case_id": case_id,
                "kind": new.kind,
                "media_type": media,
                "bytes": len(new.content),
                "sha256": digest,
                "at": made,
                "stored_at": now,
                "by": actor.name,
                "unit_id": actor.unit_id,
                "key": new.key,
                "content_sealed": office.vault.seal_bytes(new.content),
            },
        )
        body = {"kind": new.kind.value, "attachment": attachment_id, "sha256": digest}
        told = NewEvent("attachment_added", now, actor.name, case_id, body=body)
        events.tell(conn, [told])
    return AttachmentView(
        attachment_id, new.kind, media, len(new.content), digest, made, actor.name
    )


def _check_writer(conn: Connection, case_id: str, actor: Actor) -> None:
    """Of a mediator's unit that has the case or had it; an office's dispatcher for any."""
    if actor.role is Role.MEDIATOR and actor.unit_id not in cases.units_that_had(conn, case_id):
        raise NotAllowed("This case was never with your unit.")


def _may_open(conn: Connection, case_id: str, actor: Actor) -> bool:
    if actor.role in {Role.DISPATCHER, Role.SUPERVISOR}:
        return True
    running = cases.running_assignment(conn, case_id)
    return actor.role is Role.MEDIATOR and running is not None and running.unit_id == actor.unit_id


def _view(row: AttachmentRow, text: str | None) -> AttachmentView:
    return AttachmentView(
        id=row.id,
        kind=AttachmentKind(row.kind),
        media_type=row.media_type,
        bytes=row.bytes,
        sha256=row.sha256,
        at=row.at,
        by=row.by,
        text=text,
    )
