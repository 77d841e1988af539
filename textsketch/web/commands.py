"""Sentences for visitors: commands the way they have to be typed where the demo runs, and no folder of it."""

from __future__ import annotations

import functools
import os
import re
import shutil
import sys
from html import escape
from pathlib import Path

MALFORMED = "this is nothing the app takes: reload the page, upload the file again, or see the API page"

_COMMAND = re.compile(
    r"`?((?:pip install|textsketch weights fetch)(?: [\w-]+(?:[./][\w-]+)*)+"
    r"(?: && textsketch weights fetch [\w-]+)*)`?"
)
_FOLDERS = re.compile(r"(?<![\w.:/~])(?:/[^\s/:,;'\"()<>]+)+/(?=[^\s/:,;'\"()<>])")


def without_folders(sentence: str) -> str:
    """The sentence with each absolute path in it reduced to the file's or the folder's own name."""
    return _FOLDERS.sub("", sentence)


def marked_up(sentence: str) -> str:
    """The sentence as HTML; `pip` and `textsketch` commands in it are code that works in this environment."""
    sentence = without_folders(sentence)
    parts = []
    end = 0
    for match in _COMMAND.finditer(sentence):
        parts += [escape(sentence[end : match.start()]), code(match[1])]
        end = match.end()
    return "".join(parts) + escape(sentence[end:])


def code(command: str) -> str:
    """A `pip` or `textsketch` command as HTML, the way it has to be typed in this environment."""
    command = re.sub(r"\bpip (?=install)", _prefix("pip"), command)
    command = re.sub(r"\btextsketch (?=weights)", _prefix("textsketch"), command)
    words = " ".join(f"<span>{escape(word)}</span>" for word in command.split())
    return f"<code>{words}</code>"


@functools.cache
def _prefix(program: str) -> str:
    """`program ` if a shell finds that of the running Python, else how this Python runs it.

    A Python that lies outside the working folder is only named: where it lies is no visitor's business.
    """
    scripts = Path(sys.executable).parent
    found = shutil.which(program)
    if found is not None and Path(found).parent == scripts:
        return f"{program} "
    python = shutil.which("python")
    if python is not None and Path(python).parent == scripts:
        return f"python -m {program} "
    executable = os.path.relpath(sys.executable)
    return f"{Path(executable).name if executable.startswith('..') else executable} -m {program} "
