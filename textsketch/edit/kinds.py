"""How each kind of structure is edited; `EDITORS` is their table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from textsketch.codestream import tables
from textsketch.codestream.grids import LATENT_CELL, latent_grid
from textsketch.codestream.tables import NEWEST
from textsketch.edit import lines
from textsketch.edit.masks import Area, grown, lines_on
from textsketch.errors import TextsketchError
from textsketch.layers import Person, Skeletons, SoftEdges, Strokes, Structure
from textsketch.structure import ntc, ntc_networks
from textsketch.structure.kind import OperatingPoints
from textsketch.structure.kinds import kind_of
from textsketch.structure.pose import GRID

Size = tuple[int, int]
"""(width, height) of the picture in pixels."""

_ERASED_CELLS = 2
"""How far beside a mask, in cells of a sketch, lines are erased with it: outlines run along its edge."""
_LATENT_REACH = 1
"""Latents beside a change that the networks' kernels see it from."""
_FEWEST_JOINTS = 2
"""A person of fewer has no limb to draw."""


@dataclass(frozen=True)
class Editor:
    """How structures of one kind are edited.

    draw: (structure, drawing, size) -> with the drawing's lines added.
    redraw: (structure, drawing, size) -> the drawing's lines and no others.
    rub_out: (structure, area, size) -> without what lies in the area.
    erase: (structure, area, size) -> without the thing in the area: its outlines and loose ends go too.
    move: (structure, area, (right, down) in pixels, size) -> what lies in the area elsewhere, over what was
    there.
    fewer: (structure, size) -> structures that take fewer bytes; at the top the structure itself.
    """

    draw: Callable[[Any, Area, Size], Structure]
    redraw: Callable[[Any, Area, Size], Structure]
    rub_out: Callable[[Any, Area, Size], Structure]
    erase: Callable[[Any, Area, Size], Structure]
    move: Callable[[Any, Area, tuple[float, float], Size], Structure]
    fewer: Callable[[Any, Size], OperatingPoints]


def editor_of(structure: Structure) -> Editor:
    """The editor of a structure. Raises TextsketchError if its kind has none."""
    for kind, editor in EDITORS.items():
        if type(structure) is kind:
            return editor
    raise TextsketchError(
        f"{kind_of(structure).title.lower()} cannot be edited; encode the picture with strokes"
    )


def _draw_strokes(structure: Strokes, drawing: Area, size: Size) -> Strokes:
    return Strokes(structure.strokes | lines_on(drawing, structure.strokes.shape))


def _redraw_strokes(structure: Strokes, drawing: Area, size: Size) -> Strokes:
    return Strokes(lines_on(drawing, structure.strokes.shape))


def _rub_out_strokes(structure: Strokes, area: Area, size: Size) -> Strokes:
    return Strokes(structure.strokes & ~area.inside(structure.strokes.shape))


def _erase_strokes(structure: Strokes, area: Area, size: Size) -> Strokes:
    return Strokes(lines.cut(structure.strokes, area.inside(structure.strokes.shape, _ERASED_CELLS)))


def _move_strokes(structure: Strokes, area: Area, by: tuple[float, float], size: Size) -> Strokes:
    strokes = structure.strokes
    taken = area.inside(strokes.shape, _ERASED_CELLS)
    offset = lines.cells_of(by, size, strokes.shape)
    left = lines.cut(strokes, taken | lines.shifted(taken, offset))
    return Strokes(left | lines.shifted(strokes & taken, offset))


def _fewer_strokes(structure: Strokes, size: Size) -> OperatingPoints:
    return lines.fewer(structure.strokes)


def _no_lines(structure: Skeletons, drawing: Area, size: Size) -> Structure:
    raise TextsketchError(
        "lines cannot be drawn into skeletons; move a joint instead, or encode with strokes"
    )


def _in_area(person: Person, area: Area) -> list[bool]:
    """Which of a person's keypoints lie in the area."""
    inside = area.inside((GRID, GRID))
    return [point is not None and bool(inside[point[1], point[0]]) for point in person]


def _without(skeletons: Skeletons, area: Area, most: float) -> Skeletons:
    """The people without joints in the area, and none of those of whom more than `most` lies there."""
    people = []
    for person in skeletons.people:
        gone = _in_area(person, area)
        seen = sum(point is not None for point in person)
        left = tuple(None if there else point for point, there in zip(person, gone, strict=True))
        if sum(gone) <= most * seen and (seen - sum(gone) >= _FEWEST_JOINTS or not any(gone)):
            people.append(left)
    return Skeletons(tuple(people))


def _rub_out_joints(structure: Skeletons, area: Area, size: Size) -> Skeletons:
    return _without(structure, area, most=1.0)


def _erase_people(structure: Skeletons, area: Area, size: Size) -> Skeletons:
    return _without(structure, area, most=0.5)


def _move_joints(structure: Skeletons, area: Area, by: tuple[float, float], size: Size) -> Skeletons:
    right, down = (round(part * GRID / side) for part, side in zip(by, size, strict=True))

    def moved(point: tuple[int, int] | None, taken: bool) -> tuple[int, int] | None:
        if point is None or not taken:
            return point
        column, row = point[0] + right, point[1] + down
        return (column, row) if 0 <= column < GRID and 0 <= row < GRID else None

    people = [
        tuple(moved(point, taken) for point, taken in zip(person, _in_area(person, area), strict=True))
        for person in structure.people
    ]
    kept = [person for person in people if sum(point is not None for point in person) >= _FEWEST_JOINTS]
    return Skeletons(tuple(kept))


def _fewer_people(structure: Skeletons, size: Size) -> OperatingPoints:
    return OperatingPoints(len(structure.people), lambda step: Skeletons(structure.people[:step]))


def _edited_map(
    edges: SoftEdges, size: Size, edit: Callable[[np.ndarray], np.ndarray], whole: bool = False
) -> SoftEdges:
    """Soft edges whose map is edited; latents that see nothing of it stay, unless the `whole` map is new."""
    before = ntc_networks.synthesise(edges.latents, edges.rate, edges.version)
    after = edit(before)
    coded = ntc.encode(after, size, edges.rate)
    known = tables.find("ntc", edges.version) == tables.find("ntc", NEWEST)
    if whole or not known or coded.latents.shape != edges.latents.shape:
        return coded
    rows, columns = latent_grid(size)
    changed = (np.abs(after - before) > 1e-3).reshape(rows, LATENT_CELL, columns, LATENT_CELL).any((1, 3))
    return replace(coded, latents=np.where(grown(changed, _LATENT_REACH), coded.latents, edges.latents))


def _line_map(drawing: Area, shape: tuple[int, ...]) -> np.ndarray:
    """A drawing's lines as a detector's map would have them: (rows, columns) float32, 0 to 1."""
    import cv2

    soft = cv2.GaussianBlur(lines_on(drawing, shape).astype(np.float32), (0, 0), 1.5)
    return np.minimum(soft.reshape(shape) / max(float(soft.max()), 1e-6), 1)


def _draw_soft(structure: SoftEdges, drawing: Area, size: Size) -> SoftEdges:
    return _edited_map(structure, size, lambda found: np.maximum(found, _line_map(drawing, found.shape)))


def _redraw_soft(structure: SoftEdges, drawing: Area, size: Size) -> SoftEdges:
    return _edited_map(structure, size, lambda found: _line_map(drawing, found.shape), whole=True)


def _rub_out_soft(structure: SoftEdges, area: Area, size: Size) -> SoftEdges:
    return _edited_map(structure, size, lambda found: found * (1 - area.cover(found.shape)))


def _erase_soft(structure: SoftEdges, area: Area, size: Size) -> SoftEdges:
    reach = _ERASED_CELLS * LATENT_CELL // 6

    return _edited_map(structure, size, lambda found: found * ~area.inside(found.shape, reach))


def _move_soft(structure: SoftEdges, area: Area, by: tuple[float, float], size: Size) -> SoftEdges:
    def moved(found: np.ndarray) -> np.ndarray:
        taken = area.inside(found.shape, _ERASED_CELLS * LATENT_CELL // 6)
        offset = lines.cells_of(by, size, found.shape)
        left = found * ~(taken | lines.shifted(taken, offset))
        return np.maximum(left, lines.shifted(found * taken, offset))

    return _edited_map(structure, size, moved)


def _fewer_soft(structure: SoftEdges, size: Size) -> OperatingPoints:
    def at(rate: int) -> SoftEdges:
        if rate == structure.rate:
            return structure
        return ntc.encode(
            ntc_networks.synthesise(structure.latents, structure.rate, structure.version), size, rate
        )

    return OperatingPoints(structure.rate, at)


EDITORS: dict[type[Structure], Editor] = {
    Strokes: Editor(
        _draw_strokes, _redraw_strokes, _rub_out_strokes, _erase_strokes, _move_strokes, _fewer_strokes
    ),
    Skeletons: Editor(_no_lines, _no_lines, _rub_out_joints, _erase_people, _move_joints, _fewer_people),
    SoftEdges: Editor(_draw_soft, _redraw_soft, _rub_out_soft, _erase_soft, _move_soft, _fewer_soft),
}
