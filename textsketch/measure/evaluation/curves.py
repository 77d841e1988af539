"""Rate-quality curves of one picture: every mode and some baselines over a range of budgets, point by point."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from textsketch.errors import BudgetError
from textsketch.layers import Mode
from textsketch.measure.baselines import table as baselines
from textsketch.measure.baselines.table import FORMATS
from textsketch.measure.evaluation.cells import OURS, Cell
from textsketch.measure.evaluation.contact_sheet import Tile, contact_sheet
from textsketch.measure.evaluation.subject import File, Measured, Subject
from textsketch.measure.metrics import table as metrics
from textsketch.measure.metrics.metric import Place
from textsketch.progress import Progress, ignore
from textsketch.render import registry

BUDGETS_BYTES = (25, 70, 200, 500, 1200, 3000)


@dataclass(frozen=True, eq=False)
class Point:
    """One decode. curve: the mode or the format's title. data: the file; label says what it is.

    values: by metric, None where there is none.
    """

    curve: str
    budget_bytes: int
    data: bytes
    extension: str
    label: str
    image: Image.Image
    values: dict[str, float | None]

    @property
    def size_bytes(self) -> int:
        """Size of the file in bytes."""
        return len(self.data)

    @property
    def rate_bpp(self) -> float:
        """Bits of the file per pixel of the picture."""
        return 8 * len(self.data) / (self.image.width * self.image.height)


def protocol() -> str:
    """How the points are made and measured."""
    usable = [metric for metric in metrics.shown_at(Place.CHART) if metric.unavailable() is None]
    models = "; ".join(f"{metric.title}: {metric.model}" for metric in usable)
    return (
        "Every point is a real file, decoded from its bytes; the formats' files are the best (PSNR) over "
        f"scale x quality within the budget. bpp = 8 x bytes of the whole file / pixels. {models}."
    )


def curve_titles() -> list[str]:
    """The names of the curves: the modes, then the baselines the page draws."""
    return [*Mode, *(FORMATS[name].title for name in baselines.charted())]


def sweep(
    picture: Image.Image,
    caption: str,
    *,
    seed: int = 0,
    renderer: str = registry.DEFAULT.name,
    options: Mapping[str, Any] | None = None,
    budgets_bytes: Sequence[int] = BUDGETS_BYTES,
    rivals: Sequence[str] | None = None,
    learned: bool = True,
    progress: Progress | None = None,
    found: Callable[[Point], None] = lambda point: None,
) -> list[Point]:
    """Measure `picture` (RGB) in every mode and with every rival at every budget, smallest first.

    rivals: names of baselines; None takes those the page draws. learned: whether to measure with
    networks too. found: is called with each point as soon as it
    is measured. A budget too small for a mode or format gives no point, and neither does one with the same file
    as the curve's budget before. A caption that does not fit is left out. An exception raised in `progress`
    stops the sweep.
    """
    report = progress or ignore
    names = baselines.charted() if rivals is None else tuple(rivals)
    usable = [
        metric
        for metric in metrics.shown_at(Place.CHART)
        if (learned or not metric.learned) and metric.unavailable() is None
    ]
    subject = Subject(picture, caption, seed=seed, options={renderer: options or {}}, metrics=usable)
    curves = [(str(mode), OURS, str(mode), renderer) for mode in Mode]
    curves += [(FORMATS[name].title, name, "", "") for name in names]
    steps = [(budget, *curve) for budget in budgets_bytes for curve in curves]
    points: list[Point] = []
    latest: dict[str, bytes] = {}

    for done, (budget_bytes, curve, codec, mode, painter) in enumerate(steps):

        def tick(fraction: float, message: str, *, done: int = done, curve: str = curve) -> None:
            report((done + fraction) / len(steps), f"{curve} at {steps[done][0]:,} bytes")

        def kept(file: File, *, curve: str = curve) -> bytes | None:
            # The same bytes are not decoded again: with Stable Diffusion that is most of the time.
            return None if file.data == latest.get(curve) else file.data

        tick(0.0, "")
        try:
            cell = Cell(codec, mode, painter, f"{budget_bytes}B")
            _, measured = subject.measure(cell, progress=tick, kept=kept)
        except BudgetError:
            continue
        if measured is not None:
            latest[curve] = measured.file.data
            points.append(_point(curve, measured))
            found(points[-1])
    report(1.0, "measured")
    return points


def _point(curve: str, measured: Measured) -> Point:
    file = measured.file
    label = file.label if file.cell.codec == OURS else f"{curve}, {file.label}"
    if measured.invented is not None:
        label += f". {measured.invented}"
    return Point(curve, file.budget_bytes, file.data, file.extension, label, measured.image, measured.values)


def point_sheet(picture: Image.Image, points: Sequence[Point], heading: str) -> Image.Image:
    """All points as one picture for a slide: a row a curve, a column a budget, the original first."""
    budgets = sorted({point.budget_bytes for point in points})
    rows = [[Tile(picture, "Original", f"{picture.width} x {picture.height} pixels")]]
    drawn = {point.curve for point in points}
    for title in (title for title in (*Mode, *(row.title for row in FORMATS.values())) if title in drawn):
        at = {point.budget_bytes: point for point in points if point.curve == title}
        rows.append([_tile(title, budget, at) for budget in budgets])
    return contact_sheet(rows, heading)


def _tile(title: str, budget_bytes: int, points: dict[int, Point]) -> Tile:
    """The place of a curve at a budget. points: the curve's, by budget."""
    heading = f"{title}, {budget_bytes:,} B"
    if budget_bytes not in points:
        smaller = [budget for budget in points if budget < budget_bytes]
        if not smaller:
            return Tile(None, heading, "no file this small")
        same = f"the same file as at {max(smaller):,} B"
        return Tile(None, heading, same if max(smaller) < max(points) else f"nothing more to send: {same}")
    point = points[budget_bytes]
    value = point.values.get("psnr")
    quality = "equal" if value is None else f"PSNR {value:.1f} dB"
    return Tile(point.image, heading, f"{point.size_bytes:,} bytes, {point.rate_bpp:.4f} bpp, {quality}")
