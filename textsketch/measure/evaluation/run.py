"""Evaluates pictures: every mode, budget, renderer and baseline, from real files, with every metric.

Each measurement (a cell: picture, codec and budget) is recorded at once, so a run that was stopped goes on
where it was and several processes can share the work.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path
from typing import Any

from textsketch.errors import ImageError, TextsketchError
from textsketch.image.reading import read_image, scale_to_fit
from textsketch.measure.evaluation.bench import Bench
from textsketch.measure.evaluation.cells import Settings, cell_digest, cells, current_record, records_of
from textsketch.measure.evaluation.worklist import Item, Share
from textsketch.progress import Progress, ignore


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
    report = progress or ignore
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
        record = current_record(records, item, cell, settings)
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
    bench = Bench(item, picture, settings, folder)
    for cell in todo:
        records.put(cell.stem, bench.measure(cell) | {"digest": cell_digest(item, cell, settings)})
        cell_done(True)
