"""What the bytes of a picture's file say before a decoder sees them: scans, frames, turning, forged directories.

Pillow reads some of this with work or memory that a small forged file can make large, so it is looked at here
first, in one walk that touches no pixel. A `View` is the whole file, as bytes or mapped.
"""

from __future__ import annotations

import mmap
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from textsketch.errors import ImageError

View = bytes | memoryview | mmap.mmap

_MOST_SCANS = 200  # each costs a pass over all pixels
_MOST_PARTS = 1 << 17  # segments, chunks or blocks: far more than any encoder writes
_MOST_NUMBERS = 1 << 20  # in a TIFF's directory; 64 megapixels in tiles of 16 x 16 take half
_MOST_VALUE_BYTES = 1 << 24  # of a directory, beyond the bytes it stands in
_MOST_GIF_BLOCKS = 1 << 20
_MOST_FRAMES = 10_000
_MOST_METADATA_BYTES = 1 << 20  # of EXIF or comments, which are joined piece by piece
_ORIENTATION_TAG = 0x0112
_WIDE_TYPES = {3: 2, 8: 2, 4: 4, 9: 4, 11: 4, 13: 4, 5: 8, 10: 8, 12: 8, 16: 8, 17: 8, 18: 8}  # bytes each
_TEXTLIKE_TYPES = (1, 2, 6, 7)  # kept as bytes; the numbers of other types become Python objects
_JPEG_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")  # neither stuffing nor restart marks
_JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PNG_START = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Header:
    """size: a PNG's (width, height), as an animation costs pixels when it is opened; None for other formats.

    frames: pictures the file holds, where it says so. orientation: EXIF's, 1 to 8, None if not found here.
    sample_bytes: bytes a pixel that a JPEG of several passes keeps beside its pixels.
    """

    size: tuple[int, int] | None = None
    frames: int = 1
    orientation: int | None = None
    sample_bytes: float = 0.0


def examine(view: View) -> Header:
    """Look through the file. Raises ImageError where it is made to cost a decoder time or memory."""
    start = bytes(view[:12])
    if start.startswith(b"\xff\xd8\xff"):
        return _examine_jpeg(view)
    if start.startswith(_PNG_START):
        return _examine_png(view)
    if start.startswith(b"GIF8"):
        return Header(frames=_gif_frames(view))
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return Header(frames=_tiff_frames(view))
    return Header()


def exif_orientation(exif: bytes | None) -> int:
    """The orientation, 1 to 8, that an EXIF block asks for; 1 where it says nothing readable."""
    if not exif:
        return 1
    block = exif[6:] if exif.startswith(b"Exif\0\0") else exif
    try:
        for tag, kind, count, value in _directory(block, *_tiff_start(block)):
            if tag == _ORIENTATION_TAG and kind == 3 and count == 1:
                order = ">" if block[:2] == b"MM" else "<"
                (number,) = struct.unpack(order + "H", value[:2])
                return number if 1 <= number <= 8 else 1
    except (ImageError, struct.error):
        pass
    return 1


def _examine_jpeg(view: View) -> Header:
    scans = parts = 0
    samples, components, passes = 0.0, 0, False
    exif = bytearray()
    position = 2
    while found := _JPEG_MARKER.search(view, position):
        position = found.end()
        marker = view[position - 1]
        if marker == 0xD9:
            break
        parts += 1
        length = max(2, int.from_bytes(view[position : position + 2], "big"))
        body = bytes(view[position + 2 : position + length])
        position += length
        if marker == 0xDA:
            scans += 1
            passes = passes or scans > 1 or (bool(body) and body[0] < components)
        elif marker in _JPEG_FRAMES and len(body) >= 6 and not components:
            passes = marker in (0xC2, 0xC6, 0xCA, 0xCE)
            components = body[5]
            samples = _jpeg_samples(body[6:])
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            exif += body[6:]
        elif marker == 0xE2 and body.startswith(b"MPF\0"):
            _check_directory(body[4:])
        if scans > _MOST_SCANS:
            raise ImageError(f"the JPEG has more than {_MOST_SCANS} scans; save it again as a plain JPEG")
        if parts > _MOST_PARTS or len(exif) > _MOST_METADATA_BYTES:
            raise ImageError("the JPEG has too many segments; save it again as a plain JPEG")
    _check_directory(bytes(exif))
    return Header(sample_bytes=2 * samples if passes else 0.0)


def _jpeg_samples(components: bytes) -> float:
    """Samples a pixel of all components together: 3 at full colour resolution, 1.5 at half."""
    factors = [(sampling >> 4, sampling & 15) for sampling in components[1::3]]
    most = max((h for h, _ in factors), default=1) * max((v for _, v in factors), default=1)
    return sum(h * v for h, v in factors) / max(1, most)


def _examine_png(view: View) -> Header:
    frames, orientation, parts = 1, None, 0
    position = len(_PNG_START)
    while position + 8 <= len(view):
        body = position + 8
        length, kind = int.from_bytes(view[position : position + 4], "big"), bytes(view[position + 4 : body])
        if kind == b"IEND" or not kind.isalpha():
            break
        if kind == b"acTL":
            frames = max(1, int.from_bytes(view[body : body + 4], "big"))
        elif kind == b"eXIf":
            orientation = exif_orientation(bytes(view[body : body + length]))
        position = body + length + 4
        parts += 1
        if parts > _MOST_PARTS:
            raise ImageError("the PNG has too many chunks; save it again")
    size = struct.unpack(">II", bytes(view[16:24])) if len(view) >= 24 else None
    return Header(size, frames, orientation)


def _gif_frames(view: View) -> int:
    """Count the frames of a GIF by walking over its blocks, up to `_MOST_FRAMES`."""

    def table_bytes(flags: int) -> int:
        return 3 * (2 << (flags & 7)) if flags & 0x80 else 0

    blocks = 0

    def end_of_blocks(position: int) -> int:
        nonlocal blocks
        while position < size and view[position] and blocks < _MOST_GIF_BLOCKS:
            position += view[position] + 1
            blocks += 1
        return position + 1

    frames = comment_bytes = 0
    size = len(view)
    position = 13 + table_bytes(view[10] if size > 10 else 0)
    while position < size and frames < _MOST_FRAMES and blocks < _MOST_GIF_BLOCKS:
        block = view[position]
        if block == 0x21:
            end = end_of_blocks(position + 2)
            comment_bytes += end - position
            if comment_bytes > _MOST_METADATA_BYTES and not frames:
                raise ImageError("the GIF carries more than 1 MB of comments; save it again without them")
        elif block == 0x2C and position + 9 < size:
            frames += 1
            end = end_of_blocks(position + 11 + table_bytes(view[position + 9]))
        else:
            break
        position = end
    return max(1, frames)


def _tiff_frames(view: View) -> int:
    """Count the pages of a TIFF, up to `_MOST_FRAMES`, and check the directory of the first."""
    try:
        order, big, offset = _tiff_start(view)
    except struct.error:
        return 1
    _check_directory(view, _MOST_NUMBERS)
    seen: set[int] = set()
    count, entry_bytes, link = ("Q", 20, "Q") if big else ("H", 12, "I")
    while offset and offset not in seen and len(seen) < _MOST_FRAMES:
        seen.add(offset)
        try:
            (entries,) = struct.unpack_from(order + count, view, offset)
            offset += struct.calcsize(count) + entries * entry_bytes
            (offset,) = struct.unpack_from(order + link, view, offset)
        except struct.error:
            break
    return max(1, len(seen))


def _tiff_start(view: View) -> tuple[str, bool, int]:
    """Byte order, whether it is a BigTIFF, and where the first directory stands."""
    order = ">" if bytes(view[:2]) == b"MM" else "<"
    (version,) = struct.unpack_from(order + "H", view, 2)
    if version == 43:
        return order, True, struct.unpack_from(order + "Q", view, 8)[0]
    return order, False, struct.unpack_from(order + "I", view, 4)[0]


def _directory(view: View, order: str, big: bool, offset: int) -> Iterator[tuple[int, int, int, bytes]]:
    """Tag, type, count and the field that holds or points to the value, of each entry."""
    entry, field = (order + "HHQ8s", 20) if big else (order + "HHI4s", 12)
    count = order + ("Q" if big else "H")
    (entries,) = struct.unpack_from(count, view, offset)
    start = offset + struct.calcsize(count)
    for index in range(min(entries, _MOST_PARTS)):
        yield struct.unpack_from(entry, view, start + index * field)


def _check_directory(block: View, most_numbers: int | None = None) -> None:
    """Refuse a directory whose values overlap into far more bytes than it has, or are very many numbers."""
    try:
        value_bytes = numbers = 0
        for _, kind, count, _ in _directory(block, *_tiff_start(block)):
            size_bytes = count * _WIDE_TYPES.get(kind, 1)
            if size_bytes <= len(block):  # others are cut off, and left out
                value_bytes += size_bytes
                numbers += 0 if kind in _TEXTLIKE_TYPES else count
            if value_bytes > len(block) + _MOST_VALUE_BYTES or (most_numbers and numbers > most_numbers):
                raise ImageError("the picture's metadata is far too large; save the picture again without it")
    except struct.error:
        pass  # a directory that ends early holds no more
