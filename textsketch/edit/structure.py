"""Structure manipulation: lines drawn, rubbed out and drawn anew, joints moved.

The colour map's numbers stay as they are. Colours flow and stop at lines when they are painted, so they
follow the lines that are there now.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from textsketch.codestream.grids import base_shape, grid_shape
from textsketch.edit.colours import planes_of, with_planes
from textsketch.edit.kinds import editor_of
from textsketch.edit.masks import Mask, read_drawing, read_mask
from textsketch.edit.pigment import Colour, planes_of_colour
from textsketch.errors import TextsketchError, quoted
from textsketch.layers import Layers, Skeletons, Strokes, Structure
from textsketch.structure.pose import GRID, KEYPOINTS

_NEW_SKETCH_LONG_SIDE = 192
"""Cells along the longer side of the sketch of a file that had none."""


def draw(layers: Layers, strokes: Mask, colour: Colour | None = None) -> Layers:
    """Add the lines of a drawing to the sketch.

    strokes: a picture of the lines, see `masks.read_drawing`. colour: what they are painted with where the
    file has colours; without one, colours stop at them. Raises ImageError, OptionError for a colour there is
    not, and TextsketchError where the structure has no lines.
    """
    drawing = read_drawing(strokes)
    if drawing.is_empty:
        return layers
    structure = _structure_of(layers)
    drawn = replace(layers, structure=editor_of(structure).draw(structure, drawing, layers.size))
    if colour is None:
        return drawn
    before = planes_of(drawn)
    cover = drawing.cover(base_shape(layers.size))
    return with_planes(drawn, before + cover * (planes_of_colour(colour) - before), before)


def redraw(layers: Layers, sketch_picture: Mask) -> Layers:
    """Take the lines of a drawing instead of the sketch's own.

    sketch_picture: dark lines on light paper, light ones on dark, or lines on nothing. Raises as `draw` does.
    """
    structure = _structure_of(layers)
    drawing = read_drawing(sketch_picture)
    return replace(layers, structure=editor_of(structure).redraw(structure, drawing, layers.size))


def rub_out(layers: Layers, mask: Mask | None) -> Layers:
    """Remove the lines in a mask, or the joints; colours flow where the lines were. Raises ImageError."""
    area = read_mask(mask)
    if layers.structure is None or area.is_empty:
        return layers
    changed = editor_of(layers.structure).rub_out(layers.structure, area, layers.size)
    return replace(layers, structure=changed)


def move_joint(layers: Layers, person: int, joint: int | str, to: tuple[float, float] | None) -> Layers:
    """Move a joint of a skeleton, add one that was not seen, or by None take it away.

    person: which one, from 0. joint: its number or name in `structure.pose.KEYPOINTS`. to: (right, down) in
    pixels of the picture. Raises TextsketchError if the file has no such person, or there is no such joint
    or place.
    """
    if not isinstance(layers.structure, Skeletons):
        raise TextsketchError("the file has no skeletons; encode the picture with skeletons to move joints")
    people = list(layers.structure.people)
    if person not in range(len(people)):
        raise TextsketchError(f"there is no person {quoted(person)}; the file has {len(people)}, from 0")
    index = KEYPOINTS.index(joint) if joint in KEYPOINTS else joint
    if index not in range(len(KEYPOINTS)):
        raise TextsketchError(f"there is no joint {quoted(joint)}; choose one of {', '.join(KEYPOINTS)}")
    points = list(people[person])
    points[int(index)] = None if to is None else _joint_place(to, layers.size)
    people[person] = tuple(points)
    return replace(layers, structure=Skeletons(tuple(people)))


def _joint_place(to: tuple[float, float], size: tuple[int, int]) -> tuple[int, int]:
    right, down = pair(to, "a place")
    column, row = (math.floor(part * GRID / side) for part, side in zip((right, down), size, strict=True))
    if not (0 <= column < GRID and 0 <= row < GRID):
        raise TextsketchError(f"the place {quoted(to)} is not in the picture of {size[0]} x {size[1]} pixels")
    return column, row


def pair(numbers: Sequence[float], what: str) -> tuple[float, float]:
    """Two finite numbers. Raises TextsketchError, which calls them `what`."""
    try:
        right, down = (float(number) for number in numbers)
    except (TypeError, ValueError):
        right = down = math.nan
    if not (abs(right) < 1e6 and abs(down) < 1e6):
        raise TextsketchError(f"{what} is two numbers, right and down in pixels, not {quoted(numbers)}")
    return right, down


def _structure_of(layers: Layers) -> Structure:
    """The layers' structure, or where they have none a sketch without lines."""
    empty = np.zeros(grid_shape(layers.size, _NEW_SKETCH_LONG_SIDE), bool)
    return layers.structure if layers.structure is not None else Strokes(empty)
