"""Camera health, keyframes, masked faces, signed pictures: on made pictures and their faults."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

sys.path.insert(0, str(Path(__file__).parent))

from made_pictures import street, with_face, with_noise

from edge import camera_health
from edge.camera import Camera
from edge.camera_health import Lasting, Limits, measure, small_grey
from edge.detector import MODEL, Box, FaceDetector
from edge.errors import ConfigError
from edge.frames import KEY_FILE, Rules, Signer, Watch, distance, mask, pack, signed_text
from edge.picture_spool import MAX_WAITING, PictureSpool
from edge.shipped import shipped_model

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
CHANCE = np.random.default_rng(5)
SEEDS = range(1, 7)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(shipped_model(MODEL))


def scaled(picture: np.ndarray, factor: float, more: float = 0) -> np.ndarray:
    return np.clip(picture.astype(np.float32) * factor + more, 0, 255).astype(np.uint8)


FAULTY = {
    "good": (lambda p: p, set()),
    "dim, but to be seen": (lambda p: scaled(p, 0.35), set()),
    "hazy": (lambda p: scaled(p, 0.4, 120), set()),
    "dark": (lambda p: scaled(p, 0.1), {"dark"}),
    "over-exposed": (lambda p: scaled(p, 1.2, 140), {"over_exposed"}),
    "covered by a hand": (lambda p: np.full_like(p, 70), {"covered"}),
    "covered, blotchy": (lambda p: cv2.GaussianBlur(scaled(p, 0.2, 60), (0, 0), 40), {"covered"}),
    "out of focus": (lambda p: cv2.GaussianBlur(p, (0, 0), 5), {"blurred"}),
    "breathed on": (lambda p: cv2.GaussianBlur(p, (0, 0), 12), {"blurred"}),
    "a little soft": (lambda p: cv2.GaussianBlur(p, (0, 0), 1.2), set()),
    "smaller": (lambda p: cv2.resize(p, (352, 288)), set()),
    "upside down": (lambda p: np.ascontiguousarray(p[::-1]), set()),
    "packed hard": (
        lambda p: cv2.imdecode(cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], 1),
        set(),
    ),
}


@pytest.mark.parametrize("name", FAULTY)
def test_faults_of_made_pictures_and_no_others(name: str):
    change, expected = FAULTY[name]
    for seed in SEEDS:
        before = small_grey(with_noise(change(street(seed)), CHANCE))
        grey = small_grey(with_noise(change(street(seed)), CHANCE))
        assert camera_health.faults(measure(grey, before), Limits()) == expected, seed


def test_a_picture_that_stands_still_to_the_last_bit_is_frozen():
    grey = small_grey(with_noise(street(), CHANCE))
    assert camera_health.faults(measure(grey, grey), Limits()) == {"frozen"}
    assert camera_health.faults(measure(grey, None), Limits()) == frozenset()


def test_a_fault_counts_once_it_has_lasted():
    lasting = Lasting(Limits(lasts_s=5, frozen_lasts_s=15))
    seen = frozenset({"covered", "frozen"})
    assert lasting.note(seen, 0) == lasting.note(seen, 4.9) == frozenset()
    assert lasting.note(seen, 5) == {"covered"}
    assert lasting.note(seen, 15) == seen
    assert lasting.note(frozenset(), 16) == frozenset()
    assert lasting.note(seen, 17) == frozenset(), "it begins anew"


@pytest.mark.parametrize("radius", [20, 30, 45, 70])
def test_faces_are_found_and_nothing_of_them_is_left(detector: FaceDetector, radius: int):
    picture = with_noise(with_face(street(3), 300, 170, radius), CHANCE)
    found = detector.find(picture)
    assert found
    best = found[0]
    assert best.left < 300 < best.right
    assert best.top < 170 < best.bottom
    masked = mask(picture, found)
    assert detector.find(masked) == []
    inside = masked[best.top : best.bottom, best.left : best.right]
    colours = {tuple(pixel) for pixel in inside.reshape(-1, 3)}
    assert len(colours) <= 36, "six blocks by six"
    outside = np.ones(picture.shape[:2], bool)
    grown = radius * 2
    outside[170 - grown : 170 + grown, 300 - grown : 300 + grown] = False
    assert (masked[outside] == picture[outside]).all()


def test_no_face_is_seen_where_there_is_none(detector: FaceDetector):
    assert [len(detector.find(with_noise(street(seed), CHANCE))) for seed in SEEDS] == [0] * 6


def test_a_mask_at_the_edge_stays_inside():
    picture = street()
    assert mask(picture, [Box(-9, -9, 30, 30, 1.0), Box(630, 350, 700, 400, 1.0)]).shape == (
        picture.shape
    )


def test_a_picture_is_packed_within_its_bound():
    noise = CHANCE.integers(0, 255, (720, 1280, 3)).astype(np.uint8)
    assert pack(noise, Rules(max_bytes=20_000)) is None
    packed = pack(cv2.resize(street(), (2560, 1440)), Rules(max_bytes=200_000))
    assert packed is not None
    jpeg, width, height = packed
    assert (width, height) == (1280, 720)
    assert len(jpeg) <= 200_000


def watch_of(home: Path, find=lambda _: [], **rules: float) -> Watch:
    return Watch("cam-01", find, Signer(home), Rules(**rules), Limits())


def test_keyframes_are_kept_at_a_new_scene_and_now_and_then(tmp_path: Path):
    watch = watch_of(tmp_path, every_s=60)
    kept = []
    for second in range(100):
        scene = street(1 if second < 30 else 2)
        looked = watch.look(
            with_noise(scene, CHANCE), now_s=second, taken_at=NOW + timedelta(seconds=second)
        )
        if looked.kept:
            kept.append(second)
    assert kept == [0, 30, 90]
    assert distance(small_grey(street(1)), small_grey(street(2))) > 0.2


def test_a_lasting_fault_is_told_when_it_comes_and_when_it_goes(tmp_path: Path):
    watch, changes = watch_of(tmp_path, every_s=1000), []
    for second in range(40):
        covered = 10 <= second < 30
        picture = np.full((360, 640, 3), 70, np.uint8) if covered else street()
        looked = watch.look(with_noise(picture, CHANCE), now_s=second, taken_at=NOW)
        if looked.changed:
            changes.append((second, sorted(looked.faults)))
            assert looked.kept is not None
            assert looked.kept.quality.covered is bool(looked.faults)
    assert changes == [(15, ["covered"]), (30, [])]


def test_what_is_kept_is_masked_and_signed(tmp_path: Path, detector: FaceDetector):
    watch = watch_of(tmp_path, detector.find)
    looked = watch.look(with_face(street(3), 300, 170, 45), now_s=0, taken_at=NOW)
    kept = looked.kept
    assert kept is not None
    assert kept.faces >= 1
    picture = cv2.imdecode(np.frombuffer(kept.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert detector.find(picture) == []
    assert hashlib.sha256(kept.jpeg).hexdigest() == kept.sha256
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(Signer(tmp_path).public))
    signature = bytes.fromhex(kept.signature)
    key.verify(signature, signed_text("cam-01", kept.sha256, NOW).encode())
    later = signed_text("cam-01", kept.sha256, NOW + timedelta(milliseconds=1)).encode()
    with pytest.raises(InvalidSignature):
        key.verify(signature, later)
    assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(ConfigError, match="cut short"):
        Signer(tmp_path)


def test_no_detector_no_watching(tmp_path: Path):
    with pytest.raises(ConfigError, match="masked"):
        FaceDetector(tmp_path)


def video(path: Path, frames: int, *, fps: int = 20) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (640, 360))
    for number in range(frames):
        writer.write(with_noise(street(1 + number // 20), CHANCE))
    writer.release()
    return path


def test_whoever_is_too_slow_misses_frames_and_they_are_counted(tmp_path: Path):
    camera = Camera(str(video(tmp_path / "v.avi", 40)), clock=lambda: NOW, fps=100)
    camera.start()
    seen = 0
    while True:
        taken = camera.newest(2)
        if taken is None:
            break
        seen += 1
        time.sleep(0.03)
    assert camera.ended
    assert camera.read == 40
    assert seen + camera.dropped == 40
    assert camera.dropped > 0


def test_a_source_that_is_not_there_is_tried_again(tmp_path: Path):
    camera = Camera(str(tmp_path / "none.avi"), clock=lambda: NOW, fps=5)
    camera.start()
    assert camera.newest(0.2) is None
    assert not camera.ended
    camera.stop()
    deadline = time.monotonic() + 5
    while not camera.ended and time.monotonic() < deadline:
        time.sleep(0.02)
    assert camera.ended


def test_pictures_wait_in_a_bounded_spool(tmp_path: Path):
    import httpx

    answers = [503]
    transport = httpx.MockTransport(lambda _: httpx.Response(answers[-1]))
    client = httpx.Client(base_url="http://office", transport=transport)
    signer = Signer(tmp_path)
    watch = Watch("cam-01", lambda _: [], signer, Rules(every_s=0), Limits())
    spool = PictureSpool(tmp_path, client, device_id="cam-01", signer=signer.public)
    for number in range(MAX_WAITING + 3):
        at = NOW + timedelta(seconds=number)
        kept = watch.look(with_noise(street(), CHANCE), now_s=number, taken_at=at).kept
        assert kept is not None
        spool.keep(kept)
    assert len(spool.waiting()) == MAX_WAITING
    assert spool.tally.dropped == 3
    assert not spool.upload(spool.waiting()[0])
    answers.append(422)
    assert spool.upload(spool.waiting()[0])
    answers.append(201)
    thread = threading.Thread(target=spool.run)
    thread.start()
    deadline = time.monotonic() + 20
    while spool.waiting() and time.monotonic() < deadline:
        time.sleep(0.02)
    spool.stop()
    thread.join(5)
    assert (spool.tally.uploaded, spool.tally.refused) == (MAX_WAITING - 1, 1)
