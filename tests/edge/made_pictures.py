"""Made-up pictures: a street that trembles like a camera's, and a painted person's face.

Nobody is in them. The face is a set of soft blots, enough for a detector to call it one.
"""

from __future__ import annotations

import cv2
import numpy as np

Picture = np.ndarray


def street(seed: int = 1, *, width: int = 640, height: int = 360) -> Picture:
    """Houses, windows, a road: edges at many scales."""
    chance = np.random.default_rng(seed)
    out = np.full((height, width, 3), (170, 160, 150), np.uint8)
    out[height * 2 // 3 :] = (95, 95, 95)
    at = 0
    while at < width:
        wide = int(chance.integers(40, 110))
        top = int(chance.integers(20, height // 3))
        colour = tuple(int(value) for value in chance.integers(60, 200, 3))
        cv2.rectangle(out, (at, top), (at + wide, height * 2 // 3), colour, -1)
        for x in range(at + 6, at + wide - 10, 16):
            for y in range(top + 8, height * 2 // 3 - 14, 20):
                cv2.rectangle(out, (x, y), (x + 8, y + 11), (40, 45, 55), -1)
        at += wide
    return out


def with_noise(picture: Picture, chance: np.random.Generator, sigma: float = 2.5) -> Picture:
    noisy = picture.astype(np.float32) + chance.normal(0, sigma, picture.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def with_face(picture: Picture, x: int, y: int, radius: int) -> Picture:
    out = picture.astype(np.float32)
    r = float(radius)

    def blot(dx, dy, ax, ay, blur, colour, strength=1.0):
        nonlocal out
        mask = np.zeros(out.shape[:2], np.float32)
        centre, axes = (
            (int(x + dx * r), int(y + dy * r)),
            (max(1, int(ax * r)), max(1, int(ay * r))),
        )
        cv2.ellipse(mask, centre, axes, 0, 0, 360, 1, -1)
        size = max(1, int(blur * r)) | 1
        mask = cv2.GaussianBlur(mask, (size, size), 0)[..., None] * strength
        out = out * (1 - mask) + np.array(colour, np.float32) * mask

    blot(0, 2.1, 1.5, 0.9, 0.1, (90, 70, 60))
    blot(0, 1.05, 0.36, 0.5, 0.15, (105, 135, 180))
    blot(0, -0.2, 0.9, 1.05, 0.12, (25, 25, 30))
    blot(0, 0.05, 0.70, 0.95, 0.10, (135, 165, 212))
    blot(-0.5, 0.2, 0.2, 0.7, 0.5, (90, 120, 170), 0.5)
    blot(0, -0.35, 0.45, 0.3, 0.5, (165, 195, 235), 0.6)
    for side in (-1, 1):
        eye = side * 0.29
        blot(eye, -0.12, 0.22, 0.14, 0.2, (85, 110, 155), 0.8)
        blot(eye, -0.10, 0.13, 0.06, 0.03, (225, 228, 230))
        blot(eye, -0.10, 0.06, 0.065, 0.03, (35, 30, 25))
        blot(eye, -0.16, 0.15, 0.025, 0.04, (40, 40, 50), 0.9)
        blot(eye, -0.30, 0.19, 0.04, 0.06, (40, 45, 55), 0.9)
        blot(side * 0.36, 0.28, 0.18, 0.15, 0.3, (125, 140, 215), 0.5)
        blot(side * 0.08, 0.36, 0.045, 0.03, 0.05, (50, 60, 100), 0.9)
    blot(0.05, 0.12, 0.06, 0.26, 0.12, (95, 125, 180), 0.6)
    blot(0, 0.12, 0.05, 0.24, 0.1, (175, 200, 240), 0.7)
    blot(0, 0.40, 0.16, 0.05, 0.1, (90, 115, 165), 0.7)
    blot(0, 0.56, 0.25, 0.075, 0.05, (95, 95, 175))
    blot(0, 0.555, 0.24, 0.015, 0.02, (50, 50, 90), 0.9)
    blot(0, 0.72, 0.2, 0.05, 0.12, (95, 125, 175), 0.6)
    return np.clip(out, 0, 255).astype(np.uint8)
