"""What a mediator adds to a case at the door: a note, a photo, a voice note. Bounds and forms."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from server.domain.errors import Conflict, Invalid


class AttachmentKind(StrEnum):
    NOTE = "note"
    PHOTO = "photo"
    VOICE = "voice"


MAX_BYTES: Mapping[AttachmentKind, int] = {
    AttachmentKind.NOTE: 8_000,
    AttachmentKind.PHOTO: 2_000_000,
    AttachmentKind.VOICE: 1_500_000,
}
"""A photo of 1600 px at JPEG quality .7 has about 400 kB, a minute of Opus speech about 250 kB."""
MAX_PER_CASE = 60
TEXT_TYPE = "text/plain"

_SIGNS: Mapping[AttachmentKind, tuple[tuple[str, int, bytes], ...]] = {
    AttachmentKind.PHOTO: (
        ("image/jpeg", 0, b"\xff\xd8\xff"),
        ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
        ("image/webp", 8, b"WEBP"),
    ),
    AttachmentKind.VOICE: (
        ("audio/webm", 0, b"\x1a\x45\xdf\xa3"),
        ("audio/ogg", 0, b"OggS"),
        ("audio/mp4", 4, b"ftyp"),
        ("audio/wav", 0, b"RIFF"),
    ),
}
"""Type, offset and first bytes of what is taken: the sender's word for the type is not used."""


def media_type(kind: AttachmentKind, content: bytes) -> str:
    """The content's type by its own bytes. Raises Invalid when it is none that is taken."""
    if not content:
        raise Invalid("file", "是空的，请重新选择")
    if len(content) > MAX_BYTES[kind]:
        raise Invalid("file", f"超过{MAX_BYTES[kind] // 1000} kB，请压缩后再发")
    if kind is AttachmentKind.NOTE:
        return TEXT_TYPE
    for name, offset, sign in _SIGNS[kind]:
        if content[offset : offset + len(sign)] == sign:
            return name
    allowed = "JPEG、PNG、WebP图片" if kind is AttachmentKind.PHOTO else "WebM、Ogg、MP4、WAV录音"
    raise Invalid("file", f"不是可用的格式，请选{allowed}")


def check_room(present: int) -> None:
    """Raises Conflict when the case holds as many as it may."""
    if present >= MAX_PER_CASE:
        raise Conflict(
            f"The case holds {MAX_PER_CASE} notes and files already; close or report it."
        )
