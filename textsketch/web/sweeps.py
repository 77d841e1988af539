"""Rate-quality sweeps for the demo: each point's decode, file and contact sheet as files that can be served."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PIL import Image

from textsketch.errors import OptionError
from textsketch.measure.evaluation.curves import Point, point_sheet, protocol, sweep
from textsketch.measure.metrics.metric import Metric, Place
from textsketch.measure.metrics.table import METRICS, shown_at
from textsketch.progress import Progress, share
from textsketch.render import registry
from textsketch.web.chart import Mark
from textsketch.web.jobs import Reporter
from textsketch.web.result_cache import ResultCache, question
from textsketch.web.results import ORIGINAL, file_stem, take_in
from textsketch.web.worker_messages import Report as JobReport
from textsketch.web.workers import Pool

_MOST_FOLDERS = 32  # of about 25 MB; a page shows its points from there
_CPU_SECONDS = 300


@dataclass(frozen=True)
class Shown:
    """A point without its pixels. png: path of the decode. file: path of the compressed file."""

    curve: str
    size_bytes: int
    rate_bpp: float
    values: dict[str, float | None]
    label: str
    png: str
    file: str

    def mark(self, metric: str) -> Mark:
        """The point on the chart of a metric."""
        row, value = METRICS[metric], self.values.get(metric)
        label = f"{self.label}: {self.size_bytes:,} bytes, {row.title} {row.show(value)}"
        return Mark(self.curve, self.size_bytes, value, label)


@dataclass(frozen=True)
class Sweep:
    """The points found so far. original: path of the picture compared. sheet: the contact sheet when done."""

    original: str
    width: int
    height: int
    points: list[Shown] = field(default_factory=list)
    sheet: str | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture compared."""
        return self.width, self.height


class Sweeps:
    """Runs sweeps in `pool` and remembers the latest, so that the same question is answered at once.

    root: the folder for the files of all sweeps.
    """

    def __init__(self, root: Path, pool: Pool) -> None:
        self._pool = pool
        self._cache: ResultCache[Sweep] = ResultCache(root, _MOST_FOLDERS)

    def run(
        self,
        path: str,
        *,
        max_side: int,
        report: Reporter,
        renderer: str = registry.DEFAULT.name,
        **asked: Any,
    ) -> Sweep:
        """Sweep the picture at `path`, scaled down to `max_side` if larger.

        report: gets the progress, and the sweep so far after each point as its preview. asked: caption, seed
        and options; see `curves.sweep`. Raises OptionError for a renderer that asks an API.
        """
        if registry.get(renderer).remote:
            raise OptionError(
                "the curves need a picture for every point, and an API would be asked for each: choose another "
                "decoder in the Encode tab"
            )
        learned = [row for row in shown_at(Place.CHART) if row.learned and row.unavailable() is None]
        names = [row.name for row in learned]
        asked_before = question(path, max_side=max_side, renderer=renderer, learned=names, **asked)
        known = self._cache.find(asked_before)
        if known is not None:
            return known
        # The points of a sweep that is cancelled are still on show.
        with self._cache.new_folder(on_show="*.png") as folder:
            where: dict[str, Any] = {"path": path, "folder": str(folder), "max_side": max_side}
            if registry.get(renderer).paints_beside:
                sweep = self._pool.run(
                    sweep_picture, report, cpu_seconds=_CPU_SECONDS, renderer=renderer, **where, **asked
                )
            else:
                self._pool.run(take_in, report, **where)
                sweep = _swept(report, folder, file_stem(path), renderer=renderer, **asked)
            sweep = _scored(sweep, learned, asked["caption"], report)
        self._cache.put(folder, asked_before, sweep)
        return sweep


def sweep_picture(report: JobReport, *, path: str, folder: str, max_side: int, **asked: Any) -> Sweep:
    """The job of a sweep with a renderer that may paint in several processes; see `Sweeps.run`."""
    take_in(report, path=path, folder=folder, max_side=max_side)
    return _swept(report, Path(folder), file_stem(path), **asked)


def _swept(
    report: Any,
    folder: Path,
    stem: str,
    *,
    caption: str,
    seed: int,
    renderer: str,
    options: dict[str, Any] | None = None,
) -> Sweep:
    """Sweep the picture that `take_in` left in `folder`."""
    options = options or {}
    original = folder / ORIGINAL
    with Image.open(original) as opened:
        picture = opened.convert("RGB")
    shown: list[Shown] = []

    def so_far(sheet: str | None = None) -> Sweep:
        return Sweep(str(original), picture.width, picture.height, list(shown), sheet)

    def keep(point: Point) -> None:
        shown.append(_write(point, folder, stem))
        report.preview(so_far())

    points = sweep(
        picture,
        caption,
        seed=seed,
        renderer=renderer,
        options=options,
        learned=False,  # the workers load no network; see `_scored`
        progress=share(report, 0.0, 0.97),
        found=keep,
    )
    report(0.98, "laying out the contact sheet")
    return so_far(_write_sheet(picture, points, renderer, options, folder, stem))


def _scored(sweep: Sweep, learned: list[Metric], caption: str, report: Progress) -> Sweep:
    """The sweep with these metrics of its points too."""
    if not learned:
        return sweep
    with Image.open(sweep.original) as opened:
        original = opened.convert("RGB")
    points = []
    for number, point in enumerate(sweep.points, 1):
        report(0.99, f"asking a network about {number} of {len(sweep.points)} points")
        with Image.open(point.png) as decoded:
            found = {row.name: row.value(original, decoded, caption) for row in learned}
        points.append(replace(point, values=point.values | found))
    return replace(sweep, points=points)


def _write(point: Point, folder: Path, stem: str) -> Shown:
    name = f"{stem}-{point.curve.replace(' ', '-').replace('+', '-')}-{point.budget_bytes}B"
    png, file = folder / f"{name}.png", folder / f"{name}.{point.extension}"
    point.image.save(png, compress_level=1)
    file.write_bytes(point.data)
    return Shown(
        point.curve, point.size_bytes, point.rate_bpp, point.values, point.label, str(png), str(file)
    )


def _write_sheet(
    picture: Image.Image, points: list[Point], renderer: str, options: dict[str, Any], folder: Path, stem: str
) -> str:
    told = [
        f"{name} {'on' if value else 'off'}" for name, value in options.items() if isinstance(value, bool)
    ]
    painted = ", ".join([renderer, *told])
    heading = f"{stem}, {picture.width} x {picture.height} pixels. textsketch: {painted}. {protocol()}"
    sheet = folder / f"{stem}-contact-sheet.png"
    point_sheet(picture, points, heading).save(sheet)
    return str(sheet)
