"""The kinds of structure a file can carry, and what is the same for all of them."""

from __future__ import annotations

import numpy as np

from textsketch.errors import TextsketchError, quoted
from textsketch.layers import Structure
from textsketch.structure import line_drawing, ntc, pose
from textsketch.structure.kind import Kind

KINDS: list[Kind] = [line_drawing.KIND, pose.KIND, ntc.KIND]
"""In the order in which the header numbers them; part of the format, so only ever append, four at most."""

DEFAULT = line_drawing.KIND


def names() -> tuple[str, ...]:
    """The kinds by name."""
    return tuple(kind.name for kind in KINDS)


def get(name: str) -> Kind:
    """The kind called `name`. Raises TextsketchError if there is none."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise TextsketchError(f"unknown structure {quoted(name)}; choose one of {', '.join(names())}")


def kind_of(structure: Structure) -> Kind:
    """The kind of a structure. Raises TypeError if no kind has its class."""
    for kind in KINDS:
        if type(structure) is kind.structure:
            return kind
    raise TypeError(f"{type(structure).__name__} is no structure of a kind in structure.kinds")


def preview(structure: Structure, size: tuple[int, int], long_side: int = 768) -> np.ndarray:
    """The structure as dark lines on white: (height, width) uint8, `long_side` pixels along the longer side.

    size: (width, height) of the picture it was made for.
    """
    scale = long_side / max(size)
    width, height = (max(1, round(side * scale)) for side in size)
    cover = kind_of(structure).draw(structure, (width, height), long_side / 400)
    return (255 - 225 * cover + 0.5).astype(np.uint8)
