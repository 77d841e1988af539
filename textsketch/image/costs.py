"""What decoding costs in memory, from the header: pictures that would cost too much are refused beforehand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

from textsketch.errors import ImageError
from textsketch.image import heif
from textsketch.image.formats import TITLES
from textsketch.image.headers import Header

if TYPE_CHECKING:
    from pillow_heif import HeifFile

_ROOM_BYTES = 50_000_000
"""What decoding may cost beside four bytes a pixel; as much again is left for the work on the pixels."""
_WHOLE_FRAME_BYTES = 18.0
"""Bytes a pixel for WebP and AVIF: planes (of up to 12 bits), frame, copy and picture stand side by side."""


def check_decoder(
    image: Image.Image | HeifFile, header: Header, stored_pixels: int, file_bytes: int, max_pixels: int
) -> None:
    """Refuse a picture whose decoder needs more than four bytes a pixel of `max_pixels` and a little room.

    stored_pixels: of the file; `image` may be set to be decoded smaller. Raises ImageError.
    """
    needed = _decoder_bytes(image, header, stored_pixels, file_bytes)
    allowed = 4 * max_pixels + _ROOM_BYTES
    if needed <= allowed:
        return
    title = TITLES.get(getattr(image, "format", None) or "HEIF", "JPEG")
    kind = "JPEG in several passes" if header.sample_bytes else title
    most = stored_pixels * allowed / needed / 1e6
    down = f"scale it down to {most:.0f} megapixels" if most >= 1 else "scale it down"
    raise ImageError(
        f"the picture, {kind}, {stored_pixels / 1e6:.1f} megapixels, needs too much memory; {down} "
        "or save it as a plain JPEG"
    )


def _decoder_bytes(
    image: Image.Image | HeifFile, header: Header, stored_pixels: int, file_bytes: int
) -> float:
    if not isinstance(image, Image.Image):
        return stored_pixels * heif.decoder_bytes(image) + file_bytes
    decoded = 4 * image.width * image.height
    if image.format in ("WEBP", "AVIF"):
        return stored_pixels * _WHOLE_FRAME_BYTES + file_bytes
    if image.format == "TIFF":
        return _tiff_bytes(image, decoded, file_bytes)
    if image.format == "PNG" and header.frames > 1:
        decoded *= 2
    return decoded + stored_pixels * header.sample_bytes


def _tiff_bytes(image: Image.Image, decoded: int, file_bytes: int) -> float:
    """Pixels, twice if they have to be turned; where libtiff decodes them, also the file and a strip or tile."""
    tags = image.tag_v2  # type: ignore[attr-defined]
    if tags.get(274, 1) != 1:
        decoded *= 2
    if tags.get(259, 1) == 1:
        return decoded
    width = max(image.size)
    rows = min(int(tags.get(278, image.height)), max(image.size))
    if 322 in tags:
        width, rows = int(tags[322]), int(tags.get(323, 1))
    bits = tags.get(258, (8,))
    sample_bits = max(bits) if isinstance(bits, tuple) else bits
    pixel_bytes = max(4.0, int(tags.get(277, 1)) * sample_bits / 8)
    return decoded + file_bytes + width * rows * pixel_bytes
