"""What a frame costs at 640 x 360 on one core: looked at, and kept as a keyframe.

Run by hand: ``python benchmarks/edge_frames.py``. Made-up pictures; medians of 60. Prints one JSON
object of milliseconds.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "edge"))

import cv2
import numpy as np
from made_pictures import street, with_face, with_noise

from edge.camera_health import Limits, faults, measure, small_grey
from edge.detector import MODEL, FaceDetector
from edge.frames import Rules, Signer, Watch, mask, pack
from edge.shipped import shipped_model

ROUNDS = 60


def timed(job: Callable[[], object]) -> float:
    """Median milliseconds of processor and wall time alike: one thread."""
    job()
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        job()
        times.append(1000 * (time.perf_counter() - begun))
    return round(statistics.median(times), 2)


def main() -> None:
    cv2.setNumThreads(1)
    chance = np.random.default_rng(1)
    picture = with_noise(with_face(street(3), 300, 170, 45), chance)
    before = small_grey(with_noise(street(3), chance))
    wide, small = (FaceDetector(shipped_model(MODEL), width=width) for width in (640, 320))
    found = wide.find(picture)
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as home:
        signer = Signer(Path(home))
        looks = Watch("cam", wide.find, signer, Rules(every_s=1e9, scene=9), Limits())
        looks.look(picture, now_s=0, taken_at=now)
        keeps = Watch("cam", wide.find, signer, Rules(every_s=0), Limits())
        print(
            json.dumps(
                {
                    "health": timed(lambda: faults(measure(small_grey(picture), before), Limits())),
                    "detector_640": timed(lambda: wide.find(picture)),
                    "detector_320": timed(lambda: small.find(picture)),
                    "mask": timed(lambda: mask(picture, found)),
                    "pack": timed(lambda: pack(picture, Rules())),
                    "frame_looked_at": timed(lambda: looks.look(picture, now_s=1, taken_at=now)),
                    "frame_kept": timed(lambda: keeps.look(picture, now_s=1, taken_at=now)),
                    "load": round(os.getloadavg()[0], 1),
                }
            )
        )


if __name__ == "__main__":
    main()
