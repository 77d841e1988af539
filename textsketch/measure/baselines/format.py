"""What a baseline's format is: a name, and how a picture is saved and loaded at a level of quality."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image


def open_with_pillow(data: bytes) -> Image.Image:
    """Load a file of a format Pillow knows, as RGB."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def save_with_pillow(image: Image.Image, format_name: str, **options: object) -> bytes:
    """The file Pillow writes."""
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


@dataclass(frozen=True, kw_only=True)
class Format:
    """A format and its scale of quality.

    levels: their number; save(image, level) takes an RGB picture and a level from 0 (smallest file) to
    levels - 1. load(data) gives the RGB picture back. describe(level) says for people what a level is.
    version() names the encoder. unavailable() is the sentence that says what is missing here, or None.
    even: whether widths and heights have to be even. charted: whether the page draws its curve.
    """

    name: str
    title: str
    extension: str
    levels: int
    save: Callable[[Image.Image, int], bytes]
    describe: Callable[[int], str]
    version: Callable[[], str]
    load: Callable[[bytes], Image.Image] = open_with_pillow
    unavailable: Callable[[], str | None] = lambda: None
    even: bool = False
    charted: bool = False
