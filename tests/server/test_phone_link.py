"""Notes and files of a case, the phone as a second source, and Web Push, on both databases."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import http_ece
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from server.domain.attachment import MAX_BYTES, MAX_PER_CASE, AttachmentKind, media_type
from server.domain.errors import CaseClosed, Conflict, Invalid, NotAllowed
from server.domain.phone import PhoneFix, device_of
from server.domain.push import check_endpoint
from server.domain.roles import Actor, Role
from server.office import Office
from server.services import attachments, dispatch, phone_link, push, reading, units
from server.services.attachments import NewAttachment
from server.store import push as push_store
from server.store import telemetry
from server.store.engine import reading as reading_rows

JPEG = b"\xff\xd8\xff\xe0" + b"\x00" * 100
NOTE = NewAttachment(kind=AttachmentKind.NOTE, content="双方已劝开".encode(), key="note-0001")


@pytest.mark.parametrize(
    ("kind", "content", "why"),
    [
        (AttachmentKind.PHOTO, b"", "是空的"),
        (AttachmentKind.PHOTO, b"GIF89a" + b"\x00" * 20, "不是可用的格式"),
        (AttachmentKind.PHOTO, JPEG + b"\x00" * MAX_BYTES[AttachmentKind.PHOTO], "超过"),
        (AttachmentKind.VOICE, JPEG, "不是可用的格式"),
    ],
)
def test_what_is_no_photo_or_voice_is_refused(
    kind: AttachmentKind, content: bytes, why: str
) -> None:
    with pytest.raises(Invalid, match=why):
        media_type(kind, content)


def test_the_type_is_read_from_the_bytes() -> None:
    assert media_type(AttachmentKind.PHOTO, JPEG) == "image/jpeg"
    assert media_type(AttachmentKind.VOICE, b"OggS" + b"\x00" * 9) == "audio/ogg"


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.invalid/x",
        "http://push.site.invalid/x",
        "https://push.site.invalid.evil.invalid/",
    ],
)
def test_the_server_calls_no_host_a_phone_invents(endpoint: str) -> None:
    with pytest.raises(Invalid, match="endpoint"):
        check_endpoint(endpoint, ("push.site.invalid",))


def test_a_sub_host_of_an_allowed_one_may_be_called() -> None:
    endpoint = "https://a.push.site.invalid/x"
    assert check_endpoint(endpoint, ("push.site.invalid",)) == endpoint


@pytest.fixture
def case_id(
    street: Office, file: Callable[..., object], dispatcher: Actor, open_dispute: Callable[..., str]
) -> str:
    return open_dispute(street, file, dispatcher)


def test_a_note_is_kept_once_sealed_and_told(
    street: Office, case_id: str, mediator: Actor, dispatcher: Actor
) -> None:
    first = attachments.add(street, case_id, NOTE, mediator)
    assert attachments.add(street, case_id, NOTE, mediator).id == first.id
    seen = attachments.of_case(street, case_id, dispatcher)
    assert [(a.kind, a.text) for a in seen] == [(AttachmentKind.NOTE, "双方已劝开")]
    story = reading.case(street, case_id, dispatcher).timeline
    told = [event for event in story if event.kind == "attachment_added"]
    assert len(told) == 1
    assert "劝开" not in json.dumps(dict(told[0].body), ensure_ascii=False)
    assert attachments.content(street, first.id, mediator)[1].decode() == "双方已劝开"
    with pytest.raises(Invalid, match="another note"):
        attachments.add(street, case_id, replace(NOTE, content=b"other"), mediator)


def test_files_are_for_the_unit_that_has_the_case(
    street: Office, case_id: str, mediator: Actor, dispatcher: Actor
) -> None:
    kept = attachments.add(street, case_id, NOTE, mediator)
    stranger = Actor("far-one", Role.MEDIATOR, "far")
    assert attachments.of_case(street, case_id, stranger) == ()
    with pytest.raises(NotAllowed):
        attachments.content(street, kept.id, stranger)
    with pytest.raises(NotAllowed):
        attachments.add(street, case_id, replace(NOTE, key="note-0002"), stranger)


def test_a_case_holds_a_bounded_number(street: Office, case_id: str, mediator: Actor) -> None:
    for number in range(MAX_PER_CASE):
        attachments.add(street, case_id, replace(NOTE, key=f"note-{number:06}"), mediator)
    with pytest.raises(Conflict, match=str(MAX_PER_CASE)):
        attachments.add(street, case_id, replace(NOTE, key="one-too-many"), mediator)


def test_what_was_made_before_closing_still_comes_in(
    street: Office,
    case_id: str,
    mediator: Actor,
    dispatcher: Actor,
    close_case: Callable[..., None],
) -> None:
    before = street.clock()
    close_case(street, case_id, dispatcher)
    late = replace(NOTE, at=before - timedelta(seconds=1))
    assert attachments.add(street, case_id, late, mediator).at < street.clock()
    with pytest.raises(CaseClosed):
        attachments.add(street, case_id, replace(NOTE, key="note-0003"), mediator)


def test_the_phones_position_counts_once_and_proves_nothing(
    street: Office, mediator: Actor, dispatcher: Actor
) -> None:
    fix = PhoneFix(street.clock(), 30.42, 120.30, 12.0)
    assert phone_link.positions(street, [fix, fix], mediator) == 1
    assert phone_link.positions(street, [fix], mediator) == 0
    near = next(unit for unit in units.unit_views(street, dispatcher) if unit.id == "near")
    assert near.position is not None
    assert near.position.doubt == ("self_reported",)
    with reading_rows(street.engine) as conn:
        span = timedelta(minutes=5)
        fixes = telemetry.fixes_of_unit(conn, "near", since=fix.at - span, until=fix.at + span)
    assert [each.doubted for each in fixes] == [True]


def test_an_sos_is_raised_once_and_ended(street: Office, mediator: Actor) -> None:
    ask = {"key": "sos-00000001", "at": None, "fix": None, "actor": mediator}
    assert phone_link.sos(street, active=True, **ask)  # type: ignore[arg-type]
    assert not phone_link.sos(street, active=True, **ask)  # type: ignore[arg-type]
    assert phone_link.sos(street, active=False, **(ask | {"key": "sos-00000002"}))  # type: ignore[arg-type]
    told = [e.kind for e in reading.latest_events(street, limit=50) if "alarm" in e.kind]
    assert told == ["alarm_ended", "alarm_raised"]


def test_device_ids_are_short_and_tell_people_apart() -> None:
    names = ["tiaojie", "调解员甲", "调解员乙", "x" * 64]
    made = {device_of(name) for name in names}
    assert len(made) == len(names)
    assert all(len(name) <= 64 and name.isascii() for name in made)


@pytest.fixture
def push_service() -> Iterator[tuple[str, list[bytes], list[int]]]:
    """A push service on loopback: its address, the bodies it got, and what it answers next."""
    got: list[bytes] = []
    answers: list[int] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = answers.pop(0) if answers else 201
            if status == 201:
                assert self.headers["Authorization"].startswith("vapid t=")
                got.append(body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/push/1", got, answers
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_sleeping_phone_is_woken_and_only_it_can_read_why(
    street: Office,
    file: Callable[..., object],
    dispatcher: Actor,
    mediator: Actor,
    open_dispute: Callable[..., str],
    push_service: tuple[str, list[bytes], list[int]],
) -> None:
    endpoint, got, answers = push_service
    office = replace(
        street, settings=street.settings.model_copy(update={"push": _push_settings(street)})
    )
    browser, secret = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
    push.subscribe(
        office, endpoint=endpoint, p256dh=_point(browser), auth=_b64(secret), actor=mediator
    )
    assert push.public_key(office) is not None
    assert push.tell_phones(office) == 0  # what lies before the first round is history
    case = open_dispute(office, file, dispatcher)
    assert push.tell_phones(office) == 1
    assert push.tell_phones(office) == 0
    said = json.loads(http_ece.decrypt(got[0], private_key=browser, auth_secret=secret))
    assert said == {"title": "小脑", "body": "有新警情，请签收", "tag": case}

    answers.append(410)  # the browser took its subscription back
    dispatch.assign(office, case, "middle", dispatcher, instead_of="near")
    assert push.tell_phones(office) == 0
    with reading_rows(office.engine) as conn:
        assert push_store.of_units(conn, {"near"}) == []
    assert len(got) == 1


def test_push_is_off_until_the_site_names_a_service(street: Office, mediator: Actor) -> None:
    assert push.public_key(street) is None
    assert push.tell_phones(street) == 0
    with pytest.raises(Invalid, match="endpoint"):
        push.subscribe(
            street, endpoint="https://push.invalid/1", p256dh="x", auth="y", actor=mediator
        )


def _push_settings(office: Office) -> object:
    return office.settings.push.model_copy(update={"hosts": ("127.0.0.1",)})


def _point(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.UncompressedPoint
    return _b64(key.public_key().public_bytes(serialization.Encoding.X962, form))


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
