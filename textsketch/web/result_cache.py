"""The latest results as folders of files that pages show; a question asked again is answered from them."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class _Entry(Generic[T]):
    result: T
    folder: Path
    files: tuple[Path, ...]


class ResultCache(Generic[T]):
    """Keeps the `most` folders below `root` that were put or found last, and deletes the others.

    The names of folders cannot be guessed.
    """

    def __init__(self, root: Path, most: int) -> None:
        self._root, self._most = root, most
        self._latest: OrderedDict[Path, None] = OrderedDict()
        self._pinned: set[Path] = set()
        self._entries: dict[str, _Entry[T]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def new_folder(self, *, on_show: str | None = None) -> Iterator[Path]:
        """A new folder to write to, which `put` is to be called for when it is done.

        If what is done with it fails, it is deleted; or put without an answer if it holds a file whose name fits
        the pattern on_show.
        """
        folder = Path(tempfile.mkdtemp(dir=self._root))
        try:
            yield folder
        except BaseException:
            if on_show is not None and any(folder.glob(on_show)):
                self.put(folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)
            raise

    def find(self, question: str) -> T | None:
        """What answered the question before, None if nothing did or a file of it is gone."""
        with self._lock:
            entry = self._entries.get(question)
            if entry is None or not all(map(os.path.exists, entry.files)):
                return None
            self._touch(entry.folder)
            for file in entry.files:
                os.utime(file)  # Gradio removes files a day after their last change
            return entry.result

    def put(
        self, folder: Path, question: str | None = None, result: T | None = None, *, pin: bool = False
    ) -> None:
        """Keep a folder that nothing writes to any more, as the answer to a question if there is one.

        pin: never delete it to make room.
        """
        with self._lock:
            if question is not None and result is not None:
                before = self._entries.get(question)
                if before is not None:  # a file of it was gone
                    self._pinned.discard(before.folder)
                    self._touch(before.folder)
                self._entries[question] = _Entry(result, folder, tuple(folder.iterdir()))
            if pin:
                self._pinned.add(folder)
            self._touch(folder)

    def _touch(self, folder: Path) -> None:
        if folder in self._pinned:
            return
        self._latest[folder] = None
        self._latest.move_to_end(folder)
        while len(self._latest) > self._most:
            gone, _ = self._latest.popitem(last=False)
            shutil.rmtree(gone, ignore_errors=True)
            self._entries = {q: entry for q, entry in self._entries.items() if entry.folder != gone}


def question(path: str, **asked: Any) -> str:
    """What is asked of the file at `path`, in a word; another one once the file has changed."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        identity = 0, 0  # whoever reads it says so
    else:
        identity = status.st_size, status.st_mtime_ns
    return repr((path, *identity, sorted(asked.items())))
