"""The brush: a small network that draws the soft contours of a painting crisply.

It was trained on the painter's own paintings (brush.onnx, by training/brush; weights.yaml has what it stands
on); what it is given says `brush_inputs`. Where colours were sent finely it does little.

No file depends on the brush, and what it draws may differ by a level between machines.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from textsketch.codestream.grids import base_level, level_shapes
from textsketch.image.colour_space import to_ycbcr
from textsketch.layers import Layers
from textsketch.render.painter import small_networks
from textsketch.render.painter.brush_inputs import CELL, inputs
from textsketch.texture.contexts import band_slices

FILE = Path(__file__).with_name("brush.onnx")
REACH = 18
"""How many cells around a cell decide how that is painted: one a convolution."""
LONGEST_PIECE = 256
"""Cells along a side of what is painted at once: 1,024 pixels, a second of one core. A larger picture
is painted in pieces, and progress is told after each."""
_MARGIN = 8
"""Cells the picture is continued by, mirrored, so that its border is painted like the rest."""
SHARES = (12, 0.0), (30, 0.7), (42, 0.85), (46, 1.0)
"""Step indices of a colour map, and how much is taken there of what the network changes, in between linearly:
more looks better still, but is farther from the picture, and the finer colours were sent, the more is known."""
_STEPS_AN_OCTAVE, _LEARNED_SIDE = 8, 512
"""So many step indices on, a step is twice as coarse; so is one of a picture twice as long, in pixels."""
_SENT_SPREAD, _SENT_GAIN = 1.5, 4.0
"""How far, in cells, detail that was sent keeps the brush off, and how much a share of such cells counts."""
BARE_SPREAD, BARE = 2.5, (1.2, 2.2)
"""How far around, in cells, grain is seen beside the painting's contrast, and from how many times that on the
brush partly and wholly keeps off: where next to nothing was sent but grain, there is nothing to make crisp, and
the network would weave a cloth of it."""
FINE_PIXELS, THREAD_PIXELS = 9, 21
"""Sides of the squares of whose means threads stand out, and pixels of a row or column that make a thread."""
WOVEN_SPREAD, WOVEN, EVEN = 1.5, (2.0, 6.0), 0.1
"""How far around, in cells, threads are seen beside the painting's slope across them, in levels a pixel, and
from how many times that and EVEN on they are taken out partly and wholly: a contour made crisp is on a slope,
but a surface of which nothing is known would become cloth."""
ALONE_SPREAD, ALONE = 5.0, (1.2, 1.5)
"""Where they are so many times as strong as farther around, they are taken out partly and not at all: such a
contour stands alone."""
ALONG_PIXELS, ALONG_DIAGONAL = 15, 11
"""So many pixels of a row or column, or of a diagonal, are as a straight contour is along its way."""
STRAIGHT = (0.8, 0.97)
"""From which coherence of the painting's slopes around on a contour is partly and wholly straight; the square of
a level a pixel is added to their power."""
ALIKE = 1.5
"""How far around, in cells, a pattern is looked for."""
SHIFT = 8.0
"""The same of a shift of colour."""
BORNE, STEP_BORNE = (5.5, 1.0), (6.0, 0.35)
"""Levels of fine detail that a painting bears where it has no slope, and so many more for each level a pixel;
and levels anywhere, and for each level of a step. What goes beyond is no contour made crisp but speckle, and
would make burlap of a rough surface; nor is what was sent as wrong as that."""
DIM = (-148, -28)
"""Luma, grey being 0, where a painting without a slope would bear nothing, and from which on it bears all."""
COLOUR_SPREAD = 2.0
"""How far, in pixels, changes of colour are spread: the eye sees them less finely than those of brightness, and
finer ones are the network's own speckles more often than the picture's."""
COLOURLESS = 1.0
"""Levels: what has no more colour than this is black and white, and stays so."""
ROUGHNESS = 1.25
"""Levels of a change that are no detail but the network's own unevenness, seen on what is flat."""


def sharpen(
    planes: np.ndarray,
    layers: Layers,
    skipped: int = 0,
    *,
    grain: np.ndarray | None = None,
    report: Callable[[float], None] = lambda share: None,
) -> None:
    """Paint detail into a painting, in place: (3, height, width) float32 planes of `colour_space.to_ycbcr`.

    layers: what was painted; those without a texture have no contours to make crisp, and nothing changes.
    skipped: how often the picture was halved. grain: what will be added to the luma afterwards, (height, width)
    float32, which the network shapes; None for nothing. report: is called with the finished share.
    Raises MemoryError.
    """
    import cv2

    height, width = planes.shape[1:]
    most = _share(layers)
    if not most:
        return
    small_networks.load(FILE)
    report(0.0)
    rows, columns = -(-height // CELL), -(-width // CELL)
    kept = 1 - _sent(layers, skipped, CELL, (rows, columns))
    if grain is not None:
        kept *= 1 - _bare(planes[0], grain)
    share = cv2.resize(most * kept, None, fx=CELL, fy=CELL)[:height, :width]
    given = inputs(planes, layers, grain, _MARGIN)
    changing = planes[:1] if np.abs(planes[1:]).max() < COLOURLESS else planes
    changes = np.zeros((len(changing), rows * CELL, columns * CELL), np.float32)
    pieces = [(down, across) for down in _pieces(rows) for across in _pieces(columns)]
    for done, (down, across) in enumerate(pieces):
        # A margin of REACH more, cut off again, and a piece looks as it does in the whole picture.
        seen, inner = zip(_with_reach(down, given.shape[1]), _with_reach(across, given.shape[2]), strict=True)
        painted = small_networks.run(FILE, given[None, :, seen[0], seen[1]])[0][:, inner[0], inner[1]]
        at = tuple(
            slice(piece.start * CELL, min(piece.stop * CELL, side))
            for piece, side in ((down, height), (across, width))
        )
        fresh = to_ycbcr(np.clip(painted, 0, 1).transpose(1, 2, 0) * 255)
        before = changing[:, at[0], at[1]]
        changes[:, at[0], at[1]] = fresh[: len(before), : before.shape[1], : before.shape[2]] - before
        report((done + 1) / len(pieces))
    for changed in changes:
        changed -= _own(changed)
    for colour in changes[1:]:
        cv2.GaussianBlur(colour, (0, 0), COLOUR_SPREAD, dst=colour)
    slopes = _slopes(planes[0], changes[0].shape)
    changes -= _threads(changes, *slopes)
    changes[0] -= _hatching(changes[0], *slopes)
    changes -= _speckle(changes, planes[0], *slopes, 2 ** (_coarseness(layers) / _STEPS_AN_OCTAVE))
    for plane, changed in zip(changing, changes, strict=True):
        changed -= np.clip(changed, -ROUGHNESS, ROUGHNESS)
        plane += share * changed[:height, :width]


def _own(changed: np.ndarray) -> np.ndarray:
    """What of a change is the network's own, (rows, columns) float32.

    It is the pattern, alike in all cells around, that a network leaves which paints cell by cell, and what
    shifts a colour over many cells: such colours were sent.
    """
    import cv2

    rows, columns = (side // CELL for side in changed.shape)
    cells = changed.reshape(rows, CELL, columns, CELL).transpose(1, 3, 0, 2).reshape(-1, rows, columns)
    means = cells.mean(0)
    around = [cv2.GaussianBlur(each, (0, 0), ALIKE) for each in cells - means]
    pattern = np.stack(around).reshape(CELL, CELL, rows, columns).transpose(2, 0, 3, 1)
    shift = cv2.resize(cv2.GaussianBlur(means, (0, 0), SHIFT), None, fx=CELL, fy=CELL)
    return pattern.reshape(changed.shape) + shift


def _slopes(luma: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Levels a pixel down and across, each of `shape`, where the last pixels are repeated."""
    missing = [(1, 1 + whole - side) for whole, side in zip(shape, luma.shape, strict=True)]
    around = np.pad(luma, missing, mode="edge")
    return (around[2:, 1:-1] - around[:-2, 1:-1]) / 2, (around[1:-1, 2:] - around[1:-1, :-2]) / 2


def _threads(changes: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Of changes, luma first, the fine streaks along rows and columns across which a painting has no slope.

    (planes, rows, columns) float32; down, across: the slopes.
    """
    import cv2

    def levels(power: np.ndarray, spread: float = WOVEN_SPREAD) -> np.ndarray:
        return np.sqrt(cv2.GaussianBlur(power, (0, 0), spread))

    fine = [changed - _box_mean(changed, FINE_PIXELS, FINE_PIXELS) for changed in changes]
    found, (first, last), (among, alone) = np.zeros_like(changes), WOVEN, ALONE
    for slope, along in ((down, (1, THREAD_PIXELS)), (across, (THREAD_PIXELS, 1))):
        threads = np.stack([_box_mean(each, *along) for each in fine])
        power, steepness = _cell_means(np.square(threads[0])), levels(_cell_means(np.square(slope)))
        strength, farther = levels(power), levels(power, ALONE_SPREAD)
        woven = np.clip((strength / (steepness + EVEN) - first) / (last - first), 0, 1)
        woven *= np.clip((alone - strength / (farther + EVEN)) / (alone - among), 0, 1)
        found += cv2.resize(woven, None, fx=CELL, fy=CELL) * threads
    return found


def _hatching(changed: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Of a change of luma, what varies along straight contours of a painting, (rows, columns) float32.

    Of a line of letters of which a smear was sent the network would make a rope. down, across: the slopes, whose
    structure tensor (Bigun and Granlund 1987) says where contours are straight, and their angle.
    """
    import cv2

    steep, level = _around(np.square(across), WOVEN_SPREAD), _around(np.square(down), WOVEN_SPREAD)
    upright, falling = steep - level, 2 * _around(down * across, WOVEN_SPREAD)
    length = np.hypot(upright, falling)
    first, last = STRAIGHT
    straight = np.clip((length / (steep + level + 1) - first) / (last - first), 0, 1) / (length**2 + 1e-6)
    diagonal = np.eye(ALONG_DIAGONAL, dtype=np.float32) / ALONG_DIAGONAL
    row = np.full((1, ALONG_PIXELS), 1 / ALONG_PIXELS, np.float32)
    found = np.zeros_like(changed)
    for along, kernel in ((-upright, row), (upright, row.T), (-falling, diagonal), (falling, diagonal[::-1])):
        mean = cv2.filter2D(changed, -1, kernel, borderType=cv2.BORDER_REPLICATE)
        share = straight * np.square(np.maximum(along, 0))
        found += cv2.resize(share, None, fx=CELL, fy=CELL) * (changed - mean)
    return found


def _speckle(
    changes: np.ndarray, luma: np.ndarray, down: np.ndarray, across: np.ndarray, step_levels: float
) -> np.ndarray:
    """Of changes, luma first, the part of what is fine that goes beyond what a painting bears.

    (planes, rows, columns) float32; luma and its slopes: of the painting. step_levels: of the colours sent.
    """
    import cv2

    fine = changes - np.stack([_box_mean(changed, FINE_PIXELS, FINE_PIXELS) for changed in changes])
    (even, a_slope), (least, a_step) = BORNE, STEP_BORNE
    bright = np.clip((_around(luma, WOVEN_SPREAD) - DIM[0]) / (DIM[1] - DIM[0]), 0, 1)
    most = even * bright + a_slope * np.sqrt(_around(np.square(down) + np.square(across), WOVEN_SPREAD))
    most = np.minimum(most, least + a_step * step_levels)
    over = 1 - np.minimum(1, most / (np.sqrt(_around(np.square(fine[0]), WOVEN_SPREAD)) + 1e-6))
    return cv2.resize(over, None, fx=CELL, fy=CELL) * fine


def _bare(luma: np.ndarray, grain: np.ndarray) -> np.ndarray:
    """Where grain will lie on a painting without contours: float32 a cell, 0 to 1."""
    mean, square, power = (_around(each, BARE_SPREAD) for each in (luma, np.square(luma), np.square(grain)))
    contrast = np.sqrt(np.maximum(square - np.square(mean), 0))
    first, last = BARE
    return np.clip((np.sqrt(power) / (contrast + 0.5) - first) / (last - first), 0, 1)


def _box_mean(pixels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Of so many pixels around each, the border repeated."""
    import cv2

    return cv2.blur(pixels, (columns, rows), borderType=cv2.BORDER_REPLICATE)


def _around(pixels: np.ndarray, cells: float) -> np.ndarray:
    """The means of cells, (rows, columns), blurred over so many cells."""
    import cv2

    return cv2.GaussianBlur(_cell_means(pixels), (0, 0), cells)


def _cell_means(pixels: np.ndarray) -> np.ndarray:
    """The mean of each cell, (rows, columns); the last ones are continued by their last pixels."""
    height, width = pixels.shape
    whole = np.pad(pixels, ((0, -height % CELL), (0, -width % CELL)), mode="edge")
    return whole.reshape(whole.shape[0] // CELL, CELL, -1, CELL).mean((1, 3))


def sharpens(layers: Layers) -> bool:
    """Whether the brush does anything for these layers."""
    return _share(layers) > 0


def _share(layers: Layers) -> float:
    """How much of what the network changes is taken for these layers, see SHARES."""
    return 0.0 if layers.texture is None else float(np.interp(_coarseness(layers), *np.array(SHARES).T))


def _coarseness(layers: Layers) -> float:
    """The step index of the colour map; of a picture smaller than the network has learned it is finer."""
    assert layers.texture is not None
    finer = _STEPS_AN_OCTAVE * min(0.0, math.log2(max(layers.size) / _LEARNED_SIDE))
    return layers.texture.step_index + finer


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


def _pieces(cells: int) -> list[slice]:
    """Spans of about the same length, LONGEST_PIECE at most with their reach, that cover 0 to `cells`."""
    count = 1 if cells <= LONGEST_PIECE else -(-cells // (LONGEST_PIECE - 2 * REACH))
    return [slice(index * cells // count, (index + 1) * cells // count) for index in range(count)]


def _with_reach(piece: slice, cells: int) -> tuple[slice, slice]:
    """What the network has to see, of `cells` with margins, to paint a piece, and the piece's pixels in that."""
    first, last = max(0, piece.start + _MARGIN - REACH), min(cells, piece.stop + _MARGIN + REACH)
    return slice(first, last), slice(*(CELL * (end + _MARGIN - first) for end in (piece.start, piece.stop)))
