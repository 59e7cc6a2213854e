"""From a camera's picture to what may leave the device: judged, masked, packed, signed.

Faces are covered by a mosaic of a few blocks, larger than the face, before the picture is packed;
nothing of them is left to bring back. Only a picture with masked faces has a packed form at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge import camera_health
from edge.camera_health import Lasting, Limits, Picture, small_grey
from edge.detector import Box
from edge.encoding import stamp
from edge.errors import ConfigError
from edge.telemetry import CameraQuality

Find = Callable[[Picture], Sequence[Box]]

KEY_FILE = "frames.key"
_GROW = 0.35
_BLOCKS = 6
_QUALITIES = (85, 70, 55, 40, 25)
_SCENE_BINS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When a frame is kept, and how large it may be. ``scene`` is a distance of 0 to 1."""

    scene: float = 0.15
    every_s: float = 60
    least_s: float = 2
    max_bytes: int = 262_144
    max_width: int = 1280


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A picture that may leave: JPEG with masked faces, its hash, and what signs both and when."""

    jpeg: bytes
    sha256: str
    taken_at: datetime
    width: int
    height: int
    faces: int
    quality: CameraQuality
    signature: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What one frame came to: the faults that last, whether they just changed, a keyframe."""

    faults: frozenset[str]
    changed: bool
    kept: Kept | None


class Watch:
    """One camera. ``look`` every frame; the detector runs for keyframes only."""

    def __init__(
        self, device_id: str, find: Find, signer: Signer, rules: Rules, limits: Limits
    ) -> None:
        self._device_id = device_id
        self._find = find
        self._signer = signer
        self._rules = rules
        self._limits = limits
        self._lasting = Lasting(limits)
        self._before: Picture | None = None
        self._scene: Picture | None = None
        self._kept_s = -1e9
        self._faults: frozenset[str] = frozenset()

    def look(self, picture: Picture, *, now_s: float, taken_at: datetime) -> Looked:
        """``now_s`` is a clock that only goes forward."""
        grey = small_grey(picture)
        seen = camera_health.faults(camera_health.measure(grey, self._before), self._limits)
        self._before = grey
        lasting = self._lasting.note(seen, now_s)
        changed, self._faults = lasting != self._faults, lasting
        if not (changed or self._is_key(grey, now_s)):
            return Looked(lasting, False, None)
        self._scene, self._kept_s = grey, now_s
        return Looked(lasting, changed, self._keep(picture, taken_at, lasting))

    def _is_key(self, grey: Picture, now_s: float) -> bool:
        since_s = now_s - self._kept_s
        if self._scene is None or since_s >= self._rules.every_s:
            return True
        return since_s >= self._rules.least_s and distance(grey, self._scene) > self._rules.scene

    def _keep(self, picture: Picture, taken_at: datetime, lasting: frozenset[str]) -> Kept | None:
        found = self._find(picture)
        packed = pack(mask(picture, found), self._rules)
        if packed is None:
            return None
        jpeg, width, height = packed
        digest = hashlib.sha256(jpeg).hexdigest()
        return Kept(
            jpeg=jpeg,
            sha256=digest,
            taken_at=taken_at,
            width=width,
            height=height,
            faces=len(found),
            quality=camera_health.quality(lasting),
            signature=self._signer.sign(signed_text(self._device_id, digest, taken_at)),
        )


class Signer:
    """Ed25519 with a key that never leaves the home folder."""

    def __init__(self, home: Path) -> None:
        """Makes the key where there is none. Raises ConfigError."""
        path = home / KEY_FILE
        try:
            if not path.exists():
                raw = Ed25519PrivateKey.generate().private_bytes_raw()
                path.touch(mode=0o600, exist_ok=False)
                path.write_bytes(raw)
            self._key = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigError(
                f"{path} cannot be made or read; remove it if it is cut short."
            ) from error

    @property
    def public(self) -> str:
        raw = self._key.public_key().public_bytes(
            serialization.Encoding.Raw, serialization.PublicFormat.Raw
        )
        return raw.hex()

    def sign(self, text: str) -> str:
        return self._key.sign(text.encode()).hex()


def signed_text(device_id: str, sha256: str, taken_at: datetime) -> str:
    """What is signed: whose picture, which, taken when (to the millisecond, UTC)."""
    return f"{device_id}\n{sha256}\n{stamp(taken_at)}"


def mask(picture: Picture, faces: Sequence[Box]) -> Picture:
    """A copy with each face, and a third more around it, as a mosaic of six blocks across."""
    out = picture.copy()
    height, width = picture.shape[:2]
    for face in faces:
        more_x = int((face.right - face.left) * _GROW)
        more_y = int((face.bottom - face.top) * _GROW)
        left, right = max(0, face.left - more_x), min(width, face.right + more_x)
        top, bottom = max(0, face.top - more_y), min(height, face.bottom + more_y)
        if right <= left or bottom <= top:
            continue
        small = cv2.resize(
            out[top:bottom, left:right], (_BLOCKS, _BLOCKS), interpolation=cv2.INTER_AREA
        )
        size = (right - left, bottom - top)
        out[top:bottom, left:right] = cv2.resize(small, size, interpolation=cv2.INTER_NEAREST)
    return out


def pack(picture: Picture, rules: Rules) -> tuple[bytes, int, int] | None:
    """JPEG within the bound, its width and height; None when no quality fits."""
    height, width = picture.shape[:2]
    if width > rules.max_width:
        height, width = round(height * rules.max_width / width), rules.max_width
        picture = np.asarray(
            cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8
        )
    for quality in _QUALITIES:
        done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if done and len(data) <= rules.max_bytes:
            return data.tobytes(), width, height
    return None


def distance(one: Picture, other: Picture) -> float:
    """How different two scenes are, 0 to 1: half by their grey levels, half by where they are."""
    levels = [cv2.calcHist([grey], [0], None, [_SCENE_BINS], [0, 256]) for grey in (one, other)]
    apart = cv2.compareHist(levels[0], levels[1], cv2.HISTCMP_BHATTACHARYYA)
    place = min(1.0, float(cv2.absdiff(one, other).mean()) / 64)
    return (apart + place) / 2
