"""The cells of an evaluation: what is measured of each picture, and where each outcome is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from textsketch.allocation.search import MOST_EFFORT
from textsketch.layers import Mode
from textsketch.measure.baselines.table import FORMATS
from textsketch.measure.evaluation.records import Records, code_digest, digest
from textsketch.measure.evaluation.worklist import Item
from textsketch.measure.metrics import table as metrics_table
from textsketch.render import registry

OURS = "textsketch"
"""The codec of our own cells."""


def _all_of_pictures() -> tuple[str, ...]:
    return tuple(metric.name for metric in metrics_table.of_pictures())


@dataclass(frozen=True)
class Settings:
    """What to evaluate and how.

    budgets: as `budget.parse_budget` takes them. metrics: names of `metrics.table.METRICS`. captions: by
    a picture's file name, with or without its suffix. plain: whether what a renderer paints without its network
    is measured beside what it usually paints. effort: of the encoders that take one.
    max_side: longer pictures are scaled down to it first. Unavailable baselines and metrics are left out
    beforehand (`available`).
    """

    modes: tuple[str, ...] = tuple(Mode)
    budgets: tuple[str, ...] = ("25B", "100B", "300B", "1000B", "3000B")
    renderers: tuple[str, ...] = (registry.DEFAULT.name,)
    baselines: tuple[str, ...] = ("jpeg", "jpeg2000", "webp", "avif")
    metrics: tuple[str, ...] = field(default_factory=_all_of_pictures)
    captions: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    effort: int = MOST_EFFORT
    grain: bool = True
    plain: bool = True
    max_side: int = 2048

    def caption_of(self, item: Item) -> str:
        """The picture's caption, "" if it has none."""
        return self.captions.get(item.path.name, self.captions.get(item.path.stem, ""))


@dataclass(frozen=True)
class Cell:
    """One measurement of a picture: a codec at a budget. mode and renderer are "" for a baseline.

    plain: whether the renderer leaves out what it invents, see `Renderer.plain`.
    """

    codec: str
    mode: str
    renderer: str
    budget: str
    plain: bool = False

    @property
    def title(self) -> str:
        """The codec for people."""
        if self.codec != OURS:
            return FORMATS[self.codec].title
        painted = "" if self.renderer == registry.DEFAULT.name else f", {self.renderer}"
        return f"textsketch {self.mode}{painted}{', plain' if self.plain else ''}"

    @property
    def stem(self) -> str:
        """A file name without suffix."""
        parts = (self.codec, self.mode, self.renderer, self.budget, "plain" if self.plain else "")
        return "-".join(part.replace("+", "-").replace(".", "_") for part in parts if part)


def cells(settings: Settings) -> list[Cell]:
    """Every measurement of a picture, in the order of the results."""
    ours = [
        Cell(OURS, mode, renderer, budget, plain)
        for renderer in settings.renderers
        for mode in settings.modes
        for budget in settings.budgets
        for plain in (False, True)
        if not plain or (settings.plain and mode in registry.get(renderer).plain_modes)
    ]
    return ours + [Cell(codec, "", "", budget) for codec in settings.baselines for budget in settings.budgets]


def cell_digest(item: Item, cell: Cell, settings: Settings) -> str:
    """A name for all that decides a measurement's outcome."""
    return digest(
        {
            "picture": item.sha256,
            "cell": [cell.codec, cell.mode, cell.renderer, cell.budget, cell.plain],
            "caption": settings.caption_of(item) if cell.codec == OURS else "",
            "seed": settings.seed,
            "effort": settings.effort,
            "grain": settings.grain,
            "max_side": settings.max_side,
            "metrics": [[row.name, row.model] for row in metrics_table.of_pictures(settings.metrics)],
            "patches": bool(metrics_table.of_sets(settings.metrics)),
            "encoder": encoder_version(cell.codec),
            "code": code_digest(),
        }
    )


@cache
def encoder_version(codec: str) -> str:
    """What encodes, with its version."""
    from textsketch import __version__

    return f"textsketch {__version__}" if codec == OURS else FORMATS[codec].version()


def records_of(item: Item, folder: Path) -> Records:
    """The picture's records in the results' folder."""
    return Records(folder / "work" / f"{item.name}-{item.sha256[:12]}.jsonl")


def features_path(item: Item, stem: str, folder: Path) -> Path:
    """Where the patches' features of a decoded picture (or "original") are kept for FID and KID."""
    return folder / "work" / "features" / f"{item.name}-{item.sha256[:12]}" / f"{stem}.npy"


def thumbnail_path(item: Item, stem: str, folder: Path) -> Path:
    """Where a small copy of a decoded picture (or "original") is kept for the gallery."""
    return folder / "pictures" / item.name / f"{stem}.webp"


def current_record(records: Records, item: Item, cell: Cell, settings: Settings) -> dict[str, Any] | None:
    """The cell's record if it was measured in just this way, or None; its files were written by the same run."""
    record = records.get(cell.stem)
    return record if record and record["digest"] == cell_digest(item, cell, settings) else None


def gather(
    items: Sequence[Item], settings: Settings, folder: Path
) -> Iterator[tuple[Item, str | None, list[tuple[Cell, dict[str, Any]]]]]:
    """For each picture in order: the picture, what makes it unreadable or None, and its cells with records.

    A record has "row" (a row of results.csv) and "seconds" (encode, decode). One picture is held at a time.
    """
    for item in items:
        records = records_of(item, folder)
        found = [(cell, current_record(records, item, cell, settings)) for cell in cells(settings)]
        measured = [(cell, record) for cell, record in found if record is not None]
        broken = records.get("broken") if not measured else None
        yield item, broken["message"] if broken else None, measured
