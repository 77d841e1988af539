"""What every search for layers needs: the picture, the bytes, what measures them, and who is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from textsketch.allocation.study import Study
from textsketch.errors import BudgetError, listed
from textsketch.layers import Layers, Mode
from textsketch.progress import Pulse

SizeOf = Callable[[Layers], int]
"""Bytes of the file of some layers."""

MOST_EFFORT = 3
"""How hard a search can be: 1 gives an answer quickly, 3 the best there is."""

FULL = 0.95
"""Of a budget is enough: what is left is not worth another search."""


@dataclass(frozen=True, eq=False)
class Budget:
    """The bytes that may be spent on a picture.

    planes: the picture's, of `colour_space.to_ycbcr`. most_bytes: of the file. measure: its size.
    report: is told how far the search is. effort: how hard to search, 1 to `MOST_EFFORT`.
    shared: the study of the picture where there is one already.
    """

    planes: np.ndarray
    most_bytes: int
    measure: SizeOf
    report: Pulse
    effort: int = MOST_EFFORT
    shared: Study | None = None

    def size_of(self, layers: Layers) -> int:
        """Bytes of the file of some layers."""
        self.report.beat()
        return self.measure(layers)

    def fits(self, layers: Layers) -> bool:
        """Whether the file of some layers keeps to the budget."""
        return self.size_of(layers) <= self.most_bytes

    def is_full(self, layers: Layers) -> bool:
        """Whether the file of some layers leaves next to nothing over."""
        return self.size_of(layers) >= FULL * self.most_bytes

    @cached_property
    def study(self) -> Study:
        """What is known about the picture."""
        return self.shared or Study(self.planes)


def check_smallest(smallest: Layers, mode: Mode, most_bytes: int, measure: SizeOf) -> None:
    """Raise BudgetError, naming what is needed and what helps, if the smallest file of `mode` is too large."""
    needed_bytes = measure(smallest)
    if needed_bytes <= most_bytes:
        return
    remedies, words = ["a larger budget (or, for a rate, a larger picture)"], ""
    if smallest.semantic.caption:
        remedies.append("a shorter caption")
        words = " with this caption"
    if mode is not Mode.TEXT_ONLY:
        remedies.append("a mode of fewer layers")
    raise BudgetError(
        f"the smallest {mode} file of this picture{words} takes {needed_bytes} bytes, "
        f"but the budget is {most_bytes}; choose {listed(remedies)}"
    )


def last_that_fits(fits: Callable[[int], bool], most: int, least: int = 0) -> int:
    """The largest of `least` to `most` for which `fits` holds, by bisection; the least is taken to fit.

    Where `fits` comes and goes it is one that fits and whose successor does not.
    """
    low, high = least, most
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


def described(layers: Layers, most_bytes: int, budget: Budget) -> Layers:
    """The layers with the most descriptors, of `most_bytes` or fewer, that fit; unchanged if none do."""
    tried = None
    for size_bytes in range(most_bytes, 0, -1):
        colours = budget.study.describer.within(size_bytes)
        if colours == tried:
            continue
        tried = colours
        trial = replace(layers, semantic=replace(layers.semantic, descriptors=colours))
        if budget.fits(trial):
            return trial
    return layers
