"""Masked pictures: taken only when hash, signature and mask fit; opened with a trace."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from edge.encoding import stamp
from server.domain.roles import Actor, Role
from server.services import roster
from server.services.frames import MAX_BYTES
from server.store.edge_tables import frame_pictures
from server.store.engine import reading
from server.store.tables import events, views

UNIT = "u-shunda-1"
JPEG = b"\xff\xd8\xff\xe0" + b"made up" * 100
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)


@pytest.fixture
def camera(office, units) -> str:
    admin = Actor("setup", Role.ADMIN)
    roster.add_device(office, "cam-01", kind="camera", unit_id=UNIT, actor=admin)
    return "cam-01"


def headers(
    office,
    content: bytes = JPEG,
    *,
    key: Ed25519PrivateKey = KEY,
    device: str = "cam-01",
    **changes: str,
):
    taken = stamp(office.clock())
    digest = hashlib.sha256(content).hexdigest()
    text = f"{device}\n{digest}\n{taken}"
    sent = {
        "Content-Type": "image/jpeg",
        "X-Device": device,
        "X-Taken-At": taken,
        "X-Size": "640x360",
        "X-Faces-Masked": "true",
        "X-Quality": "dark,song",
        "X-Signature": key.sign(text.encode()).hex(),
        "X-Signer": key.public_key().public_bytes_raw().hex(),
    }
    return digest, sent | changes


def post(client, bearer, office, content: bytes = JPEG, **changes):
    digest, sent = headers(office, content, **changes)
    path = f"/api/v1/frames/{digest}"
    return client.post(path, data=content, headers=sent | bearer("edge"))


def test_a_picture_goes_to_the_case_its_unit_had_and_is_opened_with_a_trace(
    client, bearer, office, camera, new_report
) -> None:
    filed = client.post("/api/v1/reports", json=new_report(), headers=bearer("intake")).json
    case_id = filed["case"]["id"]
    assigned = client.post(
        f"/api/v1/cases/{case_id}/assign", json={"unit_id": UNIT}, headers=bearer("dispatcher")
    )
    assert assigned.status_code in (200, 409)
    kept = post(client, bearer, office)
    assert (kept.status_code, kept.json["case_id"]) == (201, case_id)
    assert post(client, bearer, office).json == kept.json, "the same again"
    case = client.get(f"/api/v1/cases/{case_id}", headers=bearer("dispatcher")).json
    told = [item for item in case["timeline"] if item["kind"] == "frame_kept"]
    assert [item["body"]["quality"] for item in told] == [["dark"]]
    opened = client.get(f"/console/frames/{kept.json['sha256']}", headers=bearer("dispatcher"))
    assert (opened.data, opened.content_type) == (JPEG, "image/jpeg")
    with reading(office.engine) as conn:
        seen = conn.execute(select(views.c.object_id).where(views.c.what == "frame")).scalars()
        assert list(seen) == [kept.json["sha256"]]
        sealed = conn.execute(select(frame_pictures.c.content_sealed)).scalar_one()
        assert JPEG not in sealed
        count = select(events.c.id).where(events.c.kind == "frame_kept")
        assert len(conn.execute(count).all()) == 1


def test_mediators_open_only_their_own_case(client, bearer, office, camera) -> None:
    kept = post(client, bearer, office)
    assert kept.json["case_id"] is None
    path = f"/console/frames/{kept.json['sha256']}"
    assert client.get(path, headers=bearer("mediator")).status_code == 403
    assert client.get("/console/frames/" + "0" * 64, headers=bearer("admin")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"X-Faces-Masked": "false"}, 422, "X-Faces-Masked"),
        ({"X-Faces-Masked": ""}, 422, "X-Faces-Masked"),
        ({"X-Size": "0x1"}, 422, "X-Size"),
        ({"X-Size": "wide"}, 422, "X-Size"),
        ({"X-Taken-At": "2026-11-24T10:00:00"}, 422, "X-Taken-At"),
        ({"X-Taken-At": "2026-06-24T10:00:00Z"}, 422, "X-Signature"),
        ({"X-Taken-At": "2199-01-01T00:00:00Z"}, 422, "X-Taken-At"),
        ({"X-Signature": "00" * 64}, 422, "X-Signature"),
        ({"X-Signer": "zz"}, 422, "X-Signer"),
        ({"X-Device": "cam 1"}, 422, "X-Device"),
        ({"X-Device": "cam-02"}, 422, "X-Signature"),
        ({"Content-Type": "image/png"}, 415, None),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    client, bearer, office, camera, changes, status, field
) -> None:
    answer = post(client, bearer, office, **changes)
    assert (answer.status_code, answer.json.get("field")) == (status, field)


def test_content_is_checked_and_bounded(client, bearer, office, camera) -> None:
    assert post(client, bearer, office, b"GIF89a").json["field"] == "body"
    assert post(client, bearer, office, JPEG + b"x" * MAX_BYTES).status_code == 413
    digest, sent = headers(office)
    answer = client.post(f"/api/v1/frames/{'0' * 64}", data=JPEG, headers=sent | bearer("edge"))
    assert answer.json["field"] == "sha256"
    path = f"/api/v1/frames/{digest}"
    assert client.post(path, data=JPEG, headers=sent | bearer("dispatcher")).status_code == 403


def test_a_camera_keeps_its_key_and_must_be_known(client, bearer, office, camera) -> None:
    assert post(client, bearer, office).status_code == 201
    other = post(client, bearer, office, JPEG + b"2", key=OTHER)
    assert other.status_code == 409
    assert "another key" in other.json["detail"]
    roster.revoke_device(office, "cam-01", actor=Actor("setup", Role.ADMIN))
    assert post(client, bearer, office, JPEG + b"3").status_code == 404


def test_known_bytes_tell_another_device_nothing(client, bearer, office, camera) -> None:
    assert post(client, bearer, office).status_code == 201
    # The same bytes, signed by somebody else for another device.
    other = post(client, bearer, office, key=OTHER, device="cam-02")
    assert other.status_code == 409
    assert "case_id" not in other.json


def test_pictures_are_forgotten_in_time(client, bearer, office, camera, clock) -> None:
    from server.worker import forget_old

    post(client, bearer, office)
    clock.forward(31 * 86_400)
    assert forget_old(office) >= 1
    with reading(office.engine) as conn:
        assert conn.execute(select(frame_pictures.c.sha256)).all() == []
