"""Frames of a camera: an address (RTSP, HTTP), a file, or the number of a camera of this machine.

A thread reads as fast as frames come and holds only the newest: whoever is too slow misses some,
and they are counted. A source that ends or goes silent is opened again, with back-off; a file is
read once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import structlog

from edge.camera_health import Picture

log = structlog.get_logger("edge.camera")

_AGAIN_MIN_S = 1.0
_AGAIN_MAX_S = 30.0


class Camera:
    """Start it, then ``newest`` until ``ended``."""

    def __init__(
        self,
        source: str,
        *,
        clock: Callable[[], datetime],
        fps: float,
        silence_s: float = 5.0,
    ) -> None:
        """``silence_s`` without a frame of an address, and it is opened again."""
        self._source = source
        self._silence_ms = int(1000 * silence_s)
        self._clock = clock
        self._pause_s = 1 / fps
        self._is_file = Path(source).is_file()
        self._ready = threading.Condition()
        self._held: tuple[Picture, datetime] | None = None
        self._stopping = threading.Event()
        self.read = 0
        self.dropped = 0
        self.opened = 0
        self.ended = False

    def start(self) -> None:
        threading.Thread(target=self._run, name="camera", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def newest(self, wait_s: float) -> tuple[Picture, datetime] | None:
        """The newest frame nobody has taken, and when it was read; None when none came."""
        with self._ready:
            if self._held is None and not self.ended:
                self._ready.wait(wait_s)
            taken, self._held = self._held, None
        return taken

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            got = self._one_opening()
            if self._is_file:
                break
            failures = 0 if got else failures + 1
            wait_s = min(_AGAIN_MAX_S, _AGAIN_MIN_S * 2.0 ** min(failures, 6))
            log.warning("camera away", again_in_s=round(wait_s, 1))
            self._stopping.wait(wait_s)
        with self._ready:
            self.ended = True
            self._ready.notify_all()

    def _one_opening(self) -> int:
        """Reads until the source ends; how many frames it gave."""
        capture = self._open()
        self.opened += 1
        count, next_s = 0, time.monotonic()
        try:
            while not self._stopping.is_set():
                done, picture = capture.read()
                if not done:
                    return count
                count += 1
                if self._is_file:
                    self._stopping.wait(max(0.0, next_s - time.monotonic()))
                elif time.monotonic() < next_s:
                    continue  # more frames a second than asked for
                next_s = max(next_s, time.monotonic() - self._pause_s) + self._pause_s
                self._hold(np.asarray(picture, dtype=np.uint8))
        finally:
            capture.release()
        return count

    def _open(self) -> cv2.VideoCapture:
        if self._source.isdecimal():
            return cv2.VideoCapture(int(self._source))
        if self._is_file or "://" not in self._source:
            return cv2.VideoCapture(self._source)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, self._silence_ms]
        limits += [cv2.CAP_PROP_READ_TIMEOUT_MSEC, self._silence_ms]
        return cv2.VideoCapture(self._source, cv2.CAP_FFMPEG, limits)

    def _hold(self, picture: Picture) -> None:
        with self._ready:
            self.read += 1
            self.dropped += self._held is not None
            self._held = (picture, self._clock())
            self._ready.notify()
