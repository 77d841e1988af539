"""The kinds of structure a file can carry: strokes, skeletons of people, or a soft edge map."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import numpy as np

from textsketch.codestream.tables import NEWEST
from textsketch.errors import TextsketchError
from textsketch.layers import Structure

if TYPE_CHECKING:
    from textsketch.structure.ntc import SoftEdges
    from textsketch.structure.pose import Poses


class Kind(enum.StrEnum):
    """What a structure segment holds, in the order the header numbers them."""

    STROKES = "strokes"
    SKELETONS = "skeletons"
    SOFT_EDGES = "soft-edges"


def parse_kind(kind: str) -> Kind:
    """Turn the name of a kind into a `Kind`. Raises TextsketchError if there is none of this name."""
    try:
        return Kind(kind)
    except ValueError:
        raise TextsketchError(f"unknown structure {kind!r}; choose one of {', '.join(Kind)}") from None


def kind_of(structure: Structure | Poses | SoftEdges) -> Kind:
    """The kind of a structure."""
    if isinstance(structure, Structure):
        return Kind.STROKES
    from textsketch.structure.pose import Poses

    return Kind.SKELETONS if isinstance(structure, Poses) else Kind.SOFT_EDGES


def pack(structure: Structure | Poses | SoftEdges, size: tuple[int, int], version: int = NEWEST) -> bytes:
    """Code a structure made for a picture of `size` (width, height) as format `version` does."""
    from textsketch.structure import ntc, pose, sketch_coder

    if isinstance(structure, Structure):
        return sketch_coder.pack(structure, size, version)
    if isinstance(structure, pose.Poses):
        return pose.pack(structure)
    return ntc.pack(structure)


def unpack(
    data: bytes, size: tuple[int, int], kind: Kind = Kind.STROKES, version: int = NEWEST
) -> Structure | Poses | SoftEdges:
    """Decode what `pack` of format `version` wrote. Any bytes give a structure or `BitstreamError`."""
    from textsketch.structure import ntc, pose, sketch_coder

    if kind is Kind.STROKES:
        return sketch_coder.unpack(data, size, version)
    if kind is Kind.SKELETONS:
        return pose.unpack(data)
    return ntc.unpack(data, size)


def line_cover(
    structure: Structure | Poses | SoftEdges, height: int, width: int, thickness: float
) -> np.ndarray:
    """How far the structure's lines cover each pixel: (height, width) float32, 0 to 1.

    thickness: of strokes, in pixels; the other kinds draw themselves.
    """
    if isinstance(structure, Structure):
        from textsketch.render.painter.painting import line_mask

        return line_mask(structure.strokes, height, width, thickness)
    drawn = np.asarray(structure.draw((width, height)), np.float32) / 255
    return drawn.max(-1) if drawn.ndim == 3 else drawn


def preview(
    structure: Structure | Poses | SoftEdges, size: tuple[int, int], long_side: int = 768
) -> np.ndarray:
    """The structure as dark lines on white: (height, width) uint8, `long_side` pixels along the longer side.

    size: (width, height) of the picture it was made for.
    """
    scale = long_side / max(size)
    width, height = (max(1, round(side * scale)) for side in size)
    cover = line_cover(structure, height, width, long_side / 400)
    return (255 - 225 * cover + 0.5).astype(np.uint8)
