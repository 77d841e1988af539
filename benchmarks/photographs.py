"""Photographs of a picture on a screen or a slide, simulated: what a camera makes of a QR code there."""

from __future__ import annotations

import cv2
import numpy as np

_MARGIN = 1.5
"""How much wider than the code the photograph is."""

_FINE_FRAME = 1500
"""Up to here a pixel is the mean of four, as on a sensor; above, a module has pixels enough."""


def photograph(
    shown: np.ndarray, side: int, rng: np.random.Generator, *, blur: float = 0.9, noise: float = 6.0
) -> np.ndarray:
    """What a camera sees of `shown`, which is about `side` pixels wide in it.

    shown: (height, width) uint8, as on the screen. blur: of lens and hand, standard deviation in pixels.
    noise: standard deviation, of 255. Turned by up to 12 degrees, seen from the side, through a lens that bends
    lines by half a percent, in light that falls to little more than half across the picture, with a lamp's
    reflection on the screen, and saved as JPEG of quality 85. Returns a uint8 array.
    """
    frame = round(_MARGIN * side)
    seen = _warped(shown, side, frame, rng)
    seen = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), blur)
    seen = _lit(seen, rng) + noise * rng.standard_normal(seen.shape, np.float32)
    pixels = np.clip(seen, 0, 255).astype(np.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 85])[1], cv2.IMREAD_GRAYSCALE)


def _warped(shown: np.ndarray, side: int, frame: int, rng: np.random.Generator) -> np.ndarray:
    height, width = shown.shape
    unit = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * (1, height / width)
    angle = np.deg2rad(rng.uniform(-12, 12))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    depth = 1 + unit @ rng.uniform(-0.2, 0.2, 2)
    corners = (unit / depth[:, None]) @ turn.T * side + frame / 2 + rng.uniform(-0.05, 0.05, 2) * side
    oversampling = 2 if frame <= _FINE_FRAME else 1
    matrix = cv2.getPerspectiveTransform(
        np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32),
        (corners * oversampling).astype(np.float32),
    )
    size = frame * oversampling
    flat = cv2.warpPerspective(shown, matrix, (size, size), borderValue=int(rng.integers(60, 150)))
    y, x = _axes(size)
    bend = (1 + 0.005 * (x * x + y * y)) * ((size - 1) / 2)
    centre = np.float32((size - 1) / 2)
    bent = cv2.remap(
        flat, x * bend + centre, y * bend + centre, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return cv2.resize(bent, (frame, frame), interpolation=cv2.INTER_AREA)


def _lit(seen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    y, x = _axes(len(seen))
    direction = rng.uniform(0, 2 * np.pi)
    across = 0.5 + 0.5 * (x * np.cos(direction) + y * np.sin(direction)) / np.sqrt(2)
    lamp_x, lamp_y = rng.uniform(-0.5, 0.5, 2)
    lamp = np.exp(-((x - lamp_x) ** 2 + (y - lamp_y) ** 2) / 0.08)
    return (20 + 0.75 * seen) * (1 - 0.45 * across) + 40 * lamp


def _axes(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns from -1 to 1, to be broadcast."""
    axis = np.linspace(-1, 1, side, dtype=np.float32)
    return axis[:, None], axis[None, :]
