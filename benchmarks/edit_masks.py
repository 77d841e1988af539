"""Masks drawn by hand over the examples, in shares of the picture's width and height."""

from __future__ import annotations

import math

import cv2
import numpy as np

Points = list[tuple[float, float]]


def _oval(across: float, down: float, half_width: float, half_height: float) -> Points:
    turns = [math.tau * part / 40 for part in range(40)]
    return [(across + half_width * math.cos(t), down + half_height * math.sin(t)) for t in turns]


THINGS: dict[str, Points] = {
    "dahlia": _oval(0.48, 0.52, 0.235, 0.345),
    "fig": [(0.38, 0.42), (0.38, 0.52), (0.46, 0.54), (0.51, 0.74), (0.60, 0.80), (0.69, 0.74),
            (0.73, 0.54), (0.72, 0.37), (0.62, 0.30), (0.52, 0.32), (0.46, 0.42)],
    "mountains": _oval(0.785, 0.915, 0.055, 0.06),
    "coffee": _oval(0.38, 0.70, 0.07, 0.12),
    "astronaut": _oval(0.335, 0.755, 0.09, 0.085),
    "sunset": _oval(0.76, 0.70, 0.16, 0.09),
    "cat": _oval(0.385, 0.395, 0.11, 0.14),
    "pagoda": _oval(0.72, 0.545, 0.10, 0.05),
    "kodim19": _oval(0.19, 0.68, 0.12, 0.09),
    "kodim06": [(0.12, 0.54), (0.38, 0.50), (0.40, 0.08), (0.47, 0.08), (0.49, 0.48), (0.58, 0.50),
                (0.74, 0.62), (0.74, 0.72), (0.60, 0.80), (0.18, 0.78)],
}  # fmt: skip
"""What is erased from a picture: from eight examples and two pictures of Kodak's."""

OTHERS: dict[str, tuple[str, list[Points]]] = {
    "bowl": ("fig", [
        [(0.215, 0.517), (0.29, 0.375), (0.40, 0.235), (0.51, 0.15), (0.64, 0.115), (0.785, 0.125),
         (0.885, 0.215), (0.958, 0.40), (0.995, 0.55), (0.985, 0.68), (0.94, 0.81), (0.84, 0.945), (0.74, 1.0),
         (0.60, 0.99), (0.49, 0.93), (0.36, 0.80), (0.27, 0.65)],
        [(0.42, 0.45), (0.42, 0.49), (0.48, 0.51), (0.53, 0.70), (0.60, 0.75), (0.67, 0.69), (0.69, 0.52),
         (0.68, 0.41), (0.62, 0.36), (0.53, 0.37), (0.48, 0.45)],
    ]),
    "sky": ("mountains", [
        [(0.0, 0.0), (1.0, 0.0), (1.0, 0.17), (0.93, 0.22), (0.86, 0.26), (0.80, 0.30), (0.72, 0.27),
         (0.62, 0.27), (0.52, 0.22), (0.46, 0.25), (0.42, 0.36), (0.36, 0.44), (0.27, 0.37), (0.20, 0.30),
         (0.10, 0.22), (0.0, 0.20)],
    ]),
    "tower": ("pagoda", [
        [(0.10, 0.47), (0.12, 0.29), (0.27, 0.06), (0.37, 0.06), (0.53, 0.29), (0.52, 0.42),
         (0.58, 0.60), (0.60, 0.82), (0.50, 0.95), (0.12, 0.82), (0.08, 0.62)],
    ]),
    "person": ("astronaut", [
        [(0.28, 0.12), (0.34, 0.01), (0.46, 0.0), (0.57, 0.04), (0.60, 0.20), (0.62, 0.45), (0.71, 0.58),
         (0.72, 0.72), (0.56, 0.78), (0.55, 1.0), (0.02, 1.0), (0.08, 0.66), (0.18, 0.44), (0.30, 0.34)],
    ]),
}  # fmt: skip
"""Other masks of the examples: whose they are, and their outlines; where two overlap is a hole."""


def mask(outlines: list[Points], width: int, height: int) -> np.ndarray:
    """(height, width) uint8, 255 inside."""
    out = np.zeros((height, width), np.uint8)
    scale = np.array([width, height])
    cv2.fillPoly(out, [np.rint(np.array(points) * scale).astype(np.int32) for points in outlines], 255)
    return out
