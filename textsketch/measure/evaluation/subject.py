"""One picture under measurement: the one place where a cell is encoded, decoded from its bytes and measured.

The page's curves, `textsketch evaluate` and the benchmarks all go through here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from textsketch.allocation.search import MOST_EFFORT
from textsketch.budget import parse_budget
from textsketch.errors import BudgetError
from textsketch.measure.baselines.search import Search, show
from textsketch.measure.evaluation.cells import OURS, Cell
from textsketch.measure.metrics.metric import Metric
from textsketch.options import taken
from textsketch.pipeline import decode, encode
from textsketch.progress import Progress
from textsketch.render import registry


@dataclass(frozen=True, eq=False)
class File:
    """What a cell was encoded to.

    label: what it is, for people. caption: the one it holds, or for a baseline the picture's; dropped: whether
    it had to be left out. fits: whether the file is within the budget.
    """

    cell: Cell
    budget_bytes: int
    data: bytes
    extension: str
    label: str
    caption: str
    dropped: bool
    fits: bool
    seconds: float

    @property
    def size_bytes(self) -> int:
        """Size of the file in bytes."""
        return len(self.data)


@dataclass(frozen=True, eq=False)
class Measured:
    """A file, what it decodes to at the picture's size, and its values by metric, None where there is none.

    invented: see `pipeline.Decoded`.
    """

    file: File
    image: Image.Image
    values: dict[str, float | None]
    seconds: float
    invented: str | None = None


class Subject:
    """A picture, RGB, with what all its cells share.

    caption: left out of a file it does not fit. effort: of encoders that take one. options: the decoding
    options, by renderer. metrics: what is measured of every decode.
    """

    def __init__(
        self,
        picture: Image.Image,
        caption: str = "",
        *,
        seed: int = 0,
        effort: int = MOST_EFFORT,
        options: Mapping[str, Mapping[str, Any]] | None = None,
        metrics: Iterable[Metric] = (),
    ) -> None:
        self.picture, self.caption = picture, caption
        self._seed, self._effort = seed, effort
        self._options, self._metrics = options or {}, tuple(metrics)
        self._searches: dict[str, Search] = {}
        self._latest: File | None = None

    def measure(
        self,
        cell: Cell,
        *,
        progress: Progress | None = None,
        kept: Callable[[File], bytes | None] = lambda file: file.data,
    ) -> tuple[File, Measured | None]:
        """Encode, decode from the file's bytes alone and measure.

        kept: is given the file and gives the bytes to decode, such as those read back from a disk; None leaves
        the decode out. A file beyond the budget is not decoded either: it is no rival, its quality is not told.
        Raises BudgetError if no .tsk is so small, TextsketchError if the codec cannot be used here.
        """
        file = self.encode(cell, progress)
        data = kept(file)
        return file, self.decode(file, data) if file.fits and data is not None else None

    def encode(self, cell: Cell, progress: Progress | None = None) -> File:
        """The file of a cell; see `measure`. The same file painted in another way is not encoded again."""
        if self._latest is not None and replace(self._latest.cell, plain=cell.plain) == cell:
            return replace(self._latest, cell=cell)
        self._latest = self._encoded(cell, progress)
        return self._latest

    def _encoded(self, cell: Cell, progress: Progress | None) -> File:
        budget_bytes = parse_budget(cell.budget, self.picture.size)
        started = time.perf_counter()
        if cell.codec == OURS:
            data, caption = self._encode(cell, progress)
            dropped = caption != self.caption
            label = f"textsketch {cell.mode}" + (
                ", without the caption, which does not fit" if dropped else ""
            )
            extension, fits = "tsk", len(data) <= budget_bytes
        else:
            if cell.codec not in self._searches:
                self._searches[cell.codec] = Search(self.picture, cell.codec)
            found = self._searches[cell.codec].best_within(budget_bytes)
            data, label, extension, fits = found.data, found.label, found.extension, found.fits
            caption, dropped = self.caption, False
        seconds = time.perf_counter() - started
        return File(cell, budget_bytes, data, extension, label, caption, dropped, fits, seconds)

    def decode(self, file: File, data: bytes) -> Measured:
        """The picture that `data`, the bytes of `file`, decode to, and its values."""
        cell, size = file.cell, self.picture.size
        started = time.perf_counter()
        if cell.codec == OURS:
            told = {**self._options.get(cell.renderer, {})}
            if cell.plain:
                told |= registry.get(cell.renderer).plain
            decoded = decode(data, renderer=cell.renderer, **told)
            image, invented = decoded.image, decoded.invented
            seconds = time.perf_counter() - started
            image = image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)
        else:
            image, invented = show(cell.codec, data, size), None
            seconds = time.perf_counter() - started
        values = {metric.name: metric.value(self.picture, image, file.caption) for metric in self._metrics}
        return Measured(file, image, values, seconds, invented)

    def _encode(self, cell: Cell, progress: Progress | None) -> tuple[bytes, str]:
        """The file and the caption in it; a caption that does not fit is left out."""
        options: dict[str, Any] = {
            "mode": cell.mode,
            "budget": cell.budget,
            "seed": self._seed,
            "renderer": cell.renderer,
            "progress": progress,
            **taken(registry.get(cell.renderer).allocation, {"effort": self._effort}),
        }
        try:
            return encode(self.picture, caption=self.caption, **options).data, self.caption
        except BudgetError:
            if not self.caption:
                raise
            return encode(self.picture, **options).data, ""
