"""Fields of the pages' forms, read into the office's words; wrong ones raise Invalid."""

from __future__ import annotations

import math
from datetime import datetime
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from flask import request

from server.domain.attachment import MAX_BYTES, AttachmentKind
from server.domain.case import Disposition, Refusal, Step
from server.domain.duplicates import JoinReason
from server.domain.errors import Invalid, Missing
from server.domain.evidence import Verdict
from triage.taxonomy import Label, Route, label_of

MAX_NOTE = 2000
MAX_KEY = 128
MAX_UNIT = 64
MAX_AMOUNT_YUAN = 1e9

Word = TypeVar("Word", bound=StrEnum)


def step() -> Step:
    return _word("step", Step)


def step_named(name: str) -> Step:
    """The step in an address."""
    try:
        return Step(name)
    except ValueError as error:
        raise Missing("step", name) from error


def route() -> Route:
    return _word("route", Route)


def join_reason() -> JoinReason:
    return _word("reason", JoinReason)


def disposition() -> Disposition:
    return _word("disposition", Disposition)


def label_and_category() -> tuple[Label, str | None]:
    """One field says both: a leaf ``dispute.noise``, or a label alone."""
    said = request.form.get("category", "")
    if "." in said:
        try:
            return label_of(said), said
        except (KeyError, ValueError) as error:
            raise Invalid("category", "请选择列表中的类别") from error
    try:
        return Label(said), None
    except ValueError as error:
        raise Invalid("category", "请选择列表中的类别") from error


def text(name: str) -> str | None:
    """A note as written, or None when left empty."""
    said = request.form.get(name, "").strip()
    if len(said) > MAX_NOTE:
        raise Invalid(name, f"请不要超过{MAX_NOTE}字")
    return said or None


def amount_yuan() -> float | None:
    said = request.form.get("amount_yuan", "").strip().replace(",", "").replace("，", "")
    if not said:
        return None
    try:
        amount = float(said)
    except ValueError as error:
        raise Invalid("amount_yuan", "金额请填数字，单位元") from error
    if not (math.isfinite(amount) and 0 <= amount <= MAX_AMOUNT_YUAN):
        raise Invalid("amount_yuan", "金额请填0以上的数字，单位元")
    return amount


def parties() -> tuple[str, ...]:
    said = request.form.get("parties", "").replace("，", "、").replace(",", "、")
    return tuple(part.strip() for part in said.split("、") if part.strip())[:20]


def key() -> str:
    """What makes an act happen once however often the form arrives."""
    said = request.form.get("key", "")
    if not 8 <= len(said) <= MAX_KEY:
        raise Invalid("key", "请刷新页面后重试")
    return said


def at() -> datetime | None:
    """When the finger touched, for a form that arrives late; None means now."""
    said = request.form.get("at", "")
    if not said:
        return None
    try:
        moment = datetime.fromisoformat(said)
    except ValueError as error:
        raise Invalid("at", "请刷新页面后重试") from error
    if moment.tzinfo is None:
        raise Invalid("at", "请刷新页面后重试")
    return moment


def unit_id() -> str:
    """The unit chosen from a list."""
    said = request.form.get("unit_id", "")
    if not 1 <= len(said) <= MAX_UNIT:
        raise Invalid("unit_id", "请选择一个单元")
    return said


def refusal() -> Refusal:
    return _word("reason", Refusal)


def verdict() -> Verdict:
    return _word("verdict", Verdict)


def attachment_kind() -> AttachmentKind:
    return _word("kind", AttachmentKind)


def content(kind: AttachmentKind) -> bytes:
    """The note's text, or the bytes of the file that came with the form."""
    if kind is AttachmentKind.NOTE:
        return (text("text") or "").encode()
    given = request.files.get("file")
    return given.read(MAX_BYTES[kind] + 1) if given is not None else b""


def back(default: str) -> str:
    """Where to return to: a path of this site, never another one."""
    said = request.form.get("back", "")
    parts = urlsplit(said)
    plain = said.startswith("/") and not said.startswith(("//", "/\\"))
    return said if plain and not parts.netloc and not parts.scheme else default


def _word(name: str, kind: type[Word]) -> Word:
    try:
        return kind(request.form.get(name, ""))
    except ValueError as error:
        raise Invalid(name, "请从按钮或列表中选择") from error
