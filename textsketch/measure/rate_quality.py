"""Rate-quality curves of one picture: every mode and some baselines over a range of budgets, point by point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from textsketch.errors import BudgetError
from textsketch.layers import Mode
from textsketch.measure.baselines.formats import FORMATS
from textsketch.measure.baselines.search import Search
from textsketch.measure.contact_sheet import Tile, contact_sheet
from textsketch.measure.metrics.pixels import psnr_db, ssim
from textsketch.pipeline import decode, encode
from textsketch.progress import Progress, ignore
from textsketch.render import registry

BUDGETS_BYTES = (25, 70, 200, 500, 1200, 3000)
BASELINES = ("jpeg", "webp", "avif")
METRICS = {"psnr_db": ("PSNR", "dB", 2), "ssim": ("SSIM", "", 3)}
"""Title, unit and digits of the metrics every point has; more is better."""
PROTOCOL = (
    "Every point is a real file, decoded from its bytes; the formats' files are the best (PSNR) over scale x "
    "quality within the budget. bpp = 8 x bytes of the whole file / pixels. PSNR: all sRGB samples; SSIM: luma."
)


@dataclass(frozen=True, eq=False)
class Point:
    """One decode. curve: the mode or the format's title. data: the file; label says what it is.

    values: by metric, see `METRICS`.
    """

    curve: str
    budget_bytes: int
    data: bytes
    extension: str
    label: str
    image: Image.Image
    values: dict[str, float]

    @property
    def size_bytes(self) -> int:
        """Size of the file in bytes."""
        return len(self.data)

    @property
    def rate_bpp(self) -> float:
        """Bits of the file per pixel of the picture."""
        return 8 * len(self.data) / (self.image.width * self.image.height)


def curve_titles(baselines: Sequence[str] = BASELINES) -> list[str]:
    """The names of the curves: the modes, then the baselines."""
    return [*Mode, *(FORMATS[name].title for name in baselines)]


def sweep(
    picture: Image.Image,
    caption: str,
    *,
    seed: int = 0,
    renderer: str = registry.DEFAULT.name,
    options: dict[str, Any] | None = None,
    budgets_bytes: Sequence[int] = BUDGETS_BYTES,
    baselines: Sequence[str] = BASELINES,
    progress: Progress | None = None,
    found: Callable[[Point], None] = lambda point: None,
) -> list[Point]:
    """Measure `picture` (RGB) in every mode and with every baseline at every budget, smallest first.

    found: is called with each point as soon as it is measured. A budget too small for a mode or format gives
    no point, and neither does one with the same file as the curve's budget before. A caption that does not
    fit is left out. An exception raised in `progress` stops the sweep.
    """
    report = progress or ignore
    searches = {name: Search(picture, name) for name in baselines}
    points: list[Point] = []
    latest: dict[str, bytes] = {}
    steps = len(budgets_bytes) * (len(Mode) + len(baselines))
    done = 0

    def keep(point: Point | None) -> None:
        if point is not None:
            points.append(point)
            latest[point.curve] = point.data
            found(point)

    def ours(mode: Mode, budget_bytes: int) -> Point | None:
        def tick(fraction: float, message: str) -> None:
            report(done / steps, f"{mode} at {budget_bytes:,} bytes")

        file = _encoded(picture, caption, mode, budget_bytes, seed, renderer, tick)
        # The same bytes are not decoded again: with Stable Diffusion that is most of the time.
        if file is None or file[0] == latest.get(mode):
            return None
        data, label = file
        image = decode(data, renderer=renderer, **(options or {})).image
        if image.size != picture.size:
            image = image.resize(picture.size, Image.Resampling.LANCZOS)
        return _point(picture, mode, budget_bytes, data, "tsk", label, image)

    def theirs(name: str, budget_bytes: int) -> Point | None:
        best = searches[name].best_within(budget_bytes)
        title = FORMATS[name].title
        if not best.fits or best.data == latest.get(title):
            return None
        label = f"{title}, {best.label}"
        return _point(picture, title, budget_bytes, best.data, best.extension, label, best.image)

    for budget_bytes in budgets_bytes:
        for mode in Mode:
            report(done / steps, f"{mode} at {budget_bytes:,} bytes")
            keep(ours(mode, budget_bytes))
            done += 1
        for name in baselines:
            report(done / steps, f"{FORMATS[name].title} at {budget_bytes:,} bytes")
            keep(theirs(name, budget_bytes))
            done += 1
    report(1.0, "measured")
    return points


def _encoded(
    picture: Image.Image,
    caption: str,
    mode: str,
    budget_bytes: int,
    seed: int,
    renderer: str,
    progress: Progress,
) -> tuple[bytes, str] | None:
    """The file, without its caption if that does not fit, and its label; None if no file is this small."""
    for text in dict.fromkeys((caption, "")):
        try:
            options: dict[str, Any] = {"seed": seed, "renderer": renderer, "progress": progress}
            data = encode(picture, mode=mode, budget=budget_bytes, caption=text, **options).data
        except BudgetError:
            continue
        dropped = "" if text == caption else ", without the caption, which does not fit"
        return data, f"textsketch {mode}{dropped}"
    return None


def _point(
    picture: Image.Image,
    curve: str,
    budget_bytes: int,
    data: bytes,
    extension: str,
    label: str,
    image: Image.Image,
) -> Point:
    values = {"psnr_db": psnr_db(picture, image), "ssim": ssim(picture, image)}
    return Point(str(curve), budget_bytes, data, extension, label, image, values)


def point_sheet(picture: Image.Image, points: Sequence[Point], protocol: str) -> Image.Image:
    """All points as one picture for a slide: a row a curve, a column a budget, the original first."""
    budgets = sorted({point.budget_bytes for point in points})
    rows = [[Tile(picture, "Original", f"{picture.width} x {picture.height} pixels")]]
    drawn = {point.curve for point in points}
    for title in (title for title in curve_titles(tuple(FORMATS)) if title in drawn):
        at = {point.budget_bytes: point for point in points if point.curve == title}
        rows.append([_tile(title, budget, at) for budget in budgets])
    return contact_sheet(rows, protocol)


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
    text = f"{point.size_bytes:,} bytes, {point.rate_bpp:.4f} bpp, PSNR {point.values['psnr_db']:.1f} dB"
    return Tile(point.image, heading, text)
