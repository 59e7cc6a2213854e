"""A camera by RTSP: its stream ends, goes silent, comes back; and who watches says so."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

sys.path.insert(0, str(Path(__file__).parent))

from made_pictures import street, with_noise
from rtsp_server import RtspServer

from edge.camera import Camera

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
STREET = street(3)


def noisy(number: int) -> np.ndarray:
    return with_noise(STREET, np.random.default_rng(number))


@pytest.fixture
def stream() -> Iterator[RtspServer]:
    server = RtspServer(noisy)
    yield server
    server.close()


@pytest.fixture
def camera(stream: RtspServer) -> Iterator[Camera]:
    made = Camera(stream.url, clock=lambda: NOW, fps=30, silence_s=1)
    made.start()
    yield made
    made.stop()


def test_a_stream_is_read_and_read_again_after_it_ended(stream, camera, until):
    until(lambda: camera.read > 3, what="frames", bound_s=60)
    picture, taken_at = camera.newest(10)
    assert taken_at == NOW
    assert picture.shape == STREET.shape
    assert np.abs(picture.astype(int) - STREET).mean() < 8, "it is the picture that was sent"
    stream.close()
    until(lambda: camera.opened >= 2, what="it is tried again", bound_s=60)
    before = camera.read
    again = RtspServer(noisy, port=stream.port)
    try:
        until(lambda: camera.read > before + 3, what="frames again", bound_s=90)
    finally:
        again.close()
    assert again.plays >= 1


def test_a_silent_stream_is_opened_again(stream, camera, until):
    until(lambda: camera.read > 3, what="frames", bound_s=60)
    stream.silent.set()
    opened = camera.opened
    until(lambda: camera.opened > opened, what="opened again though nothing ended", bound_s=60)
    before = camera.read
    stream.silent.clear()
    until(lambda: camera.read > before + 3, what="frames again", bound_s=90)
    assert not camera.ended


def test_whoever_watches_says_that_the_camera_is_away_and_back(
    stream: RtspServer, broker: Any, tmp_path: Path, until: Callable[..., None]
) -> None:
    told: list[dict[str, Any]] = []
    ears = paho.Client(CallbackAPIVersion.VERSION2, client_id="ears")
    ears.on_message = lambda _c, _u, message: told.append(json.loads(message.payload))
    ears.on_connect = lambda c, *_: c.subscribe("xn/v1/cam-1/alarm", 1)
    ears.connect("127.0.0.1", broker.port)
    ears.loop_start()
    until(ears.is_connected, what="ears")
    words = ["watch", "--source", stream.url, "--device", "cam-1", "--home", str(tmp_path)]
    words += ["--mqtt", broker.url, "--linger", "0.5"]
    cli = "from edge.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", cli, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as watching:
        try:
            until(lambda: stream.plays >= 1, what="it plays", bound_s=90)
            stream.silent.set()
            until(lambda: [t["active"] for t in told][-1:] == [True], what="away", bound_s=90)
            stream.silent.clear()
            until(lambda: [t["active"] for t in told][-1:] == [False], what="back", bound_s=90)
        finally:
            watching.terminate()
            out, _ = watching.communicate(timeout=60)
    ears.loop_stop()
    assert {t["alarm"] for t in told} == {"camera_fault"}
    summary = json.loads(out)
    assert summary["times_opened"] >= 2
    assert summary["frames_looked_at"] > 0
