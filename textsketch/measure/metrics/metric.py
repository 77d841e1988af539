"""What a metric is: a name, how its figures are read, where it is quick enough to be shown, and a function."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from PIL import Image


class Place(IntEnum):
    """Where figures are shown; each place shows the metrics that are quick enough for it."""

    EVALUATION = 0
    COMPARISON = 1
    """One picture's report, which may take seconds."""
    PAGE = 2
    """The page's result."""
    CHART = 3
    """Every point of the page's curves."""


def nothing_missing() -> str | None:
    """What a metric says that can be used everywhere."""
    return None


@dataclass(frozen=True, kw_only=True)
class Row:
    """A metric's row. model: the network and weights, or the definition. higher: whether more is better.

    digits: after the point, where figures are shown. learned: whether a network's weights decide; scores of
    other weights cannot be compared, so the model is named beside every figure.
    """

    name: str
    title: str
    model: str
    unit: str = ""
    digits: int = 4
    higher: bool = True
    learned: bool = False

    @property
    def heading(self) -> str:
        """Title, unit and which way is better, for tables and plots."""
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.title}{unit} {'↑' if self.higher else '↓'}"

    def show(self, value: float | None) -> str:
        """A figure with its unit; a dash for none."""
        return "–" if value is None else f"{value:.{self.digits}f} {self.unit}".strip()


@dataclass(frozen=True, kw_only=True)
class Metric(Row):
    """A metric of one decoded picture.

    measure takes the original, the decoded picture (RGB, of one size) and the caption; it gives None where the
    metric does not apply. reach: the busiest place the metric is quick enough for. unavailable() is the sentence
    that says what is missing here, or None.
    """

    measure: Callable[[Image.Image, Image.Image, str], float | None]
    reach: Place = Place.EVALUATION
    unavailable: Callable[[], str | None] = nothing_missing

    def value(self, original: Image.Image, decoded: Image.Image, caption: str) -> float | None:
        """What `measure` gives; None also for what is no finite number, as the PSNR of equal pictures."""
        found = self.measure(original, decoded, caption)
        return None if found is None or not math.isfinite(found) else found


@dataclass(frozen=True, kw_only=True)
class SetMetric(Row):
    """A metric of the decoded pictures as a set.

    measure takes the features of the originals and of the decodes (`metrics.distribution.features`), a picture
    at a time. unavailable(pictures) is the sentence that says what keeps so many pictures from being measured,
    or None.
    """

    measure: Callable[[Iterable[np.ndarray], Iterable[np.ndarray]], float]
    unavailable: Callable[[int], str | None]
