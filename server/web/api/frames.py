"""Pictures come as they are, with what is known of them in headers; they go to staff pages only."""

from __future__ import annotations

import re
from datetime import datetime

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from server.domain.errors import Invalid
from server.domain.roles import Action
from server.services import frames
from server.services.frames import MAX_BYTES, MAX_SIDE, QUALITIES, NewFrame
from server.web.access import current_actor, current_office, needs
from server.web.contract import ID_PATTERN, PREFIX

blueprint = Blueprint("frames", __name__)

_SHA256 = re.compile(r"[0-9a-f]{64}")
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_HEX = re.compile(r"[0-9a-f]{1,256}")
_ID = re.compile(ID_PATTERN)


@blueprint.post(f"{PREFIX}/frames/<sha256>")
@needs(Action.POST_TELEMETRY)
def post_frame(sha256: str) -> tuple[Response, int]:
    """A masked JPEG; idempotent on its hash."""
    if request.mimetype != "image/jpeg":
        raise UnsupportedMediaType
    if (request.content_length or 0) > MAX_BYTES:
        raise RequestEntityTooLarge
    kept = frames.keep(current_office(), _read(sha256))
    return jsonify(sha256=kept.sha256, case_id=kept.case_id), 201


@blueprint.get("/console/frames/<sha256>")
@needs(Action.READ_CASES)
def open_frame(sha256: str) -> Response:
    """The picture, for those who may open its case; leaves a trace."""
    content = frames.content(current_office(), sha256, current_actor())
    answer = Response(content, content_type="image/jpeg")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _read(sha256: str) -> NewFrame:
    size = _SIZE.fullmatch(request.headers.get("X-Size", ""))
    width, height = (int(size[1]), int(size[2])) if size else (0, 0)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE):
        raise Invalid("X-Size", "is not WIDTHxHEIGHT in pixels")
    named = request.headers.get("X-Quality", "")
    return NewFrame(
        sha256=_matching(_SHA256, sha256, "sha256"),
        device_id=_matching(_ID, request.headers.get("X-Device", ""), "X-Device"),
        taken_at=_instant(request.headers.get("X-Taken-At", "")),
        width=width,
        height=height,
        faces_masked=request.headers.get("X-Faces-Masked", "") == "true",
        signature=_matching(_HEX, request.headers.get("X-Signature", ""), "X-Signature"),
        signer=_matching(_HEX, request.headers.get("X-Signer", ""), "X-Signer")[:64],
        quality=tuple(word for word in QUALITIES if word in named.split(",")),
        content=request.get_data(cache=False),
    )


def _matching(pattern: re.Pattern[str], text: str, field: str) -> str:
    if not pattern.fullmatch(text):
        raise Invalid(field, "is missing or malformed")
    return text


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Invalid("X-Taken-At", "is no instant with an offset")
    return found
