"""A small picture and a person for the diffusion tests, and how far two pictures are apart."""

import numpy as np
from PIL import Image

from textsketch.layers import Skeletons


def picture(width=96, height=64):
    """A disc on a slope of colour."""
    down, across = np.mgrid[:height, :width]
    pixels = np.stack([across * 255 // width, down * 255 // height, np.full_like(down, 90)], -1).astype(
        np.uint8
    )
    pixels[np.hypot(across - width // 4, down - height // 2) < height // 4] = (240, 220, 40)
    return Image.fromarray(pixels)


def difference(first, second):
    return np.abs(np.asarray(first, np.float64) - np.asarray(second, np.float64)).mean()


def standing(shift):
    points = ((100, 60), (100, 100), (80, 100), (70, 160), (70, 220), (120, 100), (130, 160), (130, 220))
    return Skeletons((tuple((x + shift, y) for x, y in points) + (None,) * 10,))
