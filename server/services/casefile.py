"""A case that goes to the conflict centre takes its file along; that and its receipt are told."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from server.domain import casefile as rules
from server.domain.attachment import AttachmentKind
from server.domain.case import Disposition
from server.domain.errors import Conflict, Invalid, Missing
from server.domain.events import NewEvent
from server.domain.roles import Actor, Role
from server.domain.views import CaseView, Json, TimelineEvent
from server.office import Office
from server.services import agreements, attachments, documents, reading
from server.services.attachments import AttachmentView
from server.services.documents import Document
from server.store import cases, events
from server.store.engine import writing

TAKEN, RECEIVED = "file_exported", "file_received"
MAX_RECEIPT = 64
_WORDS = """这是疑难纠纷上报的案卷，供镇街矛盾纠纷调处中心使用。

case.json        案件：去向、类别、时限、各步骤及其证据认定、联动回话
timeline.json    经过：每件事的编号、时间、经手人，编号连续可核
reports.json     来电内容
agreements.json  调解协议及分期履行情况
documents/       调解记录、协议书（Word）
attachments/     说明、照片、录音
attachments.json 附件清单及其指纹
SHA256SUMS       每个文件的指纹，可用 sha256sum -c SHA256SUMS 核对

各文件为 UTF-8 的 JSON，坐标为 WGS-84，时间带时区。
"""
_MASKED = "下载人的角色看不到当事人明文：姓名、电话已遮，文书和附件未附，只列指纹。\n"


@dataclass(frozen=True, slots=True)
class CaseFile:
    name: str
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True)
class FileState:
    """How far the file of an escalated case has got; None where nothing happened."""

    taken_at: datetime | None
    taken_by: str | None
    received_at: datetime | None
    receipt: str | None


def take(office: Office, case_id: str, actor: Actor) -> CaseFile:
    """The whole file as a zip, as clear as the person may see it; an event says who took it.

    Raises Missing; Conflict for a case that was not closed as escalated.
    """
    case = reading.case(office, case_id, actor)
    _check_escalated(case)
    now = office.clock()
    clear = actor.role is Role.DISPATCHER
    files = _papers(office, case, actor, clear=clear)
    files["README.txt"] = (_WORDS + ("" if clear else _MASKED)).encode()
    content = rules.pack(files, now)
    digest = hashlib.sha256(content).hexdigest()
    body: Json = {"sha256": digest, "bytes": len(content), "files": len(files), "clear": clear}
    with writing(office.engine) as conn:
        events.tell(conn, [NewEvent(TAKEN, now, actor.name, case_id, body=body)])
    return CaseFile(f"疑难案卷-{case_id[-6:]}.zip", content, digest)


def receive(office: Office, case_id: str, receipt: str, actor: Actor) -> None:
    """The centre has the file; its number is kept. The same number again changes nothing.

    Raises Conflict when nobody took the file yet.
    """
    said = receipt.strip()
    if not 1 <= len(said) <= MAX_RECEIPT:
        raise Invalid("receipt", f"请填中心的收件编号，不超过{MAX_RECEIPT}字")
    case = reading.case(office, case_id, actor)
    _check_escalated(case)
    with writing(office.engine) as conn:
        if cases.find(conn, case_id, lock=True) is None:
            raise Missing("case", case_id)
        told = events.of_case(conn, case_id, [])
        if not any(event.kind == TAKEN for event in told):
            raise Conflict(f"Nobody has taken the file of case {case_id} yet; download it first.")
        known = [event for event in told if event.kind == RECEIVED]
        if known and known[-1].body.get("receipt") == said:
            return
        body: Json = {"receipt": said}
        events.tell(conn, [NewEvent(RECEIVED, office.clock(), actor.name, case_id, body=body)])


def state_of(timeline: Sequence[TimelineEvent]) -> FileState:
    """The newest download and receipt in a case's timeline."""
    taken = next((e for e in reversed(timeline) if e.kind == TAKEN), None)
    received = next((e for e in reversed(timeline) if e.kind == RECEIVED), None)
    return FileState(
        taken_at=taken.at if taken else None,
        taken_by=taken.actor if taken else None,
        received_at=received.at if received else None,
        receipt=str(received.body.get("receipt")) if received else None,
    )


def _check_escalated(case: CaseView) -> None:
    if case.disposition != Disposition.ESCALATED:
        raise Conflict(f"Case {case.id} was not closed as escalated; only such a case has a file.")


def _papers(office: Office, case: CaseView, actor: Actor, *, clear: bool) -> dict[str, bytes]:
    """Every file by its name. Without clear data nothing goes out that a person wrote freely."""
    record = asdict(case) | {"file_version": rules.VERSION, "district": office.district.name}
    timeline = record.pop("timeline")
    del record["navigation"]
    reports = [asdict(report) for report in reading.case_reports(office, case.id, actor)]
    agreed = agreements.page(office, actor, case_id=case.id, limit=50).items
    files = {
        "case.json": rules.as_json(record),
        "timeline.json": rules.as_json(timeline),
        "reports.json": rules.as_json(reports),
        "agreements.json": rules.as_json([asdict(one) for one in agreed]),
    }
    added = attachments.of_case(office, case.id, actor)
    files["attachments.json"] = rules.as_json([_listed(one) for one in added])
    if not clear:
        return files
    if case.assignment is not None:
        wanted = (Document.RECORD, Document.AGREEMENT) if agreed else (Document.RECORD,)
        for kind in wanted:
            held = documents.make(office, case.id, kind, actor)
            files[f"documents/{kind.value}.docx"] = held
    return files | _attached(office, added, actor, room=_room(files))


def _attached(
    office: Office, added: Sequence[AttachmentView], actor: Actor, *, room: int
) -> dict[str, bytes]:
    held = {}
    for one in added:
        if one.bytes > room:
            continue  # named in the list by its hash
        media, content = attachments.content(office, one.id, actor)
        room -= len(content)
        end = "txt" if one.kind is AttachmentKind.NOTE else rules.extension(media)
        held[f"attachments/{one.id}.{end}"] = content
    return held


def _listed(one: AttachmentView) -> Json:
    return {
        "id": one.id,
        "kind": one.kind.value,
        "media_type": one.media_type,
        "bytes": one.bytes,
        "sha256": one.sha256,
        "at": one.at,
        "by": one.by,
    }


def _room(files: dict[str, bytes]) -> int:
    return rules.MAX_BYTES - sum(len(held) for held in files.values())
