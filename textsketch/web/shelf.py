"""The folders of files that pages show: the latest stay, older ones are deleted."""

from __future__ import annotations

import shutil
import threading
from collections import OrderedDict
from pathlib import Path


class Shelf:
    """Keeps the `most` folders that were put on it last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._folders: OrderedDict[Path, None] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, folder: Path) -> None:
        """Put a folder on the shelf, or again in front; nothing may write to it any more."""
        with self._lock:
            self._folders[folder] = None
            self._folders.move_to_end(folder)
            while len(self._folders) > self._most:
                shutil.rmtree(self._folders.popitem(last=False)[0], ignore_errors=True)
