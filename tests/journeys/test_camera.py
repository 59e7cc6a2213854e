"""A camera's day: a made-up film, watched by its own program, seen in the case's timeline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "edge"))

from made_pictures import street, with_face, with_noise
from running import BIN, now, running

FPS = 10


def film(path: Path) -> None:
    """Four seconds of a street with somebody in it, then seven of a hand before the lens."""
    chance = np.random.default_rng(1)
    seen, hand = with_face(street(3), 300, 170, 45), np.full((360, 640, 3), 70, np.uint8)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FPS, (640, 360))
    for number in range(11 * FPS):
        writer.write(with_noise(seen if number < 4 * FPS else hand, chance))
    writer.release()


def test_masked_pictures_reach_the_case_of_the_unit_that_carries_the_camera(
    tmp_path: Path,
) -> None:
    with running(tmp_path / "var") as system:
        system.run("xiaonao", "unit", "add", "u1", "--name", "一组", "--point", "顺达")
        added = system.run("xiaonao", "device", "add", "cam-1", "--unit", "u1", "--kind", "camera")
        password = added.stdout.split()[3]
        filed = system.call(
            "POST",
            "/reports",
            role="intake",
            source="110",
            source_id="cam-1",
            received_at=now(),
            text="楼上漏水把厨房吊顶泡坏了，协商赔偿不成，要求调解",
            location={"lat": 30.42, "lon": 120.30, "crs": "WGS-84"},
        ).json()
        case_id = filed["case"]["id"]
        film(tmp_path / "film.avi")
        camera_home = tmp_path / "camera"
        words = ["watch", "--source", str(tmp_path / "film.avi"), "--device", "cam-1"]
        words += ["--home", str(camera_home), "--fps", str(FPS), "--username", "cam-1"]
        words += ["--mqtt", f"mqtt://{system.mqtt_host}:{system.mqtt_port}", "--linger", "20"]
        env = {
            **os.environ,
            "XIAONAO_EDGE__SERVER_URL": system.http,
            "XIAONAO_EDGE__TOKEN": system.token("edge"),
            "XIAONAO_CAMERA_PASSWORD": password,
            "OMP_NUM_THREADS": "1",
        }
        done = subprocess.run(
            [str(BIN / "xiaonao-edge"), *words],
            env=env,
            capture_output=True,
            text=True,
            timeout=90,
            check=True,
        )
        summary = json.loads(done.stdout)
        assert summary["frames_read"] == 11 * FPS
        assert summary["frames_looked_at"] + summary["frames_dropped"] == 11 * FPS
        assert summary["kept"] == summary["uploaded"] >= 3, summary
        assert (summary["refused"], summary["notes_unconfirmed"]) == (0, 0), summary
        case = system.call("GET", f"/cases/{case_id}").json()
        pictures = [item["body"] for item in case["timeline"] if item["kind"] == "frame_kept"]
        assert len(pictures) == summary["kept"]
        assert [] in [item["quality"] for item in pictures]
        assert ["covered"] in [item["quality"] for item in pictures]
        log = (camera_home.parent / "var.log").read_text()
        assert password not in log
