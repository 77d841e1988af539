"""Files that are edited on the page: their versions, and each version as pictures that can be served."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from textsketch import bitstream, edit
from textsketch.budget import PRESETS
from textsketch.errors import TextsketchError
from textsketch.image.reading import fitting_size
from textsketch.layers import Layers, Mode, Skeletons
from textsketch.pipeline import paint
from textsketch.progress import Progress
from textsketch.render import registry
from textsketch.share.source import tsk_from_file
from textsketch.structure.kinds import kind_of
from textsketch.structure.pose import GRID
from textsketch.web import edit_requests
from textsketch.web.edit_requests import REDO, UNDO, Asked
from textsketch.web.jobs import JobCancelledError, Reporter
from textsketch.web.result_cache import ResultCache
from textsketch.web.results import file_stem, paint_file, write_shown
from textsketch.web.workers import Pool

_MOST_FOLDERS = 256  # of about 0.5 MB
_MOST_VERSIONS = 50
_MOST_WAITING = 16
_MOST_FILE_BYTES = 2**16
_LONGEST_LOOK = 1024
_CPU_SECONDS = 20
"""Of an edit or a look; a file of ordinary size takes a fiftieth."""
_GRACE_SECONDS = 3.0
"""Strokes follow each other: a process started anew for each would take longer than what it does."""
_HAND_RESTS_SECONDS = 0.3
_POLL_SECONDS = 0.05
_LINE_SHARE = 1 / 320
"""How thick lines are shown, of the longer side."""

Place = tuple[float, float]
"""In shares of the picture's width and height."""


@dataclass(frozen=True, eq=False)
class Edited:
    """A version of a file and what shows it.

    data: the file, within its budget. size: (width, height) of the picture. people: of skeletons the joints,
    None where one is not seen. invented: see `Decoded`. final: whether the chosen renderer painted it; before
    that it is a look, painted without networks.

    files: by name "tsk" and "shown" (for the screen); "lines" (dark on nothing) where it has a structure; "png"
    where it is final.
    """

    data: bytes
    mode: Mode
    size: tuple[int, int]
    caption: str
    people: tuple[tuple[Place | None, ...], ...]
    files: dict[str, str]
    invented: str | None = None
    final: bool = False


class Sheet:
    """A file on the canvas with all its versions, the oldest first; several threads may work on it.

    name: tells it from others. original: the file as it was brought. answered: the number of the last message
    that was dealt with.

    A message waits here from when it came until its edit begins, so that no question that overtakes its own
    loses it: the next one that works on the sheet comes to it first.
    """

    def __init__(self, stem: str, original: bytes) -> None:
        self.stem, self.original, self.name = stem, original, secrets.token_hex(4)
        self.answered = 0
        self._versions, self._at = [original], 0
        self._waiting: deque[tuple[Asked, str | None]] = deque()
        self._lock = threading.Lock()

    @property
    def data(self) -> bytes:
        """The version of the moment, which knows of no budget."""
        return self._versions[self._at]

    @property
    def can_undo(self) -> bool:
        """Whether there is an older version."""
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        """Whether an older version was gone back to."""
        return self._at + 1 < len(self._versions)

    def go(self, by: int) -> None:
        """Go to an older (-1) or a newer (1) version, if there is one."""
        self._at = min(max(self._at + by, 0), len(self._versions) - 1)

    def add(self, data: bytes) -> None:
        """Make a new version, unless it is the one of the moment; those that were undone are gone."""
        if data != self.data:
            self._versions = [*self._versions[: self._at + 1], data][-_MOST_VERSIONS:]
            self._at = len(self._versions) - 1

    def ask(self, asked: Asked, other: str | None) -> None:
        """Have a message wait; see `edit_requests.apply`. Raises TextsketchError if too many do."""
        if len(self._waiting) >= _MOST_WAITING:
            raise TextsketchError("these are more edits at once than can be made: wait for those before them")
        self._waiting.append((asked, other))

    def take(self) -> tuple[Asked, str | None] | None:
        """The message that waits longest, which waits no more; None where there is none."""
        return self._waiting.popleft() if self._waiting else None

    def drop(self) -> None:
        """Forget the messages that wait."""
        with self._lock:
            while (message := self.take()) is not None:
                self.answered = max(self.answered, message[0].serial)

    @contextmanager
    def turn(self, report: Reporter) -> Iterator[None]:
        """Wait until no other thread changes it. Raises JobCancelledError once the wait is cancelled."""
        while not self._lock.acquire(timeout=_POLL_SECONDS):
            if report.stop.is_set():
                raise JobCancelledError
        try:
            yield
        finally:
            self._lock.release()


class Edits:
    """Edits files in `pool` and remembers the latest pictures of them. root: the folder for their files."""

    def __init__(self, root: Path, pool: Pool) -> None:
        self._pool = pool
        self._cache: ResultCache[Edited] = ResultCache(root, _MOST_FOLDERS)

    def open(self, path: str, report: Reporter) -> Sheet:
        """The .tsk file at `path`, or in the QR code of the picture there. Raises TextsketchError."""
        return Sheet(file_stem(path), self._pool.run(read_file, report, path=path))

    def change(self, sheet: Sheet, report: Reporter) -> bool:
        """Do what the messages that wait on a sheet ask for; whether one of them was UNDO or REDO.

        An edit that has begun is not lost when another question overtakes it: the next one comes on top.
        Raises TextsketchError for an edit that cannot be made, once the others are.
        """
        goes, failed = False, None
        with sheet.turn(report):
            while (message := sheet.take()) is not None:
                asked, other = message
                about: dict[str, Any] = {"data": sheet.data, "asked": asked, "other": other}
                try:
                    if asked.do in (UNDO, REDO):
                        sheet.go(1 if asked.do == REDO else -1)
                        goes = True
                    else:
                        sheet.add(self._pool.run(edit_file, Reporter(), cpu_seconds=_CPU_SECONDS, **about))
                except TextsketchError as error:
                    failed = error
                finally:
                    sheet.answered = max(sheet.answered, asked.serial)
        if failed is not None:
            raise failed
        return goes

    def look(self, data: bytes, stem: str, budget: str | None, report: Reporter) -> Edited:
        """A file brought back to a budget, if there is one, and what the painter quickly makes of it."""
        return self._remembered(
            (data, stem, budget),
            lambda folder: self._pool.run(
                look_at,
                report,
                cpu_seconds=_CPU_SECONDS,
                grace_seconds=_GRACE_SECONDS,
                data=data,
                stem=stem,
                budget=budget,
                folder=folder,
            ),
        )

    def painted(self, look: Edited, renderer: str, options: dict[str, Any], report: Reporter) -> Edited:
        """What was looked at, painted by a renderer once the hand that edits rests."""

        def make(folder: str) -> Edited:
            if report.stop.wait(_HAND_RESTS_SECONDS):
                raise JobCancelledError
            asked: dict[str, Any] = {
                "path": look.files["tsk"],
                "folder": folder,
                "mode": None,
                "renderer": renderer,
                "options": options,
            }
            beside = registry.get(renderer).paints_beside
            found = (
                self._pool.run(paint_file, report, grace_seconds=_GRACE_SECONDS, **asked)
                if beside
                else paint_file(report, **asked)
            )
            files = look.files | {"png": found.png, "shown": found.shown}
            return replace(look, invented=found.invented, files=files, final=True)

        return self._remembered((look.data, look.files["tsk"], renderer, sorted(options.items())), make)

    def _remembered(self, about: tuple[Any, ...], make: Any) -> Edited:
        question = hashlib.sha256(repr(about).encode()).hexdigest()
        known = self._cache.find(question)
        if known is None:
            with self._cache.new_folder() as folder:
                known = make(str(folder))
            self._cache.put(folder, question, known)
        return known


def read_file(report: Progress, *, path: str) -> bytes:
    """The job of reading a file that is to be edited."""
    report(0.0, "reading the file")
    data = tsk_from_file(path)
    bitstream.unpack(data)
    if len(data) > _MOST_FILE_BYTES:
        raise TextsketchError(
            f"a file of {len(data):,} bytes is too large to be edited here, where {_MOST_FILE_BYTES:,} are the "
            "most: encode the picture with a smaller budget"
        )
    return data


def edit_file(report: Progress, *, data: bytes, asked: Asked, other: str | None) -> bytes:
    """The job of an edit; see `edit_requests.apply`."""
    report(0.0, "editing")
    return edit_requests.apply(data, asked, other)


def look_at(report: Progress, *, data: bytes, stem: str, budget: str | None, folder: str) -> Edited:
    """The job of a look; see `Edits.look`."""
    report(0.0, "painting")
    layers = bitstream.unpack(data)
    fitted = layers if budget is None else edit.fit(layers, budget, report)
    if fitted is not layers:
        data = bitstream.pack(fitted)
    shown_size = fitting_size(fitted.size, _LONGEST_LOOK)
    tsk = Path(folder) / f"{stem}.tsk"
    tsk.write_bytes(data)
    picture = paint(fitted, size=shown_size, progress=report, **registry.DEFAULT.plain)
    files = {"tsk": str(tsk), "shown": write_shown(picture, Path(folder), "look")}
    if fitted.structure is not None:
        files["lines"] = str(Path(folder) / "lines.png")
        _lines(fitted, shown_size).save(files["lines"])
    return Edited(data, fitted.mode, fitted.size, fitted.semantic.caption, _people(fitted), files)


def least_budget(data: bytes) -> str:
    """The smallest of the budgets with a name and a number of bytes that hold a file, else its own size."""
    fixed = sorted(preset.size_bytes for preset in PRESETS.values() if preset.size_bytes)
    return str(next((size for size in fixed if size >= len(data)), len(data)))


def _lines(layers: Layers, size: tuple[int, int]) -> Image.Image:
    """The structure as black lines on nothing."""
    assert layers.structure is not None
    cover = kind_of(layers.structure).draw(layers.structure, size, max(size) * _LINE_SHARE)
    opacity = Image.fromarray((255 * np.clip(cover, 0, 1) + 0.5).astype(np.uint8))
    lines = Image.new("LA", opacity.size, 0)
    lines.putalpha(opacity)
    return lines


def _people(layers: Layers) -> tuple[tuple[Place | None, ...], ...]:
    if not isinstance(layers.structure, Skeletons):
        return ()
    return tuple(
        tuple(
            None if point is None else ((point[0] + 0.5) / GRID, (point[1] + 0.5) / GRID) for point in person
        )
        for person in layers.structure.people
    )
