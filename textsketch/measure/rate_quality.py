"""Rate-quality curves of one picture: every mode and some baselines over a range of budgets, point by point."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from ..errors import BudgetError
from ..layers import Mode
from ..pipeline import Progress, decode, encode
from .baselines import Search
from .contact_sheet import Tile, contact_sheet
from .formats import FORMATS
from .metrics import psnr_db, ssim

BUDGETS_BYTES = (25, 70, 200, 500, 1200, 3000)
BASELINES = ("jpeg", "webp", "avif")
METRICS = {"psnr_db": ("PSNR", "dB", 2), "ssim": ("SSIM", "", 3)}
"""Title, unit and digits of the metrics every point has; more is better."""
PROTOCOL = (
    "Every point is a real file, decoded from its bytes; the formats' files are the best (PSNR) over scale x "
    "quality within the budget. bpp = 8 x bytes of the whole file / pixels. PSNR: all sRGB samples; SSIM: luma."
)
_SPENT = 0.9  # a mode that leaves more than a tenth of a budget unused has nothing more to send


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
    renderer: str = "painter",
    options: dict[str, Any] | None = None,
    budgets_bytes: Sequence[int] = BUDGETS_BYTES,
    baselines: Sequence[str] = BASELINES,
    progress: Progress | None = None,
    found: Callable[[Point], None] = lambda point: None,
) -> list[Point]:
    """Measure `picture` (RGB) in every mode and with every baseline at every budget, smallest first.

    found: is called with each point as soon as it is measured. A budget too small for a mode or format gives
    no point; a mode whose file leaves budget unused is not tried at larger ones, where it would be the same.
    A caption that does not fit is left out. An exception raised in `progress` stops the sweep.
    """
    report = progress or (lambda fraction, message: None)
    searches = {name: Search(picture, name) for name in baselines}
    sated: set[str] = set()
    points: list[Point] = []
    steps = len(budgets_bytes) * (len(Mode) + len(baselines))
    done = 0

    def keep(point: Point | None) -> None:
        if point is not None:
            points.append(point)
            found(point)

    def ours(mode: Mode, budget_bytes: int) -> None:
        if mode in sated:
            return

        def tick(fraction: float, message: str) -> None:
            report(done / steps, f"{mode} at {budget_bytes:,} bytes")

        point = _ours(picture, caption, mode, budget_bytes, seed, renderer, options or {}, tick)
        if point is not None and point.size_bytes < _SPENT * budget_bytes:
            sated.add(mode)
        keep(point)

    for budget_bytes in budgets_bytes:
        for mode in Mode:
            report(done / steps, f"{mode} at {budget_bytes:,} bytes")
            ours(mode, budget_bytes)
            done += 1
        for name in baselines:
            report(done / steps, f"{FORMATS[name].title} at {budget_bytes:,} bytes")
            keep(_baseline(picture, searches[name], budget_bytes))
            done += 1
    report(1.0, "measured")
    return points


def _ours(
    picture: Image.Image,
    caption: str,
    mode: str,
    budget_bytes: int,
    seed: int,
    renderer: str,
    options: dict[str, Any],
    progress: Progress,
) -> Point | None:
    for text in dict.fromkeys((caption, "")):
        try:
            encoded = encode(
                picture,
                mode=mode,
                budget=budget_bytes,
                caption=text,
                seed=seed,
                progress=progress,
            )
            break
        except BudgetError:
            continue
    else:
        return None
    image = decode(encoded.data, renderer=renderer, **options).image
    if image.size != picture.size:
        image = image.resize(picture.size, Image.Resampling.LANCZOS)
    label = f"textsketch {mode}" + ("" if text == caption else ", without the caption, which does not fit")
    return _point(picture, mode, budget_bytes, encoded.data, "tsk", label, image)


def _baseline(picture: Image.Image, search: Search, budget_bytes: int) -> Point | None:
    best = search.best_within(budget_bytes)
    if not best.fits:
        return None
    title = FORMATS[best.codec].title
    return _point(
        picture, title, budget_bytes, best.data, best.extension, f"{title}, {best.label}", best.image
    )


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
        rows.append([_tile(title, budget, at.get(budget), max(at)) for budget in budgets])
    return contact_sheet(rows, protocol)


def _tile(title: str, budget_bytes: int, point: Point | None, largest: int) -> Tile:
    if point is None:
        why = "has nothing more to send" if budget_bytes > largest else "no file this small"
        return Tile(None, f"{title}, {budget_bytes:,} B", why)
    text = f"{point.size_bytes:,} bytes, {point.rate_bpp:.4f} bpp, PSNR {point.values['psnr_db']:.1f} dB"
    return Tile(point.image, f"{title}, {budget_bytes:,} B", text)
