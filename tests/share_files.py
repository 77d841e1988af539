"""Files of any size that are cheap to make."""

import random

from textsketch import bitstream
from textsketch.layers import Layers, Semantic


def captioned(caption: str = "a red bicycle leans on a wall", **others) -> bytes:
    """A sound text-only file."""
    return bitstream.pack(Layers((640, 480), Semantic(caption), **others))


def file_of(size_bytes: int) -> bytes:
    """A file of this size: a sound caption, and bytes behind it as of a damaged sketch."""
    start = captioned()
    return start + random.Random(size_bytes).randbytes(size_bytes - len(start))
