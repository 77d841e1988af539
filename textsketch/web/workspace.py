"""The folder in which one run of the app keeps all it writes: uploads, results, copies of the examples."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

_PREFIX = "textsketch-"
_LOCK = "textsketch.lock"


class Workspace:
    """A new temporary folder that goes when the process ends, however it was asked to.

    files: the folder Gradio uploads to and serves from; every file a page shows lies below it, so that no
    answer names another place of the machine. examples: copies of the bundled pictures. results: what was
    made for visitors, a folder each.

    The folder is made where GRADIO_TEMP_DIR says, else in the system's temporary folder, and GRADIO_TEMP_DIR
    is set to `files`: make this before Gradio is imported. A run that is killed leaves its folder; the
    next one removes it. A lock that a living process holds tells the two apart.
    """

    def __init__(self, examples: Path) -> None:
        base = Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir()).resolve()
        base.mkdir(parents=True, exist_ok=True)
        _remove_dead(base)
        root = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base))
        self._lock = _lock(root)
        self.files = root / "files"
        self.results = self.files / "results"
        self.examples = self.files / "examples"
        self.results.mkdir(parents=True)
        shutil.copytree(examples, self.examples)
        os.environ["GRADIO_TEMP_DIR"] = str(self.files)
        owner = os.getpid()
        atexit.register(lambda: _remove(root) if os.getpid() == owner else None)  # not in a fork of it


def _lock(root: Path) -> BinaryIO:
    """Make the lock file of a folder; it is held from the first moment it bears its name."""
    unnamed = root / "new"
    lock = unnamed.open("wb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    unnamed.rename(root / _LOCK)
    return lock


def _remove_dead(base: Path) -> None:
    """Remove the folders in `base` that runs of this user left when they were killed."""
    for root in base.glob(f"{_PREFIX}*"):
        try:
            if root.is_symlink() or root.stat().st_uid != os.getuid():
                continue
            with (root / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(root)
        except OSError:  # no lock: not a workspace; or held: its run is alive
            continue


def _remove(root: Path) -> None:
    """Remove a workspace, its lock last: what cannot be removed now is still known to be one."""
    for _ in range(3):  # a job that has not ended yet may write once more
        shutil.rmtree(root / "files", ignore_errors=True)
        if not (root / "files").exists():
            shutil.rmtree(root, ignore_errors=True)
            return
