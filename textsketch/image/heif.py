"""HEIC pictures, as phones take them, by pillow-heif: decoded into one buffer, without further copies."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import numpy as np
from PIL import Image

from textsketch.errors import ImageError
from textsketch.image.conversion import Box, Pixels

if TYPE_CHECKING:
    from pillow_heif import HeifFile


def accepts(start: bytes) -> bool:
    """Whether the first bytes of a file are those of a HEIC picture."""
    if start[4:8] != b"ftyp":
        return False
    import pillow_heif

    return pillow_heif.get_file_mimetype(start).startswith(("image/heic", "image/heif"))


def opened(file: IO[bytes]) -> HeifFile:
    """The picture, not decoded yet; size, mode and info are known."""
    import pillow_heif

    return pillow_heif.open_heif(file, convert_hdr_to_8bit=True)


def decoder_bytes(picture: HeifFile) -> float:
    """Bytes a pixel at most while the picture is decoded, its colour planes and the turning included."""
    least = 6.2 if picture.info.get("chroma") == 420 or picture.mode.startswith("L") else 10.5
    alpha = 2.5 if picture.has_alpha else 0.0
    return (least + alpha) * (1.6 if picture.info.get("bit_depth", 8) > 8 else 1.0)


def pixels(picture: HeifFile) -> Pixels:
    """Decode the picture."""
    announced, mode = picture.size, picture.mode
    decoded = np.asarray(picture)  # shape (height, stride in pixels, channels), on the decoder's own memory
    if picture.size != announced:
        raise ImageError("the HEIC picture is damaged: its pixels have another size than its header says")

    def crop(box: Box) -> Image.Image:
        left, top, right, bottom = box
        band = np.ascontiguousarray(decoded[top:bottom, left:right])
        return Image.frombytes(mode, (right - left, bottom - top), band)

    return Pixels(announced, crop, icc_profile=picture.info.get("icc_profile"))
