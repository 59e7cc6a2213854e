"""The file of an escalated case: who gets what, that it fits its hashes, and that it is told."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from datetime import timedelta

import pytest
from docx import Document as WordFile
from flask.testing import FlaskClient

from server.domain.aftercare import AgreementForm, Instalment
from server.domain.attachment import AttachmentKind
from server.domain.case import Disposition
from server.domain.errors import Conflict
from server.domain.geo import Place
from server.domain.report import Caller, NewReport
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import (
    agreements,
    attachments,
    casefile,
    dispatch,
    intake,
    reading,
    review,
    tracking,
)
from server.services.attachments import NewAttachment
from triage.taxonomy import Route

DESK = Actor("zhihui", Role.DISPATCHER)
WATCH = Actor("dudao", Role.SUPERVISOR)
NOTE = "双方愿意到中心再谈"


@pytest.fixture
def hard(office: Office, units: tuple[str, str]) -> str:
    """A case closed as escalated, with a note, an agreement and a caller."""
    new = NewReport(
        source="110",
        source_id="H-1",
        received_at=office.clock(),
        text="房东不退押金，双方争吵多次，要求调解，电话10000000001",
        address="演示街道一号",
        place=Place(30.421, 120.301),
        caller=Caller(name="李小明", phone="10000000001"),
    )
    case_id = str(intake.take(office, new, Actor("line", Role.INTAKE)).answer["report"]["case_id"])  # type: ignore[index]
    if review.decide_route(office, case_id, Route.MEDIATE, actor=DESK).assignment is None:
        dispatch.assign(office, case_id, None, DESK)
    note = NewAttachment(kind=AttachmentKind.NOTE, content=NOTE.encode(), key="note-0001", at=None)
    attachments.add(office, case_id, note, DESK)
    agreements.record(
        office,
        case_id,
        form=AgreementForm.WRITTEN,
        terms="退还押金500元",
        instalments=[Instalment(office.clock() + timedelta(days=7), 500.0)],
        key="agreed-0001",
        actor=DESK,
    )
    tracking.close(
        office,
        case_id,
        disposition=Disposition.ESCALATED,
        key="close-0001",
        actor=DESK,
        parties=("李小明", "王小红"),
    )
    return case_id


def unpacked(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_the_file_holds_the_case_and_fits_its_hashes(office: Office, hard: str) -> None:
    made = casefile.take(office, hard, DESK)
    files = unpacked(made.content)
    listed = dict(reversed(line.split("  ")) for line in files["SHA256SUMS"].decode().splitlines())  # type: ignore[arg-type,misc]
    assert set(listed) == set(files) - {"SHA256SUMS"}
    assert all(hashlib.sha256(files[name]).hexdigest() == digest for name, digest in listed.items())
    case = json.loads(files["case.json"])
    assert (case["id"], case["disposition"], case["file_version"]) == (hard, "escalated", 1)
    kinds = [event["kind"] for event in json.loads(files["timeline.json"])]
    assert kinds[-1] in {"case_closed", "task_raised"}
    assert "agreement_made" in kinds
    assert json.loads(files["reports.json"])[0]["caller"]["phone"] == "10000000001"
    assert json.loads(files["agreements.json"])[0]["terms"] == "退还押金500元"
    note = next(held for name, held in files.items() if name.startswith("attachments/"))
    assert note.decode() == NOTE
    for name in ("documents/record.docx", "documents/agreement.docx"):
        assert WordFile(io.BytesIO(files[name])).paragraphs


def test_who_sees_no_clear_data_gets_a_masked_file(office: Office, hard: str) -> None:
    files = unpacked(casefile.take(office, hard, WATCH).content)
    whole = b"".join(files.values()).decode()
    clear = ("10000000001", "李小明", "王小红", NOTE, "退还押金")
    assert [word for word in clear if word in whole] == []
    assert not any(name.startswith(("documents/", "attachments/")) for name in files)
    assert len(json.loads(files["attachments.json"])) == 1


def test_taking_and_receipt_are_told_once(office: Office, hard: str) -> None:
    with pytest.raises(Conflict):
        casefile.receive(office, hard, "ZX-1", DESK)
    made = casefile.take(office, hard, DESK)
    for _ in range(2):
        casefile.receive(office, hard, " ZX-1 ", DESK)
    told = reading.case(office, hard, DESK).timeline
    taken = [event for event in told if event.kind == casefile.TAKEN]
    assert [event.body["sha256"] for event in taken] == [made.sha256]
    assert len([event for event in told if event.kind == casefile.RECEIVED]) == 1
    state = casefile.state_of(told)
    assert (state.taken_by, state.receipt) == ("zhihui", "ZX-1")


def test_only_an_escalated_case_has_a_file(office: Office, units: tuple[str, str]) -> None:
    new = NewReport(source="110", source_id="H-2", received_at=office.clock(), text="邻里噪音纠纷")
    case_id = str(intake.take(office, new, Actor("line", Role.INTAKE)).answer["report"]["case_id"])  # type: ignore[index]
    with pytest.raises(Conflict):
        casefile.take(office, case_id, DESK)


def test_the_console_hands_it_out_by_role(
    office: Office, hard: str, enter: Callable[[Role], FlaskClient]
) -> None:
    desk = enter(Role.DISPATCHER)
    html = {"Accept": "text/html"}
    assert "下载案卷" in desk.get(f"/console/cases/{hard}", headers=html).text
    given = desk.post(f"/console/cases/{hard}/file.zip", headers=html)
    assert given.content_type == "application/zip"
    assert hashlib.sha256(given.data).hexdigest() == given.headers["X-Content-SHA256"]
    noted = desk.post(
        f"/console/cases/{hard}/file/receipt",
        data={"receipt": "ZX-7"},
        headers=html,
        follow_redirects=True,
    )
    assert "ZX-7" in noted.text
    refused = enter(Role.ADMIN).post(f"/console/cases/{hard}/file.zip", headers=html)
    assert refused.status_code == 403
