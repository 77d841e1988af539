"""Bytes a 1-bit picture takes in lossless formats."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

_JBIG2_HEADER_BYTES = 67
"""Page information and generic region segments as embedded in a PDF: (11 + 19) + (11 + 17 + 1 + 8)."""


def png_bytes(bitmap: np.ndarray) -> int:
    """A 1-bit PNG file of a (rows, columns) bool bitmap."""
    return _file_bytes(bitmap, "PNG", optimize=True)


def webp_bytes(bitmap: np.ndarray) -> int:
    """A lossless WebP file."""
    return _file_bytes(bitmap, "WEBP", lossless=True, quality=100, method=6)


def group4_bytes(bitmap: np.ndarray) -> int:
    """The CCITT group 4 data of a TIFF file (ITU-T T.6), without the TIFF's headers."""
    strip = io.BytesIO()
    Image.fromarray(~bitmap).save(strip, "TIFF", compression="group4")
    strip.seek(0)
    with Image.open(strip) as tiff:
        return sum(tiff.tag_v2[279])  # StripByteCounts


def jbig2_bytes(bitmap: np.ndarray) -> int:
    """A JBIG2 generic region (ITU-T T.88, template 0): computed, since no free encoder is packaged.

    The ideal code length of an adaptive arithmetic coder with the template's 16-pixel contexts
    (Krichevsky-Trofimov estimates), and the least headers. A real coder needs a little more.
    """
    rows, columns = bitmap.shape
    padded = np.zeros((rows + 2, columns + 8), np.int64)
    padded[2:, 4:-4] = bitmap
    neighbours = [(-2, dx) for dx in range(-2, 3)] + [(-1, dx) for dx in range(-3, 4)]
    neighbours += [(0, dx) for dx in range(-4, 0)]
    context = np.zeros((rows, columns), np.int64)
    for dy, dx in neighbours:
        context = context * 2 + padded[2 + dy : 2 + dy + rows, 4 + dx : 4 + dx + columns]
    counts: dict[int, list[float]] = {}
    bits = 0.0
    for where, pixel in zip(context.ravel().tolist(), bitmap.ravel().tolist(), strict=True):
        seen = counts.setdefault(where, [0.5, 0.5])
        bits -= np.log2(seen[pixel] / (seen[0] + seen[1]))
        seen[pixel] += 1
    return _JBIG2_HEADER_BYTES + int(np.ceil(bits / 8))


FORMATS = {"PNG": png_bytes, "WebP": webp_bytes, "G4": group4_bytes, "JBIG2, computed": jbig2_bytes}


def _file_bytes(bitmap: np.ndarray, name: str, **options: object) -> int:
    out = io.BytesIO()
    Image.fromarray(~bitmap).save(out, name, **options)
    return len(out.getvalue())
