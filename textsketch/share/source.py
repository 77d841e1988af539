"""A .tsk file from wherever it travelled: the file itself, a link, or a picture of a QR code."""

from __future__ import annotations

import contextlib
import os

from textsketch.errors import LinkError
from textsketch.image.reading import is_picture
from textsketch.pipeline import read_file
from textsketch.share.code_reader import tsk_in_picture
from textsketch.share.link import is_link, tsk_in

ACCEPTED = "a .tsk file, a link that holds one, or a picture of a QR code that does"
"""What `tsk_from` takes, in a sentence."""


def tsk_from(source: str) -> bytes:
    """The bytes of a .tsk file, given its path, the path of a picture of its QR code, or a link.

    For a user of this machine: a stranger's text is for `link.tsk_in`, a stranger's file for `tsk_from_file`.
    Raises BitstreamError, LinkError or ImageError. A file may still be damaged; see `bitstream.salvage`.
    """
    if not os.path.exists(source):
        if is_link(source):
            return tsk_in(source)
        with contextlib.suppress(LinkError):  # then it is the name of a file that is not there
            return tsk_in(source)
    return tsk_from_file(source)


def tsk_from_file(path: str) -> bytes:
    """The .tsk file at `path`, or in the QR code of the picture there; told apart by content, not by name.

    Raises what `tsk_from` does.
    """
    data = read_file(path)
    return tsk_in_picture(path) if is_picture(data[:32]) else data
