"""A .tsk file from wherever it travelled: the file itself, or a link."""

from __future__ import annotations

import contextlib
import os

from textsketch.errors import LinkError
from textsketch.pipeline import read_file
from textsketch.share.link import is_link, tsk_in

ACCEPTED = "a .tsk file or a link that holds one"
"""What `tsk_from` takes, in a sentence."""


def tsk_from(source: str) -> bytes:
    """The bytes of a .tsk file, given its path or a link as `link.tsk_in` reads it.

    Raises BitstreamError or LinkError. A file may still be damaged; see `bitstream.salvage`.
    """
    if not os.path.exists(source):
        if is_link(source):
            return tsk_in(source)
        with contextlib.suppress(LinkError):  # then it is the name of a file that is not there
            return tsk_in(source)
    return read_file(source)
