"""Says a picture's descriptors in words: which colours lie where. A text-to-image model reads no numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from textsketch.semantic import descriptors as descriptor_layer

if TYPE_CHECKING:
    from textsketch.layers import Layers

_NAMES = {
    "black": (15, 15, 15),
    "dark grey": (70, 70, 70),
    "grey": (128, 128, 128),
    "light grey": (195, 195, 195),
    "white": (245, 245, 245),
    "dark red": (120, 25, 25),
    "red": (205, 40, 40),
    "pink": (235, 160, 175),
    "orange": (230, 130, 40),
    "brown": (115, 75, 45),
    "tan": (190, 155, 115),
    "beige": (225, 210, 180),
    "yellow": (235, 210, 70),
    "olive": (110, 110, 50),
    "dark green": (35, 70, 35),
    "green": (70, 140, 60),
    "light green": (160, 205, 140),
    "dark teal": (15, 60, 65),
    "teal": (40, 115, 115),
    "light blue": (150, 190, 225),
    "blue": (55, 105, 190),
    "dark blue": (30, 40, 90),
    "slate blue": (95, 115, 140),
    "purple": (110, 60, 130),
    "lavender": (185, 165, 210),
}


_STANDS_OUT = 15.0
"""By how much chroma, in CIE Lab, a colour stands out from the mean around it."""
_LAB_WEIGHTS = np.array([1.0, 1.6, 1.6])


def colour_name(colour_srgb: np.ndarray) -> str:
    """The everyday name nearest to an sRGB colour (3 numbers, 0 to 255) in CIE Lab, hue before lightness."""
    differences = _lab(np.array(list(_NAMES.values()))) - _lab(np.asarray(colour_srgb))
    return list(_NAMES)[int(np.linalg.norm(differences * _LAB_WEIGHTS, axis=-1).argmin())]


def colour_words(field_srgb: np.ndarray) -> str:
    """Name the colours of a (height, width, 3) field, 0 to 255, in the layout in which they differ most."""
    rows, columns = field_srgb.shape[:2]
    around = np.ones((rows, columns), bool)
    around[rows // 4 : rows - rows // 4, columns // 4 : columns - columns // 4] = False
    layouts = [
        (("at the top", "in the middle", "at the bottom"), _thirds(field_srgb, 0)),
        (("on the left", "in the middle", "on the right"), _thirds(field_srgb, 1)),
        (("in the middle", "around it"), [_telling(field_srgb[~around]), _telling(field_srgb[around])]),
    ]
    places, colours = max(layouts, key=lambda layout: _contrast(layout[1]))
    names = [colour_name(colour) for colour in colours]
    if len(set(names)) == 1:
        return f"mostly {names[0]}"
    parts = list(zip(names, places, strict=True))
    if len(parts) == 3 and names[1] in (names[0], names[2]):
        del parts[1]
    return ", ".join(f"{name} {place}" for name, place in parts)


def _thirds(field_srgb: np.ndarray, axis: int) -> list[np.ndarray]:
    return [_telling(part.reshape(-1, 3)) for part in np.array_split(field_srgb, 3, axis)]


def _telling(colours: np.ndarray) -> np.ndarray:
    """The colour a person would name in (n, 3) sRGB colours: the mean, or a far more colourful quarter."""
    colours = np.asarray(colours, np.float64)
    mean = colours.mean(0)
    chroma = np.hypot(*_lab(colours)[:, 1:].T)
    best = colours[np.argsort(-chroma, kind="stable")[: max(1, len(colours) // 4)]].mean(0)
    stands_out = np.hypot(*_lab(best)[1:]) > np.hypot(*_lab(mean)[1:]) + _STANDS_OUT
    return best if stands_out else mean


def _contrast(colours: list[np.ndarray]) -> float:
    """The largest difference between two colours, in CIE Lab."""
    lab = _lab(np.array(colours))
    return float(np.linalg.norm(lab[:, None] - lab[None], axis=-1).max())


def prompt(layers: Layers, suffix: str = "") -> str:
    """The prompt for `layers`: the caption, then its descriptors in words, then `suffix`.

    With a colour map the descriptors say nothing that the map does not, so they are left out.
    """
    parts = [layers.semantic.caption.strip()]
    if layers.semantic.descriptors is not None and layers.texture is None:
        parts.append(describe(layers))
    return ", ".join(part for part in (*parts, suffix) if part)


def describe(layers: Layers) -> str:
    """The descriptors of `layers` in words, "" if there are none."""
    if layers.semantic.descriptors is None:
        return ""
    width, height = layers.size
    rows, columns = max(3, round(24 * min(1, height / width))), max(3, round(24 * min(1, width / height)))
    field = descriptor_layer.field(layers.semantic.descriptors, rows, columns, layers.size)
    return colour_words(np.asarray(field, np.float64))


def _lab(colour_srgb: np.ndarray) -> np.ndarray:
    """sRGB, (..., 3) of 0 to 255, to CIE L*a*b* for the D65 white."""
    import cv2

    share = np.clip(np.asarray(colour_srgb, np.float32) / 255, 0, 1)
    return cv2.cvtColor(share.reshape(1, -1, 3), cv2.COLOR_RGB2LAB).reshape(share.shape)
