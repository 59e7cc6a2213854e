"""The phone beyond its case: notes and files, SOS, settings."""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from server.domain.attachment import AttachmentKind
from server.domain.case import Refusal
from server.domain.roles import Action
from server.services import (
    attachments,
    carrying,
    dispatch,
    door,
    handing,
    phone_link,
    push,
    recalled,
)
from server.services.attachments import NewAttachment
from server.web.access import current_actor, current_office, needs
from server.web.pages import forms, words
from server.web.pages.notices import then_back
from triage.taxonomy import Label

blueprint = Blueprint("phone_acts", __name__)

_SAID = {
    AttachmentKind.NOTE: "说明已记入警情。",
    AttachmentKind.PHOTO: "照片已存入警情。",
    AttachmentKind.VOICE: "录音已存入警情。",
}
_REFUSED_UNSAFE = "已退单。请离开现场，在安全的地方等指挥室的话。"


@blueprint.post("/m/cases/<case_id>/attachments")
@needs(Action.SEE_PHONE)
def attach(case_id: str) -> AnyResponse:
    """Add a note, photo or voice note; JSON for the queue, a page for a form."""
    if request.accept_mimetypes.best == "application/json":
        return jsonify(_attach(case_id))
    return then_back(
        lambda: _SAID[AttachmentKind(str(_attach(case_id)["kind"]))], url_for("phone.phone")
    )


@blueprint.get("/attachments/<attachment_id>")
@needs(Action.READ_CASES)
def open_attachment(attachment_id: str) -> Response:
    """The clear file, for those who may open it; nothing on the way keeps it."""
    media, content = attachments.content(current_office(), attachment_id, current_actor())
    answer = Response(content, content_type=media)
    answer.headers["Content-Disposition"] = "inline"
    return answer


@blueprint.post("/m/cases/<case_id>/refuse")
@needs(Action.SEE_PHONE)
def refuse(case_id: str) -> AnyResponse:
    """Hand the case back with a reason."""

    def act() -> str:
        reason = forms.refusal()
        dispatch.refuse(current_office(), case_id, reason, current_actor())
        unsafe = reason is Refusal.UNSAFE
        return _REFUSED_UNSAFE if unsafe else "已退单，指挥室和下一组已收到。"

    return then_back(act, url_for("phone.phone"))


@blueprint.post("/m/cases/<case_id>/handover")
@needs(Action.SEE_PHONE)
def hand_over(case_id: str) -> AnyResponse:
    """Give the case to another unit, at the end of a shift for instance."""

    def act() -> str:
        handing.hand_over(current_office(), case_id, forms.unit_id(), current_actor())
        return "已移交，接手的单元和指挥室已收到。"

    return then_back(act, url_for("phone.phone"))


@blueprint.post("/m/cases/<case_id>/recall")
@needs(Action.SEE_PHONE)
def recall(case_id: str) -> AnyResponse:
    """In one touch to the police, from the scene."""

    def act() -> str:
        handing.recall(current_office(), case_id, current_actor())
        return "已报告危险，指挥室已收到，警情已转公安处置。"

    return then_back(act, url_for("phone.phone"))


@blueprint.post("/m/cases/<case_id>/withdrew")
@needs(Action.SEE_PHONE)
def withdrew(case_id: str) -> AnyResponse:
    """The unit has left the scene it was called off."""

    def act() -> str:
        recalled.withdrew(current_office(), case_id, current_actor())
        return "已报告离开现场。"

    return then_back(act, url_for("phone.phone"))


@blueprint.post("/m/cases/<case_id>/label")
@needs(Action.CORRECT_AT_DOOR)
def say_at_door(case_id: str) -> AnyResponse:
    """Say what it really is; the unit stays, and the police come too if it is theirs."""

    def act() -> str:
        label, category = forms.label_and_category()
        actor, why = current_actor(), forms.text("why")
        door.say(current_office(), case_id, label=label, category=category, actor=actor, why=why)
        named = words.category(category) if category else words.LABELS[label.value]
        return f"已记下：{named}。" + ("已请公安到场。" if label is Label.POLICE else "")

    return then_back(act, url_for("phone.phone"))


@blueprint.post("/m/hand")
@needs(Action.SEE_PHONE)
def hand_device() -> AnyResponse:
    """A device of the unit into other hands, by a plain form."""
    form = request.form

    def act() -> str:
        device_id = form.get("device_id", "")[:64]
        member = form.get("member", "").strip() or None
        actor, at = current_actor(), forms.at()
        carrying.hand(current_office(), device_id, member=member, at=at, actor=actor)
        return f"{device_id}已交接。"

    return then_back(act, url_for("phone.phone"))


@blueprint.post("/m/sos")
@needs(Action.SEE_PHONE)
def sos() -> AnyResponse:
    """Call for help, or end it, by a plain form."""
    active = request.form.get("active", "yes") == "yes"

    def act() -> str:
        phone_link.sos(
            current_office(),
            key=forms.key(),
            at=forms.at(),
            active=active,
            fix=None,
            actor=current_actor(),
        )
        return "求救已发到指挥室。危险时请同时拨打110。" if active else "已报平安，求救解除。"

    return then_back(act, url_for("phone.phone"))


@blueprint.get("/m/settings")
@needs(Action.SEE_PHONE)
def settings() -> str:
    """Sound, position, low data, push, and what waits to be sent."""
    return render_template(
        "phone_settings.html", push_key=push.public_key(current_office()), key=uuid4().hex
    )


def _attach(case_id: str) -> dict[str, object]:
    kind = forms.attachment_kind()
    new = NewAttachment(kind=kind, content=forms.content(kind), key=forms.key(), at=forms.at())
    view = attachments.add(current_office(), case_id, new, current_actor())
    return {"id": view.id, "kind": view.kind.value, "bytes": view.bytes, "sha256": view.sha256}
