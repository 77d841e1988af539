"""Brings edited layers back to a budget, without the picture they were once made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from textsketch.allocation.analysis import analyse
from textsketch.allocation.colours import fill_quickly
from textsketch.allocation.search import Budget, check_smallest, last_that_fits
from textsketch.bitstream import SizeMeter
from textsketch.budget import parse_budget
from textsketch.edit.colours import planes_of
from textsketch.edit.kinds import editor_of
from textsketch.layers import Layers, Texture
from textsketch.progress import Progress, Pulse, ignore

_WITHOUT_COLOURS = 0.6
"""Of the bytes may go to all but the colour map where both have to give way."""


def fit(layers: Layers, budget: int | str, progress: Progress | None = None) -> Layers:
    """The layers so that their file takes at most `budget`; unchanged if it does already.

    budget: as `encode` takes it. The colour map is made coarser, then the shortest lines go, the last people
    or the finer edges, then grain and descriptors; caption, size, seed and kind stay. Raises BudgetError.
    """
    most_bytes = parse_budget(budget, layers.size)
    report = Pulse.of(progress or ignore)
    measure = SizeMeter(report.beat)
    if measure(layers) <= most_bytes:
        return layers
    planes = None if layers.texture is None else planes_of(layers)
    budgeted = Budget(
        np.zeros((3, 1, 1), np.float32) if planes is None else planes, most_bytes, measure, report
    )
    without = layers
    for without in _plainer(layers):
        fitted = _fitted(without, planes, budgeted)
        if budgeted.fits(fitted):
            return fitted
    check_smallest(_fitted(without, None, budgeted), layers.mode, most_bytes, measure)
    return fitted


def _plainer(layers: Layers) -> Iterator[Layers]:
    """The layers with a blank colour map, then without grain, then without descriptors."""
    if layers.texture is not None:
        blank = Texture(np.zeros_like(layers.texture.coefficients), 0, layers.texture.grain)
        layers = replace(layers, texture=blank)
    yield layers
    if layers.texture is not None:
        layers = replace(layers, texture=replace(layers.texture, grain=None))
        yield layers
    yield replace(layers, semantic=replace(layers.semantic, descriptors=None))


def _fitted(layers: Layers, planes: np.ndarray | None, budget: Budget) -> Layers:
    """As much structure as there is room for and, of `planes`, the colour map that fills the rest."""
    share = _WITHOUT_COLOURS if planes is not None else 1.0
    layers = _with_less_structure(layers, share, budget)
    if planes is None or not budget.fits(layers):
        return layers
    return fill_quickly(layers, analyse(layers, planes, None), budget)


def _with_less_structure(layers: Layers, share: float, budget: Budget) -> Layers:
    """The most structure with which the file takes no more than this share of the budget, at least the least."""
    if layers.structure is None:
        return layers
    points = editor_of(layers.structure).fewer(layers.structure, layers.size)

    def at(step: int) -> Layers:
        return replace(layers, structure=points.at(step))

    if budget.size_of(layers) <= share * budget.most_bytes:
        return layers
    return at(last_that_fits(lambda step: budget.size_of(at(step)) <= share * budget.most_bytes, points.top))
