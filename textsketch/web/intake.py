"""Which files a visitor may hand to the app: uploads, the examples, and results that were made for them."""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from pydantic import BaseModel

from textsketch.errors import TextsketchError
from textsketch.web.commands import MALFORMED
from textsketch.web.workspace import Workspace

REFUSED = "this file was not uploaded here, or it is no longer kept: upload it again"
"""What is said of a file that may not be read, whether it exists or not."""

_DEEPEST = 20
"""Lists in lists: no control has a value as deep."""
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


class Intake:
    """Checks every file in what a client sends, and remembers which results were handed to whom.

    A visitor is told by the object that stands for the session (Gradio's `SessionState`); what was handed
    out is forgotten with it. Uploads belong to nobody: Gradio takes them without a session. Their paths hold
    a keyed hash of their content, so that only who has a file can name its upload.
    """

    def __init__(self, workspace: Workspace, uploads: Container[str]) -> None:
        """uploads: the paths of all files that were uploaded."""
        self._workspace = workspace
        self._uploads = uploads
        self._handed: WeakKeyDictionary[Any, set[Path]] = WeakKeyDictionary()

    def checked(self, value: Any, visitor: Any, depth: int = 0) -> Any:
        """What a client sent, with each file in it reduced to its path.

        A file is a dictionary with a path or a URL. A URL is never followed. Raises TextsketchError with the
        sentence REFUSED for a file that the visitor may not hand over, and for text that no answer could repeat.
        """
        if depth > _DEEPEST:
            raise TextsketchError(MALFORMED)
        if isinstance(value, str) and _HALF_CHARACTER.search(value):
            raise TextsketchError("the text holds half of a character (a lone surrogate); remove it")
        if isinstance(value, dict):
            if "path" in value or "url" in value:
                path = self._readable(value.get("path"), visitor)
                return {"path": str(path), "meta": {"_type": "gradio.FileData"}}
            return {key: self.checked(part, visitor, depth + 1) for key, part in value.items()}
        if isinstance(value, list | tuple):
            return [self.checked(part, visitor, depth + 1) for part in value]
        return value

    def hand_out(self, value: Any, visitor: Any) -> None:
        """Remember the results among the files of an answer to the visitor."""
        for path in _paths(value):
            folder = self._result_folder(path)
            if folder is None or not path.exists():
                continue
            os.utime(path)  # Gradio removes files a day after their last change
            handed = self._handed.setdefault(visitor, set())
            if folder not in handed:
                handed -= {known for known in handed if not known.is_dir()}
                handed.add(folder)

    def _readable(self, path: Any, visitor: Any) -> Path:
        # The disk is not asked about anything that is not spelt as one of the app's own files.
        if isinstance(path, str) and Path(os.path.normpath(path)).is_relative_to(self._workspace.files):
            try:
                real = Path(path).resolve(strict=True)
            except (OSError, ValueError, RuntimeError):  # missing; a null byte; a loop of links
                raise TextsketchError(REFUSED) from None
            if real.is_file() and self._is_of(real, visitor):
                return real
        raise TextsketchError(REFUSED)

    def _is_of(self, path: Path, visitor: Any) -> bool:
        folder = self._result_folder(path)
        if folder is not None:
            return folder in self._handed.get(visitor, ())
        return path.parent == self._workspace.examples or str(path) in self._uploads

    def _result_folder(self, path: Path) -> Path | None:
        """The folder of the result that the file belongs to, None if it is no result's."""
        results = self._workspace.results
        return results / path.relative_to(results).parts[0] if results in path.parents else None


def _paths(value: Any) -> Iterator[Path]:
    """The paths of all files in the data of an answer."""
    if isinstance(value, BaseModel):
        value = value.model_dump()
    if isinstance(value, dict):
        if isinstance(path := value.get("path"), str):
            yield Path(path)
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _paths(part)
