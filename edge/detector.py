"""Where faces are in a picture: CenterFace in onnxruntime, one thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from edge.camera_health import Picture
from edge.errors import ConfigError

Floats = NDArray[np.float32]

MODEL = "faces-centerface-1"
_STRIDE = 4
_MULTIPLE = 32
_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class Box:
    """Pixels of the picture it was found in, and how sure."""

    left: int
    top: int
    right: int
    bottom: int
    score: float


class FaceDetector:
    """``width`` is what a picture is scaled to; 640 finds faces of about 16 pixels, 320 of 32."""

    def __init__(self, folder: Path, *, threshold: float = 0.25, width: int = 640) -> None:
        """Raises ConfigError when there is no such model."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = folder / "model.onnx"
        if not path.is_file():
            raise ConfigError(f"{path} is missing; faces cannot be masked without it.")
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._threshold = threshold
        self._width = width

    def find(self, picture: Picture) -> list[Box]:
        """Faces in a BGR picture, the surest first."""
        height, width = picture.shape[:2]
        to_width = _rounded(min(width, self._width))
        to_height = _rounded(height * to_width / width)
        blob = cv2.dnn.blobFromImage(picture, 1.0, (to_width, to_height), (0, 0, 0), swapRB=True)
        heat, size, offset = self._session.run(["537", "538", "539"], {"input.1": blob})
        boxes = _boxes(heat[0, 0], size[0], offset[0], self._threshold)
        scale = np.array([width / to_width, height / to_height] * 2, dtype=np.float32)
        boxes[:, :4] *= scale
        return [_box(row, width, height) for row in _best(boxes)]


def _boxes(heat: Floats, size: Floats, offset: Floats, threshold: float) -> Floats:
    """Rows of left, top, right, bottom, score in pixels of the network's input."""
    rows, columns = np.where(heat > threshold)
    high = np.exp(size[0, rows, columns]) * _STRIDE
    wide = np.exp(size[1, rows, columns]) * _STRIDE
    middle_y = (rows + offset[0, rows, columns] + 0.5) * _STRIDE
    middle_x = (columns + offset[1, rows, columns] + 0.5) * _STRIDE
    score = heat[rows, columns]
    found = (middle_x - wide / 2, middle_y - high / 2, middle_x + wide / 2, middle_y + high / 2)
    return np.stack([*found, score], axis=1).astype(np.float32)


def _best(boxes: Floats) -> list[Any]:
    """Of boxes that overlap the surest one (greedy non-maximum suppression)."""
    left = boxes[np.argsort(-boxes[:, 4])]
    out = []
    while len(left):
        first, left = left[0], left[1:]
        out.append(first)
        if len(left):
            left = left[_overlap(first, left) < _OVERLAP]
    return out


def _overlap(one: Floats, others: Floats) -> Floats:
    wide = np.minimum(one[2], others[:, 2]) - np.maximum(one[0], others[:, 0])
    high = np.minimum(one[3], others[:, 3]) - np.maximum(one[1], others[:, 1])
    shared = np.clip(wide, 0, None) * np.clip(high, 0, None)
    areas = (others[:, 2] - others[:, 0]) * (others[:, 3] - others[:, 1])
    own = (one[2] - one[0]) * (one[3] - one[1])
    return np.asarray(shared / np.maximum(areas + own - shared, 1e-6), dtype=np.float32)


def _box(row: Floats, width: int, height: int) -> Box:
    left, top, right, bottom = (int(value) for value in row[:4])
    return Box(max(0, left), max(0, top), min(width, right), min(height, bottom), float(row[4]))


def _rounded(size: float) -> int:
    return max(_MULTIPLE, round(size / _MULTIPLE) * _MULTIPLE)
