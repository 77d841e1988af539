"""What every kind of structure can do: the row it has in `structure.kinds`."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from textsketch.layers import Structure

if TYPE_CHECKING:
    from PIL import Image


class Guide(enum.Enum):
    """What makes a diffusion model follow the structure: the networks differ in the pictures they want."""

    CONTROLNET = "ControlNet"
    ADAPTERS = "T2I-Adapters"


@dataclass(frozen=True)
class OperatingPoints:
    """Structures of one kind from the least, `at(0)`, to the most, `at(top)`; each costs more than the last."""

    top: int
    at: Callable[[int], Structure]


def _nothing_lacks() -> str | None:
    return None


@dataclass(frozen=True)
class Kind:
    """A kind of structure.

    name: in options, reports and messages. title: for people. structure: the class of its layers.
    extract: (RGB picture, name of a line detector) -> its operating points.
    pack: (structure, (width, height) of the picture, format version) -> payload.
    unpack: (payload, (width, height), format version) -> structure; any bytes give one or BitstreamError.
    draw: (structure, (width, height), thickness of lines in pixels) -> how far lines cover each pixel,
        (height, width) float32, 0 to 1.
    condition: (structure, (width, height), guide) -> the network that reads it, "edges", "sketch" or "pose",
        and the picture it was trained on.
    steers: the name of an adapter that a diffusion model has to load for it beside the guide's own, or None.
    unavailable: the sentence that says what `extract` lacks here, or None.
    """

    name: str
    title: str
    structure: type[Structure]
    extract: Callable[[Image.Image, str], OperatingPoints]
    pack: Callable[[Any, tuple[int, int], int], bytes]
    unpack: Callable[[bytes, tuple[int, int], int], Structure]
    draw: Callable[[Any, tuple[int, int], float], np.ndarray]
    condition: Callable[[Any, tuple[int, int], Guide], tuple[str, Image.Image]]
    steers: str | None = None
    unavailable: Callable[[], str | None] = _nothing_lacks
