"""The brush: a small network that draws the soft contours of a painting crisply.

The network enlarges small pictures fourfold and was not made for paintings: brush.onnx, written by
training/brush/export.py; weights.yaml has its source and licence. Here the painting is shrunk, which makes its
contours as crisp as those of a small picture, and the network enlarges it again. Only detail is taken over, and
only where none was sent; colours and shading stay those that were.

No file depends on the brush, and what it draws may differ by a level between machines.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from textsketch.codestream.grids import base_level, level_shapes
from textsketch.image.colour_space import planes_to_rgb, to_ycbcr
from textsketch.layers import Layers
from textsketch.render.painter import small_networks
from textsketch.texture.contexts import band_slices

FILE = Path(__file__).with_name("brush.onnx")
SCALE = 4
"""How many times larger than what it is given the network paints."""
REACH = 17
"""How many cells around a cell of the shrunk picture decide how that is painted: one a convolution."""
LONGEST_PIECE = 256
"""Cells along a side of what is painted at once: 1,024 pixels, a second of one core. A larger picture
is painted in pieces, and progress is told after each."""
_SMALL_SIDE = 384
"""A picture with a longer side up to this is shrunk half as much: its contours are half as wide."""
_MARGIN = 4
"""Cells the picture is continued by, mirrored, so that its border is painted like the rest."""
_SHADING_CELLS = 4.0
"""What is smoother than this many cells of the shrunk picture is shading, not detail."""
_FADED, _FULL = 12, 40
"""Step indices of a colour map: up to the first the brush does nothing, from the second on all it can."""
_SENT_SPREAD, _SENT_GAIN = 1.5, 4.0
"""How far, in cells, detail that was sent keeps the brush off, and how much a share of such cells counts."""
_ROUGHNESS = 1.5
"""Levels of a change that are no detail but the network's own unevenness, seen on what is flat."""


def sharpen(
    planes: np.ndarray, layers: Layers, skipped: int = 0, report: Callable[[float], None] = lambda share: None
) -> None:
    """Paint detail into a painting, in place: (3, height, width) float32 planes of `colour_space.to_ycbcr`.

    layers: what was painted; those without a texture have no contours to make crisp, and nothing changes.
    skipped: how often the picture was halved. report: is called with the finished share. Raises MemoryError.
    """
    import cv2

    height, width = planes.shape[1:]
    shrinkage = SCALE if max(height, width) > _SMALL_SIDE else SCALE // 2
    rows, columns = -(-height // shrinkage), -(-width // shrinkage)
    strength = _strength(layers)
    if not strength or min(rows, columns) <= _MARGIN:
        return
    missing = ((0, rows * shrinkage - height), (0, columns * shrinkage - width))

    def shrunk(plane: np.ndarray) -> np.ndarray:
        return cv2.resize(np.pad(plane, missing, "edge"), (columns, rows), interpolation=cv2.INTER_AREA)

    def enlarged(plane: np.ndarray) -> np.ndarray:
        return cv2.resize(plane, None, fx=shrinkage, fy=shrinkage)[:height, :width]

    small_networks.load(FILE)
    report(0.0)
    cells = np.stack([shrunk(plane) for plane in planes])
    painted = _paint(cells, shrinkage, report)[:, :height, :width]
    share = enlarged(strength * (1 - _sent(layers, skipped, shrinkage, (rows, columns))))
    for plane, fresh, coarse in zip(planes, painted, cells, strict=True):
        fresh -= enlarged(cv2.GaussianBlur(shrunk(fresh) - coarse, (0, 0), _SHADING_CELLS))
        fresh -= plane
        plane += share * (fresh - np.clip(fresh, -_ROUGHNESS, _ROUGHNESS))


def sharpens(layers: Layers) -> bool:
    """Whether the brush does anything for these layers."""
    return _strength(layers) > 0


def _strength(layers: Layers) -> float:
    """How much the brush does for these layers, 0 to 1: the finer their colours were sent, the less."""
    if layers.texture is None:
        return 0.0
    return float(np.clip((layers.texture.step_index - _FADED) / (_FULL - _FADED), 0, 1))


def _sent(layers: Layers, skipped: int, shrinkage: int, shape: tuple[int, int]) -> np.ndarray:
    """Where the file has detail that is lost when the painting is shrunk to cells: float32 of `shape`, 0 to 1.

    There the brush would paint over what is known, such as small letters. The finest bands that are sent always
    count.
    """
    import cv2

    assert layers.texture is not None
    coefficients = layers.texture.coefficients
    shapes = level_shapes(layers.size[1], layers.size[0])
    finest = max(base_level(layers.size), skipped)
    found = np.zeros(shape, np.float32)
    for level in range(finest, len(shapes) - 1):
        band_cell = 2 << (level - skipped)
        if band_cell > shrinkage and level > finest:
            break
        for rows, columns in band_slices(shapes, level):
            reach = max(1, band_cell // shrinkage)
            sent = coefficients[:, rows, columns].any(axis=0).repeat(reach, axis=0).repeat(reach, axis=1)
            at = np.argwhere(sent) * band_cell // (shrinkage * reach)
            found[tuple(at[(at < shape).all(axis=1)].T)] = 1
    return np.clip(_SENT_GAIN * cv2.GaussianBlur(found, (0, 0), _SENT_SPREAD), 0, 1)


def _paint(cells: np.ndarray, times: int, report: Callable[[float], None]) -> np.ndarray:
    """What the network makes of the planes of a shrunk picture, `times` as large, SCALE at most."""
    import cv2

    rows, columns = cells.shape[1:]
    colour = np.pad(planes_to_rgb(cells) / 255, [(_MARGIN, _MARGIN)] * 2 + [(0, 0)], "symmetric")
    colour = np.clip(colour, 0, 1).transpose(2, 0, 1)
    painted = np.empty((3, rows * times, columns * times), np.float32)
    pieces = [(down, across) for down in _pieces(rows) for across in _pieces(columns)]
    for done, (down, across) in enumerate(pieces):
        # A margin of REACH more, cut off again, and a piece looks as it does in the whole picture.
        seen, inner = zip(_with_reach(down, rows), _with_reach(across, columns), strict=True)
        fresh = _run(colour[:, seen[0], seen[1]])[:, inner[0], inner[1]]
        size = (times * (across.stop - across.start), times * (down.stop - down.start))
        for plane, one in zip(painted, fresh, strict=True):
            into = plane[times * down.start : times * down.stop, times * across.start : times * across.stop]
            into[...] = cv2.resize(one, size, interpolation=cv2.INTER_AREA)
        report((done + 1) / len(pieces))
    return painted


def _pieces(cells: int) -> list[slice]:
    """Spans of about the same length, LONGEST_PIECE at most with their reach, that cover 0 to `cells`."""
    count = 1 if cells <= LONGEST_PIECE else -(-cells // (LONGEST_PIECE - 2 * REACH))
    return [slice(index * cells // count, (index + 1) * cells // count) for index in range(count)]


def _with_reach(piece: slice, cells: int) -> tuple[slice, slice]:
    """What the network has to see of `cells` and their margins to paint a piece, and the piece in that."""
    first = max(0, piece.start + _MARGIN - REACH)
    last = min(cells + 2 * _MARGIN, piece.stop + _MARGIN + REACH)
    return slice(first, last), slice(*(SCALE * (end + _MARGIN - first) for end in (piece.start, piece.stop)))


def _run(colour: np.ndarray) -> np.ndarray:
    """The network's (3, rows, columns) float32 RGB, 0 to 1, SCALE times as large, as planes `sharpen` takes."""
    return to_ycbcr(small_networks.run(FILE, colour[None])[0].transpose(1, 2, 0) * 255)
