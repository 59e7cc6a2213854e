"""An office with something on every page: three made-up days, and each kind of thing by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from server.config import Settings
from server.demo.seed import seed
from server.domain.aftercare import AgreementForm, Instalment
from server.domain.attachment import AttachmentKind
from server.domain.case import Disposition, Step
from server.domain.drift import Alert
from server.domain.experiment import Arm
from server.domain.geo import Place
from server.domain.identity_reasons import MergeReason
from server.domain.report import Caller, NewReport
from server.domain.roles import Actor, Role
from server.domain.watching import WATCHES, Day
from server.office import Office
from server.services import (
    agreements,
    attachments,
    carrying,
    dispatch,
    experiments,
    identity,
    intake,
    persons,
    phone_link,
    reading,
    register,
    review,
    searching,
    tracking,
    training,
)
from server.services.attachments import NewAttachment
from server.store import watching
from server.store.engine import writing
from triage.taxonomy import Label, Route

UNIT = "shunda-1"
ADMIN, DESK = Actor("admin", Role.ADMIN), Actor("zhihui", Role.DISPATCHER)
LINE, MEMBER = Actor("line", Role.INTAKE), Actor("tiaojie", Role.MEDIATOR, UNIT)
NOISE = "报警人称楼上住户半夜放音乐吵得睡不着，上门说过两次没有用，要求调解噪音纠纷"
KNIFE = "楼下有人拿着菜刀追着人砍，已经有人流血了，快来人"


def fill(office: Office) -> dict[str, str]:
    """Live through it; the addresses' places by name, as ``every_page`` fills them in."""
    seed(office)
    office = replace(office, settings=Settings.model_validate({"dispatch": {"mode": "suggest"}}))
    ended = _end_with_agreement(office)
    grave = _take(office, KNIFE, "10000000902", name="王某")
    running = _take(office, NOISE, "10000000901", name="李某某")
    review.decide_route(office, running, Route.MEDIATE, actor=DESK)
    dispatch.assign(office, running, UNIT, DESK)
    tracking.post_step(office, running, Step.SIGNED, at=None, key="signed", actor=MEMBER)
    note = NewAttachment(kind=AttachmentKind.NOTE, key="n", content="双方同意九点后关音乐".encode())
    attachments.add(office, running, note, MEMBER)
    phone_link.sos(office, key="sos", at=None, active=True, fix=None, actor=MEMBER)
    report = reading.case_reports(office, running, DESK)[0].id
    _keep_what_models_show(office)
    searching.keep(office, DESK, page="/console/cases", name="本周未结", query="status=open")
    device = _hand_over(office)
    return {
        "case": running,
        "grave": grave,
        "ended": ended,
        "running": running,
        "report": report,
        "device": device,
        "person": _two_made_one(office),
    }


def _take(office: Office, text: str, phone: str, name: str) -> str:
    spot = office.district.points[0].at
    new = NewReport(
        source="110",
        source_id=f"L-{phone}",
        received_at=office.clock(),
        text=text,
        address="临溪镇演示路1号",
        place=Place(spot.lat + 0.004, spot.lon),
        caller=Caller(name=name, phone=phone),
    )
    report = intake.take(office, new, LINE).answer["report"]
    assert isinstance(report, dict)
    return str(report["case_id"])


def _end_with_agreement(office: Office) -> str:
    """A case of the phone's own unit, settled later, with an agreement in two parts."""
    case_id = _take(office, "报警人称房东不退押金，要求调解", "10000000903", name="刘女士")
    review.decide_route(office, case_id, Route.MEDIATE, actor=DESK)
    dispatch.assign(office, case_id, UNIT, DESK)
    for step in Step:
        tracking.post_step(office, case_id, step, at=None, key=step.value, actor=MEMBER)
    later = Disposition.SETTLED_LATER
    tracking.close(office, case_id, disposition=later, key="close", actor=MEMBER)
    now = office.clock()
    parts = [Instalment(now + timedelta(days=n), 500.0) for n in (10, 40)]
    form = AgreementForm.WRITTEN
    agreements.record(
        office, case_id, form=form, terms="分两次退", instalments=parts, key="a", actor=MEMBER
    )
    return case_id


def _keep_what_models_show(office: Office) -> None:
    last = office.clock().date() - timedelta(days=1)
    with writing(office.engine) as conn:
        for back in range(12):
            days = [
                Day(
                    last - timedelta(days=back),
                    watch.what,
                    40,
                    {"police": 10.0, "dispute": 30.0},
                    0.31,
                    Alert(raised=watch.what == "label"),
                )
                for watch in WATCHES
            ]
            watching.add(conn, days)
    experiments.register(
        office, name="先派谁", why="演示", arms=tuple(Arm)[:2], planned=200, actor=ADMIN
    )
    training.ask(office, actor=ADMIN)
    case = _take(office, "咨询社保怎么办理", "10000000904", name="周某某")
    asked = reading.case_reports(office, case, DESK)[0].id
    review.correct(
        office, asked, label=Label.SERVICE, category="service.consultation", actor=DESK, why="看过"
    )


def _hand_over(office: Office) -> str:
    device = "bc-01"
    carrying.hand(office, device, member=None, actor=DESK)
    return device


def _two_made_one(office: Office) -> str:
    """A person of the register with an act that can be undone."""
    identity.catch_up(office)
    first, other = (entry.person_id for entry in register.look(office).entries[:2])
    persons.merge_with(
        office, first, other=other, source_id="", why=MergeReason.SAME_CONTACT, actor=DESK
    )
    return first
