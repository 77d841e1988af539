"""Things that go, or go elsewhere: their lines, colours and grain, and what is filled in where they were."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from textsketch.codestream.grids import base_shape
from textsketch.edit.colours import grain_plane, has_colours, planes_of, with_grain, with_planes
from textsketch.edit.flow import fill
from textsketch.edit.kinds import editor_of
from textsketch.edit.lines import cells_of, shifted
from textsketch.edit.masks import Area, Mask, read_mask
from textsketch.edit.structure import pair
from textsketch.layers import Layers

_REACH_SHARE = 0.012
"""How far beside a mask colours go with it, in longer sides: coarse colours run over an outline."""


def erase(layers: Layers, mask: Mask | None) -> Layers:
    """Take the thing in a mask out of all layers.

    Strokes in the mask and along its edge go, and the stubs of those it cuts; of people those who mostly lie
    in it. Colours and grain are filled smoothly from around, descriptors follow. Of a caption nothing is
    known: `rewrite` it. A mask of everything leaves one colour. Raises ImageError.
    """
    area = read_mask(mask)
    if area.is_empty:
        return layers
    emptied = layers
    if layers.structure is not None:
        gone = editor_of(layers.structure).erase(layers.structure, area, layers.size)
        emptied = replace(layers, structure=gone)
    if not has_colours(layers):
        return emptied
    return _with_stack(layers, emptied, fill(_stack(layers), _hole(area, layers)))


def move(layers: Layers, mask: Mask | None, by: tuple[float, float], colours: bool = True) -> Layers:
    """Move what a mask covers.

    by: (right, down) in pixels of the picture. Strokes and joints travel, colours and grain too unless
    `colours` is False; what was there is filled as by `erase`, what they land on is covered. What leaves the
    picture is gone. Raises ImageError, and TextsketchError where `by` is not two numbers.
    """
    area, offset = read_mask(mask), pair(by, "a move")
    if area.is_empty:
        return layers
    moved = layers
    if layers.structure is not None:
        carried = editor_of(layers.structure).move(layers.structure, area, offset, layers.size)
        moved = replace(layers, structure=carried)
    if not colours or not has_colours(layers):
        return moved
    stack = _stack(layers)
    cells = cells_of(offset, layers.size, stack.shape[1:])
    cover = shifted(np.maximum(area.cover(base_shape(layers.size)), _hole(area, layers)), cells)
    landed = np.stack([shifted(plane, cells) for plane in stack])
    filled = fill(stack, _hole(area, layers))
    return _with_stack(layers, moved, filled + cover * (landed - filled))


def _hole(area: Area, layers: Layers) -> np.ndarray:
    """The planes' cells whose colours go with an area."""
    shape = base_shape(layers.size)
    return area.inside(shape, round(max(shape) * _REACH_SHARE))


def _stack(layers: Layers) -> np.ndarray:
    """The planes of colours and, where there is grain, a fourth of that."""
    grain = grain_plane(layers)
    planes = planes_of(layers)
    return planes if grain is None else np.concatenate([planes, grain[None]])


def _with_stack(before: Layers, layers: Layers, stack: np.ndarray) -> Layers:
    """`layers`, whose structure is edited, with the colours and grain of `stack`; `before`: as they were."""
    edited = with_planes(layers, stack[:3], planes_of(before))
    return edited if len(stack) == 3 else with_grain(edited, stack[3])
