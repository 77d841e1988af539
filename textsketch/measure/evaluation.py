"""Evaluates pictures: every mode, budget, renderer and baseline, from real files, with every metric.

Each measurement (a cell: picture, codec and budget) writes its file, decodes that file, compares, and is
recorded at once, so a run that was stopped goes on where it was and several processes can share the work.
"""

from __future__ import annotations

import io
import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..budget import parse_budget
from ..errors import BudgetError, ImageError, TextsketchError
from ..image import read_image, scale_to_fit
from ..layers import Mode
from ..pipeline import Progress, decode, encode, read_file
from . import distribution
from .baselines import Search, show
from .formats import FORMATS
from .records import Records, code_digest, digest
from .scores import SCORES, SET_SCORES
from .worklist import Item, Share

_THUMBNAIL_SIDE = 512


@dataclass(frozen=True)
class Settings:
    """What to evaluate and how.

    budgets: as `budget.parse_budget` takes them. metrics: of `scores.NAMES`. captions: by a picture's name.
    max_side: longer pictures are scaled down to it first. Unavailable baselines and metrics are left out
    beforehand (`available`).
    """

    modes: tuple[str, ...] = tuple(Mode)
    budgets: tuple[str, ...] = ("25B", "100B", "300B", "1000B", "3000B")
    renderers: tuple[str, ...] = ("painter",)
    baselines: tuple[str, ...] = ("jpeg", "jpeg2000", "webp", "avif")
    metrics: tuple[str, ...] = tuple(SCORES)
    captions: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    grain: bool = True
    max_side: int = 2048


@dataclass(frozen=True)
class Cell:
    """One measurement of a picture: a codec at a budget. mode and renderer are "" for a baseline."""

    codec: str
    mode: str
    renderer: str
    budget: str

    @property
    def title(self) -> str:
        """The codec for people."""
        if self.codec != "textsketch":
            return FORMATS[self.codec].title
        painted = "" if self.renderer == "painter" else f", {self.renderer}"
        return f"textsketch {self.mode}{painted}"

    @property
    def stem(self) -> str:
        """A file name without suffix."""
        parts = (self.codec, self.mode, self.renderer, self.budget)
        return "-".join(part.replace("+", "-").replace(".", "_") for part in parts if part)


def cells(settings: Settings) -> list[Cell]:
    """Every measurement of a picture, in the order of the results."""
    ours = [
        Cell("textsketch", mode, renderer, budget)
        for renderer in settings.renderers
        for mode in settings.modes
        for budget in settings.budgets
    ]
    return ours + [Cell(codec, "", "", budget) for codec in settings.baselines for budget in settings.budgets]


def cell_digest(item: Item, cell: Cell, settings: Settings) -> str:
    """A name for all that decides a measurement's outcome."""
    return digest(
        {
            "picture": item.sha256,
            "cell": [cell.codec, cell.mode, cell.renderer, cell.budget],
            "caption": settings.captions.get(item.path.stem, "") if cell.codec == "textsketch" else "",
            "seed": settings.seed,
            "grain": settings.grain,
            "max_side": settings.max_side,
            "metrics": [[name, SCORES[name].model] for name in settings.metrics if name in SCORES],
            "patches": any(name in SET_SCORES for name in settings.metrics),
            "encoder": encoder_version(cell.codec),
            "code": code_digest(),
        }
    )


@cache
def encoder_version(codec: str) -> str:
    """What encodes, with its version."""
    from .. import __version__

    return f"textsketch {__version__}" if codec == "textsketch" else FORMATS[codec].version()


def records_of(item: Item, folder: Path) -> Records:
    """The picture's records in the results' folder."""
    return Records(folder / "work" / f"{item.name}-{item.sha256[:12]}.jsonl")


def features_path(item: Item, stem: str, folder: Path) -> Path:
    """Where the patches' features of a decoded picture (or "original") are kept for FID and KID."""
    return folder / "work" / "features" / f"{item.name}-{item.sha256[:12]}" / f"{stem}.npy"


def thumbnail_path(item: Item, stem: str, folder: Path) -> Path:
    """Where a small copy of a decoded picture (or "original") is kept for the gallery."""
    return folder / "pictures" / item.name / f"{stem}.webp"


def evaluate(
    items: Sequence[Item],
    settings: Settings,
    folder: Path,
    *,
    share: Share | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> None:
    """Measure this process's share of `items` into `folder`, skipping what is already recorded there.

    workers: number of local processes, one picture each. progress gets the finished share and the time left.
    An exception raised in `progress`, such as KeyboardInterrupt, stops the run; what is measured stays.
    """
    report = progress or (lambda fraction, message: None)
    mine = (share or Share()).of(items)
    clock = _Clock(len(mine) * len(cells(settings)), len(mine), report)
    if workers <= 1 or len(mine) <= 1:
        limit_threads()
        for item in mine:
            evaluate_picture(item, settings, folder, clock.cell_done)
            clock.picture_done()
        return
    context = multiprocessing.get_context("spawn")
    done, stop = context.SimpleQueue(), context.Event()
    pool = ProcessPoolExecutor(workers, context, _start_worker, (done, stop))
    try:
        pending = {pool.submit(_work, item, settings, folder) for item in mine}
        while pending:
            finished, pending = wait(pending, timeout=0.2, return_when=FIRST_COMPLETED)
            while not done.empty():
                clock.cell_done(done.get())
            for future in finished:
                future.result()
                clock.picture_done()
    finally:
        stop.set()  # where the run is broken off, workers end after their cell
        pool.shutdown(wait=True, cancel_futures=True)


def limit_threads() -> None:
    """One thread a process: the work is split by picture, and sums come out the same everywhere."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    import importlib.util

    import cv2

    cv2.setNumThreads(1)
    if importlib.util.find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)


_done: Any = None
_stop: Any = None


def _start_worker(done: Any, stop: Any) -> None:
    global _done, _stop
    _done, _stop = done, stop
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent process stops the run
    limit_threads()


def _work(item: Item, settings: Settings, folder: Path) -> None:
    def cell_done(fresh: bool) -> None:
        _done.put(fresh)
        if _stop.is_set():
            raise TextsketchError("the run was stopped")

    evaluate_picture(item, settings, folder, cell_done)


class _Clock:
    """Turns finished cells into a share done and a time left; reused measurements do not count as speed."""

    def __init__(self, cell_count: int, picture_count: int, report: Progress) -> None:
        self._cell_count, self._picture_count, self._report = cell_count, picture_count, report
        self._cells = self._fresh = self._pictures = 0
        self._started = time.monotonic()

    def cell_done(self, fresh: bool) -> None:
        self._cells += 1
        self._fresh += fresh
        self._tell()

    def picture_done(self) -> None:
        self._pictures += 1
        self._cells = max(self._cells, self._pictures * self._cell_count // self._picture_count)
        self._tell()

    def _tell(self) -> None:
        message = f"{self._pictures} of {self._picture_count} pictures"
        if self._fresh:
            left = self._cell_count - self._cells
            seconds = (time.monotonic() - self._started) / self._fresh * left
            message += f", {_duration(seconds)} left"
        self._report(self._cells / max(1, self._cell_count), message)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def evaluate_picture(item: Item, settings: Settings, folder: Path, cell_done: Callable[[bool], None]) -> None:
    """Measure one picture and record every cell; a picture that cannot be read is recorded as broken.

    cell_done is called after each cell, with False if the cell was already recorded.
    """
    records = records_of(item, folder)
    todo = []
    for cell in cells(settings):
        record = _current(records, item, cell, settings)
        if record is None or record.get("failed"):
            todo.append(cell)
        else:
            cell_done(False)
    if not todo:
        return
    try:
        picture = scale_to_fit(read_image(item.path), settings.max_side)
    except ImageError as error:
        records.put("broken", {"message": str(error)})
        return
    bench = _Bench(item, picture, settings, folder)
    for cell in todo:
        records.put(cell.stem, bench.measure(cell) | {"digest": cell_digest(item, cell, settings)})
        cell_done(True)


def _current(records: Records, item: Item, cell: Cell, settings: Settings) -> dict[str, Any] | None:
    """The cell's record if it was measured in just this way. Its files were written by the same run."""
    record = records.get(cell.stem)
    return record if record and record["digest"] == cell_digest(item, cell, settings) else None


class _Bench:
    """Measures the cells of one picture."""

    def __init__(self, item: Item, picture: Image.Image, settings: Settings, folder: Path) -> None:
        self._item, self._picture, self._settings, self._folder = item, picture, settings, folder
        self._searches: dict[str, Search] = {}
        self._encoded: tuple[tuple[str, str], tuple[bytes, str]] | None = None
        self._scores = [SCORES[name] for name in settings.metrics if name in SCORES]
        self._wants_features = any(name in SET_SCORES for name in settings.metrics)
        self._keep("original", picture)

    def measure(self, cell: Cell) -> dict[str, Any]:
        settings, picture = self._settings, self._picture
        row: dict[str, Any] = {
            "picture": self._item.name,
            "sha256": self._item.sha256,
            "width": picture.width,
            "height": picture.height,
            "codec": cell.codec,
            "mode": cell.mode,
            "renderer": cell.renderer,
            "budget": cell.budget,
            "encoder": encoder_version(cell.codec),
            "seed": settings.seed if cell.codec == "textsketch" else "",
            "grain": settings.grain if cell.renderer == "painter" else "",
        }
        try:
            budget_bytes = parse_budget(cell.budget, picture.size)
            row["budget_bytes"] = budget_bytes
            ours = cell.codec == "textsketch"
            return self._ours(cell, row, budget_bytes) if ours else self._baseline(cell, row, budget_bytes)
        except BudgetError as error:  # the smallest file is larger: an outcome, not a failure
            return {"row": row | {"fits": False, "note": str(error)}, "seconds": {}}
        except TextsketchError as error:
            return {"row": row | {"fits": False, "note": f"failed: {error}"}, "seconds": {}, "failed": True}

    def _ours(self, cell: Cell, row: dict[str, Any], budget_bytes: int) -> dict[str, Any]:
        started = time.perf_counter()
        data, caption = self._encode(cell)
        encoded_at = time.perf_counter()
        path = self._write(f"{cell.stem}.tsk", data)
        options: dict[str, Any] = {"grain": self._settings.grain} if cell.renderer == "painter" else {}
        image = decode(read_file(path), renderer=cell.renderer, **options).image
        seconds = {"encode": encoded_at - started, "decode": time.perf_counter() - encoded_at}
        if image.size != self._picture.size:
            image = image.resize(self._picture.size, Image.Resampling.LANCZOS)
        dropped = bool(self._caption) and not caption
        row |= {"fits": len(data) <= budget_bytes, "options": f"mode {cell.mode}, renderer {cell.renderer}"}
        row |= {"caption": caption, "note": "the caption does not fit and is left out" if dropped else ""}
        return {"row": row | self._figures(cell, path, data, image, caption), "seconds": seconds}

    def _baseline(self, cell: Cell, row: dict[str, Any], budget_bytes: int) -> dict[str, Any]:
        started = time.perf_counter()
        if cell.codec not in self._searches:
            self._searches[cell.codec] = Search(self._picture, cell.codec)
        found = self._searches[cell.codec].best_within(budget_bytes)
        searched_at = time.perf_counter()
        row |= {"fits": found.fits, "options": found.label}
        path = self._write(f"{cell.stem}.{found.extension}", found.data)
        image = show(cell.codec, path.read_bytes(), self._picture.size)
        seconds = {"encode": searched_at - started, "decode": time.perf_counter() - searched_at}
        if not found.fits:  # a file beyond the budget is no rival: its size is told, its quality is not
            row |= {"file": self._relative(path), "size_bytes": found.size_bytes}
            return {"row": row | {"rate_bpp": self._rate_bpp(found.data)}, "seconds": seconds}
        return {"row": row | self._figures(cell, path, found.data, image, self._caption), "seconds": seconds}

    @property
    def _caption(self) -> str:
        return self._settings.captions.get(self._item.path.stem, "")

    def _encode(self, cell: Cell) -> tuple[bytes, str]:
        """The file and the caption in it; a caption that does not fit is left out."""
        asked = (cell.mode, cell.budget)
        if self._encoded is None or self._encoded[0] != asked:
            options: dict[str, Any] = {"mode": cell.mode, "budget": cell.budget, "seed": self._settings.seed}
            caption = self._caption
            try:
                data = encode(self._picture, caption=caption, **options).data
            except BudgetError:
                if not caption:
                    raise
                caption = ""
                data = encode(self._picture, **options).data
            self._encoded = asked, (data, caption)
        return self._encoded[1]

    def _figures(
        self, cell: Cell, path: Path, data: bytes, image: Image.Image, caption: str
    ) -> dict[str, Any]:
        self._keep(cell.stem, image)
        figures = {"file": self._relative(path), "size_bytes": len(data), "rate_bpp": self._rate_bpp(data)}
        for score in self._scores:
            value = score.measure(self._picture, image, caption)
            figures[score.name] = None if value is None or not math.isfinite(value) else _rounded(value)
        return figures

    def _rate_bpp(self, data: bytes) -> float:
        return _rounded(8 * len(data) / (self._picture.width * self._picture.height))

    def _write(self, name: str, data: bytes) -> Path:
        path = self._folder / "files" / self._item.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._folder).as_posix()

    def _keep(self, stem: str, image: Image.Image) -> None:
        """Keep what the gallery and the set's metrics need of a decoded picture."""
        small = scale_to_fit(image, _THUMBNAIL_SIDE)
        buffer = io.BytesIO()
        small.save(buffer, "WEBP", quality=85, method=4)
        path = thumbnail_path(self._item, stem, self._folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(buffer.getvalue())
        if self._wants_features:
            path = features_path(self._item, stem, self._folder)
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, distribution.features(image))


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def gather(
    items: Sequence[Item], settings: Settings, folder: Path
) -> Iterator[tuple[Item, str | None, list[tuple[Cell, dict[str, Any]]]]]:
    """For each picture in order: the picture, what makes it unreadable or None, and its cells with records.

    A record has "row" (a row of results.csv) and "seconds" (encode, decode). One picture is held at a time.
    """
    for item in items:
        records = records_of(item, folder)
        found = [(cell, _current(records, item, cell, settings)) for cell in cells(settings)]
        measured = [(cell, record) for cell, record in found if record is not None]
        broken = records.get("broken") if not measured else None
        yield item, broken["message"] if broken else None, measured
