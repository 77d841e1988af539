"""A .tsk file from a picture of its QR code: a photograph, a screenshot, a slide."""

from __future__ import annotations

import numpy as np

from textsketch import bitstream
from textsketch.errors import BitstreamError, LinkError
from textsketch.image.reading import Source, read_image
from textsketch.share.code_process import payloads
from textsketch.share.link import is_link, tsk_in

_MAX_SIDE = 4_096
"""A longer photograph is scaled down to it; the largest code needs 177 modules of about 4 pixels."""


def tsk_in_picture(picture: Source) -> bytes:
    """The .tsk file in a picture of a QR code, with a link or of the file's bytes alone; see `share.code`.

    picture: as `image.reading.read_image` takes it. Of several codes it is the first that holds one.
    Raises ImageError if it is no picture, LinkError if no code is seen, none holds a file, or the
    search takes too long.
    """
    grey = np.asarray(read_image(picture, fit=_MAX_SIDE).convert("L"))
    found = payloads(grey)
    if not found:
        raise LinkError(
            "no QR code can be read in this picture; take it from straight ahead, sharp, without reflections, "
            "and so near that the code fills the picture"
        )
    return _first(found)


def _first(found: list[bytes]) -> bytes:
    for payload in found:
        try:
            text = payload.decode("ascii", "replace")
            if is_link(text):
                return tsk_in(text)
            bitstream.read_header(payload)
            return payload
        except (LinkError, BitstreamError):
            continue
    raise LinkError(
        "the QR code in this picture holds no picture of textsketch's; take one of a code that does"
    )
