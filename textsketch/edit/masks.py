"""Masks and drawings from a person's hand, of any size, fitted to the layers' grids."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageOps

from textsketch.errors import ImageError
from textsketch.image.reading import read_picture

Mask = str | os.PathLike[str] | Image.Image | np.ndarray
"""A path, an image or an array, (height, width[, 3 or 4]) uint8 or float of 0 to 1, or (height, width) bool."""

_LONGEST = 2048
"""Pixels along a side that are looked at: several for each cell of the finest grid."""
_INSIDE = 0.25
"""How much of a cell must be covered: a thin brush is meant to catch the thin lines under it."""
_TOUCHED = 0.02
"""How much of a cell a pen of one pixel covers."""
_BACKGROUND_SHARE = 1 / 12
"""Of a drawing's longer side: what changes more slowly is light and shade on the paper."""
_FAINTEST_INK = 16.0
"""Grey levels by which a drawing's lines differ from its paper at least."""


@dataclass(frozen=True, eq=False)
class Area:
    """A part of a picture, stretched over all of it. levels: (height, width) float32, 0 outside to 1 inside."""

    levels: np.ndarray

    @cached_property
    def is_empty(self) -> bool:
        """Whether nothing at all is inside."""
        return not self.levels.any()

    def cover(self, shape: tuple[int, ...]) -> np.ndarray:
        """How far each cell of a grid of `shape` (rows, columns) is covered: float32, 0 to 1."""
        return _resized(self.levels, shape)

    def inside(self, shape: tuple[int, ...], reach: int = 0) -> np.ndarray:
        """Which cells of a grid of `shape` are inside, and those up to `reach` cells from them: bool."""
        return grown(self.cover(shape) >= _INSIDE, reach)


def read_mask(mask: Mask | None) -> Area:
    """What a mask covers: what is opaque where it is transparent anywhere, else what is light; by None all.

    Raises ImageError if it is no picture.
    """
    return Area(np.ones((1, 1), np.float32) if mask is None else _levels(mask)[0])


def read_drawing(drawing: Mask) -> Area:
    """The lines of a drawing: what is opaque where it is transparent anywhere, else what differs from the paper.

    Dark lines on light paper, or light ones on dark; of an array of bool what is True. Raises ImageError.
    """
    import cv2

    levels, certain = _levels(drawing)
    if certain:
        return Area(levels)
    grey = 255 * levels
    if np.median(grey) >= 128:
        grey = 255 - grey
    paper = cv2.blur(grey, (2 * round(max(grey.shape) * _BACKGROUND_SHARE / 2) + 1,) * 2)
    ink = np.clip(grey - paper.reshape(grey.shape), 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(ink, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return Area((ink > max(threshold, _FAINTEST_INK)).astype(np.float32))


def lines_on(drawing: Area, shape: tuple[int, ...]) -> np.ndarray:
    """A drawing's lines, one cell wide, on a grid of `shape`: bool."""
    return thinned(drawing.cover(shape) > _TOUCHED)


def grown(inside: np.ndarray, reach: int) -> np.ndarray:
    """The cells up to `reach` cells from those inside; without those of the edge where it is negative."""
    import cv2

    if not reach or not inside.any():
        return inside
    side = 2 * abs(reach) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    change = cv2.dilate if reach > 0 else cv2.erode
    return change(inside.astype(np.uint8), disc).reshape(inside.shape) > 0


def thinned(bitmap: np.ndarray) -> np.ndarray:
    """Thick lines as lines of one cell: T. Zhang and C. Suen, "A fast parallel algorithm for thinning", 1984."""
    cells = np.pad(np.asarray(bitmap, bool), 1)
    changed = True
    while changed:
        changed = False
        for first in (True, False):
            # Clockwise from above; the first one again closes the circle.
            around = [
                np.roll(cells, (-down, -right), (0, 1))
                for down, right in (
                    (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1),
                )
            ]  # fmt: skip
            count = sum(one.astype(np.uint8) for one in around)
            turns = sum(
                (~here & there).astype(np.uint8)
                for here, there in zip(around, [*around[1:], around[0]], strict=True)
            )
            up, right, down, left = around[::2]
            open_sides = (
                ~(up & right & down) & ~(right & down & left)
                if first
                else ~(up & right & left) & ~(up & down & left)
            )
            gone = cells & (count >= 2) & (count <= 6) & (turns == 1) & open_sides
            if gone.any():
                cells &= ~gone
                changed = True
    return cells[1:-1, 1:-1]


def _levels(picture: Mask) -> tuple[np.ndarray, bool]:
    """(height, width) float32 of 0 to 1, and whether that is what was drawn rather than how light it is."""
    if isinstance(picture, np.ndarray) and picture.dtype == bool and picture.ndim == 2 and picture.size:
        return picture.astype(np.float32), True
    read = read_picture(picture, fit=_LONGEST)
    if read.background is not None:
        return np.asarray(_opacity(picture).resize(read.image.size), np.float32) / 255, True
    return np.asarray(read.image.convert("L"), np.float32) / 255, False


def _opacity(picture: Mask) -> Image.Image:
    """The alpha channel of a picture that was read and is transparent somewhere: mode "L"."""
    if isinstance(picture, np.ndarray):
        alpha = picture[..., 3]
        return Image.fromarray(alpha if alpha.dtype == np.uint8 else np.rint(255 * alpha).astype(np.uint8))
    try:
        image = picture if isinstance(picture, Image.Image) else Image.open(picture)
    except Image.UnidentifiedImageError:
        raise ImageError("a transparent mask cannot be read from this format; save it as PNG") from None
    return ImageOps.exif_transpose(image).convert("RGBA").getchannel("A")


def _resized(levels: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    import cv2

    rows, columns = shape
    shrinks = levels.shape[0] >= rows and levels.shape[1] >= columns
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(levels, (columns, rows), interpolation=how).reshape(shape)
