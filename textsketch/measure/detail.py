"""How much of a picture is detail that a painting of it does not show."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

_SIDE = 512
"""Pictures are compared at the size at which they are looked at."""
_FINE_SIGMA = 4.0
_WINDOW_SIGMA = 6.0
_RICH = 10.0
"""Local contrast, in levels of 255, from which on there is detail to speak of."""
_ALIKE = 0.6
"""Local correlation from which on a painting shows the detail."""


def unsaid_share(original: Image.Image, painted: Image.Image) -> float:
    """The share of the picture's area, 0 to 1, that is rich in detail which `painted` does not show.

    original, painted: RGB, of the same size. Detail is what a Gaussian of sigma 4 takes out of the luma at no
    more than 512 pixels a side; it is shown where it correlates with the original's in a window of sigma 6.
    """
    one, other = _fine(original), _fine(painted)
    mean, other_mean = _local(one), _local(other)
    variance, others = _local(one * one) - mean**2, _local(other * other) - other_mean**2
    covariance = _local(one * other) - mean * other_mean
    rich = variance > _RICH**2
    alike = covariance > _ALIKE * np.sqrt(np.maximum(variance, 1) * np.maximum(others, 1))
    return float((rich & ~alike).mean())


def _fine(picture: Image.Image) -> np.ndarray:
    luma = cv2.cvtColor(np.asarray(picture), cv2.COLOR_RGB2GRAY).astype(np.float32)
    scale = _SIDE / max(luma.shape)
    if scale < 1:
        size = [max(1, round(side * scale)) for side in luma.shape[::-1]]
        luma = cv2.resize(luma, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return luma - cv2.GaussianBlur(luma, (0, 0), _FINE_SIGMA)


def _local(values: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(values, (0, 0), _WINDOW_SIGMA)
