"""Canny's edge detector, the same whatever the machine's number of threads."""

from __future__ import annotations

import numpy as np


def edges(*source: np.ndarray, low: float, high: float) -> np.ndarray:
    """Edges by J. Canny, "A computational approach to edge detection", 1986: (height, width) bool.

    source: an 8-bit picture, or its two int16 derivatives, across and down. low, high: thresholds of the
    Euclidean gradient.
    """
    import cv2

    # Where OpenCV has a single thread it hands over to Intel's IPP, which writes beyond its buffer when a
    # picture has many edges (OpenCV 4.11).
    with_ipp = cv2.ipp.useIPP()
    cv2.ipp.setUseIPP(False)
    try:
        return cv2.Canny(*source, low, high, L2gradient=True) > 0  # type: ignore[call-overload]
    finally:
        cv2.ipp.setUseIPP(with_ipp)
