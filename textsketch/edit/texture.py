"""Texture synthesis: colours turned, shifted, exchanged for those of another picture, painted over."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from textsketch.codestream.grids import base_shape
from textsketch.edit.colours import coarse, planes_of, with_planes
from textsketch.edit.masks import Mask, read_mask
from textsketch.edit.pigment import Colour, planes_of_colour, within_gamut
from textsketch.errors import OptionError, quoted
from textsketch.image.colour_space import to_ycbcr
from textsketch.image.reading import Source, read_image
from textsketch.layers import Layers
from textsketch.texture.colour_map import MOST_CELLS

PALETTE, MAP = "palette", "map"
WAYS = (PALETTE, MAP)
"""What `exchange` can take of another picture: how its colours are spread, or where they are."""
_LONGEST = 512
_LEAST_VARIANCE = 4.0
"""Of a palette, in squared grey levels: below it a colour is flat, and would be stretched without end."""
_MOST_STRETCH = 3.0


def recolour(layers: Layers, mask: Mask | None, colour: Colour) -> Layers:
    """Give what a mask covers the hue and chroma of a colour; light and shade stay.

    mask: None is the whole picture. Raises ImageError, OptionError for a colour there is not, and
    TextsketchError where the file has no colours.
    """
    wanted = planes_of_colour(colour)

    def recoloured(planes: np.ndarray) -> np.ndarray:
        chroma = np.broadcast_to(wanted[1:], planes[1:].shape)
        return within_gamut(np.concatenate([planes[:1], chroma]))

    return _changed(layers, mask, recoloured)


def shift(
    layers: Layers, mask: Mask | None, hue: float = 0, lightness: float = 0, chroma: float = 0
) -> Layers:
    """Shift the colours of what a mask covers.

    hue: in degrees, from red by way of yellow and green to blue. lightness: -100 to 100, hundredths of the
    way from black to white. chroma: -100 to 100; -100 is grey, 100 twice as colourful. Raises as `recolour`
    does.
    """
    for name, value, most in (("hue", hue, 360), ("lightness", lightness, 100), ("chroma", chroma, 100)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= most:
            raise OptionError(f"{name} must be a number from -{most} to {most}, not {quoted(value)}")
    angle = math.radians(hue)
    cosine, sine, factor = math.cos(angle), math.sin(angle), 1 + chroma / 100

    def shifted(planes: np.ndarray) -> np.ndarray:
        luma, blue, red = planes
        turned = cosine * blue - sine * red, sine * blue + cosine * red
        return within_gamut(np.stack([luma + 2.55 * lightness, factor * turned[0], factor * turned[1]]))

    return _changed(layers, mask, shifted)


def exchange(layers: Layers, other: Layers | Source, mask: Mask | None = None, way: str = PALETTE) -> Layers:
    """Give what a mask covers the colours of another file or picture.

    other: layers, or a picture as `image.reading` takes it. way: "palette" spreads this picture's colours as
    the other's are, by the linear map that matches their means and covariances and moves them least (F.
    Pitie and A. Kokaram, 2007); "map" takes the other's colour map, stretched over this picture, whose
    strokes it stops at. Raises as `recolour` does.
    """
    if way not in WAYS:
        raise OptionError(f"colours are exchanged by {' or '.join(WAYS)}, not {quoted(way)}")
    theirs = planes_of(other) if isinstance(other, Layers) else _planes_of_picture(other)
    if way == MAP:
        stretched = _stretched(theirs, base_shape(layers.size))
        return _changed(layers, mask, lambda planes: coarse(layers, stretched, MOST_CELLS))
    cover = read_mask(mask).cover(base_shape(layers.size))
    return _changed(layers, mask, lambda planes: within_gamut(_matched(planes, cover, theirs)))


def repaint(layers: Layers, mask: Mask | None, cells: Source) -> Layers:
    """Paint over what a mask covers.

    cells: a picture of the new colours, stretched over the whole picture: one pixel for one colour, or 8 x 8
    for a map as coarse as that. Raises as `recolour` does.
    """
    painted = _stretched(_planes_of_picture(cells), base_shape(layers.size))
    return _changed(layers, mask, lambda planes: painted)


def _changed(layers: Layers, mask: Mask | None, change: Callable[[np.ndarray], np.ndarray]) -> Layers:
    """The layers with `change` of their planes where the mask is."""
    before = planes_of(layers)
    area = read_mask(mask)
    if area.is_empty:
        return layers
    cover = area.cover(base_shape(layers.size))
    return with_planes(layers, before + cover * (change(before) - before), before)


def _planes_of_picture(picture: Source) -> np.ndarray:
    return to_ycbcr(np.asarray(read_image(picture, fit=_LONGEST)))


def _stretched(planes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    import cv2

    rows, columns = shape
    shrinks = planes.shape[1] >= rows and planes.shape[2] >= columns
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.stack([cv2.resize(plane, (columns, rows), interpolation=how) for plane in planes]).reshape(
        3, rows, columns
    )


def _matched(planes: np.ndarray, cover: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """All planes under the map that gives those that are covered the mean and covariance of `theirs`."""
    mine, our_mean = _statistics(planes, cover)
    wanted, their_mean = _statistics(theirs, np.ones(theirs.shape[1:], np.float32))
    root = _root(mine)
    inverse = np.linalg.inv(root)
    stretch = inverse @ _root(root @ wanted @ root) @ inverse
    values, axes = np.linalg.eigh(stretch)
    stretch = (axes * np.minimum(values, _MOST_STRETCH)) @ axes.T
    centred = planes.reshape(3, -1) - our_mean
    return (stretch @ centred + their_mean).reshape(planes.shape).astype(np.float32)


def _statistics(planes: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The covariance (3, 3) and mean (3, 1) of planes, each cell counting by its weight."""
    share = (weight / weight.sum()).ravel()
    flat = planes.reshape(3, -1).astype(np.float64)
    mean = (flat * share).sum(1, keepdims=True)
    centred = flat - mean
    return (centred * share) @ centred.T + _LEAST_VARIANCE * np.eye(3), mean


def _root(matrix: np.ndarray) -> np.ndarray:
    """The symmetric square root of a symmetric positive matrix."""
    values, axes = np.linalg.eigh(matrix)
    return (axes * np.sqrt(np.maximum(values, 0))) @ axes.T
