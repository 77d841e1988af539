"""Rate-quality sweeps for the demo: each point's decode, file and contact sheet as files that can be served."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from textsketch.image.reading import read_image
from textsketch.measure.rate_quality import METRICS, PROTOCOL, Point, point_sheet, sweep
from textsketch.progress import Progress, share
from textsketch.render import registry
from textsketch.web.chart import Mark
from textsketch.web.shelf import Shelf
from textsketch.web.showcase import file_stem

_MEMO_SIZE = 8
_MOST_FOLDERS = 32  # of about 25 MB; a page shows its points from there


@dataclass(frozen=True)
class Shown:
    """A point without its pixels. png: path of the decode. file: path of the compressed file."""

    curve: str
    size_bytes: int
    rate_bpp: float
    values: dict[str, float]
    label: str
    png: str
    file: str

    def mark(self, metric: str) -> Mark:
        """The point on the chart of a metric."""
        title, unit, digits = METRICS[metric]
        value = self.values[metric]
        label = f"{self.label}: {self.size_bytes:,} bytes, {title} {value:.{digits}f} {unit}".strip()
        return Mark(self.curve, self.size_bytes, value, label)


@dataclass
class Sweep:
    """The points found so far. original: path of the picture compared. sheet: the contact sheet when done."""

    original: str
    width: int
    height: int
    points: list[Shown] = field(default_factory=list)
    sheet: str | None = None


class SweepRoom:
    """Runs sweeps and remembers the latest, so that the same question is answered at once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._finished: OrderedDict[str, Sweep] = OrderedDict()
        self._shelf = Shelf(_MOST_FOLDERS)
        self._lock = threading.Lock()

    def run(
        self,
        path: str,
        *,
        caption: str,
        seed: int,
        max_side: int,
        progress: Progress,
        renderer: str = registry.DEFAULT.name,
        options: dict[str, Any] | None = None,
        found: Callable[[Sweep], None] = lambda sweep: None,
    ) -> Sweep:
        """Sweep the picture at `path`, scaled down to `max_side` if larger; see `rate_quality.sweep`.

        found: is called with the sweep so far after each point.
        """
        progress(0.0, "reading the picture")
        picture = read_image(path, fit=max_side)
        options = options or {}
        asked = repr((picture.size, caption, seed, renderer, sorted(options.items()))).encode()
        key = hashlib.sha256(picture.tobytes() + asked).hexdigest()
        folder = self._root / f"sweep-{key[:32]}"
        with self._lock:
            if key in self._finished and folder.is_dir():
                self._finished.move_to_end(key)
                self._shelf.put(folder)
                return self._finished[key]
        folder.mkdir(exist_ok=True)
        original = folder / "original.png"
        picture.save(original, compress_level=1)
        result = Sweep(str(original), picture.width, picture.height)

        def keep(point: Point) -> None:
            result.points.append(_write(point, folder, file_stem(path)))
            found(result)

        try:
            points = sweep(
                picture,
                caption,
                seed=seed,
                renderer=renderer,
                options=options,
                progress=share(progress, 0.0, 0.97),
                found=keep,
            )
            progress(0.98, "laying out the contact sheet")
            result.sheet = _write_sheet(picture, points, renderer, options, folder, file_stem(path))
        finally:
            self._shelf.put(folder)  # the points of a sweep that was cancelled are still on show
        with self._lock:
            self._finished[key] = result
            if len(self._finished) > _MEMO_SIZE:
                self._finished.popitem(last=False)
        return result


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
    protocol = f"{stem}, {picture.width} x {picture.height} pixels. textsketch: {painted}. {PROTOCOL}"
    sheet = folder / f"{stem}-contact-sheet.png"
    point_sheet(picture, points, protocol).save(sheet)
    return str(sheet)
