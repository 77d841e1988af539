"""Reading pictures from strangers: one place, with limits checked before anything is decoded.

What reading costs at most, beside the source itself: four bytes a pixel of `max_pixels`, and 100 MB.
"""

from __future__ import annotations

import contextlib
import errno
import io
import mmap
import os
import re
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import IO, TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFile
from PIL.AvifImagePlugin import AvifImageFile
from PIL.WebPImagePlugin import WebPImageFile

from textsketch.errors import ImageError
from textsketch.image import heif
from textsketch.image.conversion import Box, Converted, Pixels, convert, upright_size
from textsketch.image.costs import check_decoder
from textsketch.image.formats import LISTED, TITLES
from textsketch.image.headers import Header, View, examine, exif_orientation

if TYPE_CHECKING:
    from pillow_heif import HeifFile

MAX_PIXELS = 64_000_000
MAX_SIDE = 16_384
MAX_FILE_BYTES = 128 * 2**20
_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
_XMP_ORIENTATION = re.compile(r'tiff:Orientation(?:="|>)([1-8])')
_LEAST_GAMMA = 0.05
_DRAFT_MARGIN = 3.0
"""How much larger than asked for a JPEG is decoded: at less, scaling again would be seen."""

Source = str | os.PathLike[str] | bytes | IO[bytes] | Image.Image | np.ndarray


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read.

    image: RGB, upright. original_size: its (width, height) before it was scaled to fit. frames: how many the
    file holds, `image` being the first. background: "white" or "dark grey", what a transparent picture was
    flattened on; None for an opaque one.
    """

    image: Image.Image
    original_size: tuple[int, int]
    frames: int = 1
    background: str | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the file is not in the image, in short phrases."""
        found = []
        if self.frames > 1:
            found.append(f"first of {self.frames:,} frames")
        if self.background is not None:
            found.append(f"transparent, flattened on {self.background}")
        return tuple(found)


def read_image(
    source: Source, *, max_pixels: int = MAX_PIXELS, max_side: int = MAX_SIDE, fit: int | None = None
) -> Image.Image:
    """Read a picture as 8-bit sRGB; see `read_picture`, whose image this is."""
    return read_picture(source, max_pixels=max_pixels, max_side=max_side, fit=fit).image


def read_picture(
    source: Source, *, max_pixels: int = MAX_PIXELS, max_side: int = MAX_SIDE, fit: int | None = None
) -> Picture:
    """Read a picture as 8-bit sRGB.

    source: a path, the bytes of a file, a binary file object, a PIL image, or an array of shape
        (height, width), (height, width, 3) or (height, width, 4), uint8 in [0, 255] or float in [0, 1].
        Files are told apart by content, not by name.
    fit: scale the picture down so that no side is longer; a JPEG is then decoded at a fraction of its size
        where that cannot be seen.
    The image is upright (EXIF orientation applied), its colours converted to sRGB from the embedded ICC profile
    or, in a PNG without one and without an sRGB chunk, from its gAMA chunk, 16 bits reduced to 8. Transparency
    is flattened on white, or on dark grey where next to nothing would be seen on white. Of an animation or a
    document of several pages it is the first.
    Raises ImageError if the picture is of another format, damaged, truncated, larger than `max_pixels` or
    `max_side`, or costs its decoder too much memory; that is checked before decoding.
    """
    with _one_clear_error(max_pixels):
        converted, original_size, frames = _converted(source, max_pixels, max_side, fit)
        image = converted.picture()
        image = image if fit is None else scale_to_fit(image, fit)
        return Picture(image, original_size, frames, converted.background)


def read_size(source: Source, *, max_pixels: int = MAX_PIXELS, max_side: int = MAX_SIDE) -> tuple[int, int]:
    """Width and height in pixels of the upright picture, from the header alone. Raises ImageError."""
    with _one_clear_error(max_pixels):
        if isinstance(source, np.ndarray):
            return _array_size(source, max_pixels, max_side)
        with _opened(source, max_pixels, max_side) as (image, header, _):
            return upright_size(image.size, _orientation(image, header))


def _converted(
    source: Source, max_pixels: int, max_side: int, fit: int | None
) -> tuple[Converted, tuple[int, int], int]:
    """The converted pixels, the upright size of the picture and its frames; what was decoded is freed."""
    if isinstance(source, np.ndarray):
        size = _array_size(source, max_pixels, max_side)
        return convert(Pixels(size, partial(_array_box, source))), size, 1
    with _opened(source, max_pixels, max_side) as (image, header, file_bytes):
        size = upright_size(image.size, _orientation(image, header))
        stored_pixels = image.size[0] * image.size[1]
        if fit is not None and isinstance(image, ImageFile.ImageFile) and image is not source:
            wanted = fitting_size(image.size, fit)
            image.draft(None, (round(_DRAFT_MARGIN * wanted[0]), round(_DRAFT_MARGIN * wanted[1])))
        if image is not source:
            check_decoder(image, header, stored_pixels, file_bytes, max_pixels)
        return convert(_pixels(image, header)), size, header.frames


def _pixels(image: Image.Image | HeifFile, header: Header) -> Pixels:
    """The pixels of an opened picture, decoded now."""
    if not isinstance(image, Image.Image):
        return heif.pixels(image)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image.load()
    info = image.info
    gamma = info.get("gamma") if "srgb" not in info else None
    usable = isinstance(gamma, float) and _LEAST_GAMMA <= gamma <= 1 / _LEAST_GAMMA
    return Pixels(
        image.size,
        image.crop,
        _orientation(image, header),
        info.get("icc_profile"),
        gamma if usable else None,
    )


def _orientation(image: Image.Image | HeifFile, header: Header) -> int:
    """EXIF's orientation, 1 to 8, of what the decoder gives: of HEIC and TIFF it gives the upright picture."""
    if not isinstance(image, Image.Image) or image.format == "TIFF":
        return 1
    if header.orientation is not None:
        return header.orientation
    if exif := image.info.get("exif"):
        return exif_orientation(exif)
    xmp = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or ""
    found = _XMP_ORIENTATION.search(xmp.decode("utf-8", "ignore") if isinstance(xmp, bytes) else str(xmp))
    return int(found[1]) if found else 1


@contextlib.contextmanager
def _one_clear_error(max_pixels: int) -> Iterator[None]:
    """Turn whatever a decoder raises on a damaged file into an ImageError."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError:
        raise ImageError("the picture needs more memory than there is; scale it down and try again") from None
    except Image.DecompressionBombError:
        raise ImageError(
            f"the picture has more than {max_pixels / 1e6:.0f} megapixels; scale it down"
        ) from None
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise ImageError("there is no room for temporary files; free some and try again") from None
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise ImageError(f"the picture is damaged and cannot be decoded ({reason})") from error


@contextlib.contextmanager
def _opened(
    source: Source, max_pixels: int, max_side: int
) -> Iterator[tuple[Image.Image | HeifFile, Header, int]]:
    """The picture not yet decoded but found small enough, what its bytes say, and how many there are."""
    if isinstance(source, Image.Image):
        _check_size(source.size, max_pixels, max_side)
        yield source, Header(), 0
        return
    with _file(source) as (file, size_bytes):
        if not size_bytes:
            raise ImageError("the file is empty; choose a picture")
        with _view(file) as view:
            header = examine(view)
        if header.size is not None:
            _check_size(header.size, max_pixels, max_side)
        image = _identified(file)
        _check_size(image.size, max_pixels, max_side)
        if isinstance(image, WebPImageFile | AvifImageFile):  # there it costs nothing to ask the decoder
            header = replace(header, frames=image.n_frames)
        yield image, header, size_bytes


def is_picture(start: bytes) -> bool:
    """Whether a file that begins with these bytes, at least 12, means to be a picture of a format read here."""
    in_box = start[4:8] == b"ftyp" or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")
    return in_box or start.startswith((*_SIGNATURES, b"BM"))


def _identified(file: IO[bytes]) -> Image.Image | HeifFile:
    start = file.read(32)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # bomb and metadata warnings: our own limits follow
            return Image.open(file, formats=[name for name in TITLES if name != "HEIF"])
    except Image.UnidentifiedImageError:
        if heif.accepts(start):
            return heif.opened(file)
        if start.startswith(_SIGNATURES):
            raise ImageError("the picture is damaged: its header cannot be read") from None
        raise ImageError(f"this is not a picture textsketch can read; save it as {LISTED}") from None


@contextlib.contextmanager
def _file(source: Source) -> Iterator[tuple[IO[bytes], int]]:
    """The source as a file at its start, and its size in bytes; a file object is copied to disk first."""
    if isinstance(source, bytes | bytearray | memoryview):
        _check_file_size(len(source))
        yield io.BytesIO(source), len(source)
    elif isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        if os.path.exists(path) and not os.path.isfile(path):
            raise ImageError(f"{path} is not a file; name a picture")
        try:
            file: IO[bytes] = open(path, "rb")  # noqa: SIM115  closed below, outside of this try
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ImageError(f"cannot read {path!s}: {reason}") from None
        with file:
            size_bytes = os.fstat(file.fileno()).st_size
            _check_file_size(size_bytes)
            yield file, size_bytes
    elif hasattr(source, "read"):
        with tempfile.TemporaryFile() as copy:
            while chunk := source.read(1 << 20):
                if not isinstance(chunk, bytes):
                    raise ImageError("the file object gives text; open it in binary mode ('rb')")
                copy.write(chunk)
                _check_file_size(copy.tell())
            size_bytes = copy.tell()
            copy.seek(0)
            yield copy, size_bytes
    else:
        raise ImageError(
            f"cannot read a picture from {type(source).__name__}; give a path, bytes or a PIL image"
        )


def _check_file_size(size_bytes: int) -> None:
    if size_bytes > MAX_FILE_BYTES:
        raise ImageError(
            f"the file is larger than {MAX_FILE_BYTES // 2**20} MiB; save it as JPEG and try again"
        )


@contextlib.contextmanager
def _view(file: IO[bytes]) -> Iterator[View]:
    """All bytes of the file without a copy of them."""
    if isinstance(file, io.BytesIO):
        with file.getbuffer() as buffer:
            yield buffer
    else:
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield mapped


def _check_size(size: tuple[int, int], max_pixels: int, max_side: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise ImageError("the picture has no pixels")
    if max(width, height) > max_side:
        raise ImageError(f"the picture is {width} x {height} pixels; the longest side may have {max_side}")
    if width * height > max_pixels:
        raise ImageError(
            f"the picture has {width * height / 1e6:.1f} megapixels ({width} x {height}); "
            f"scale it down to {max_pixels / 1e6:.0f} megapixels"
        )


def _array_size(array: np.ndarray, max_pixels: int, max_side: int) -> tuple[int, int]:
    """The (width, height) of an array that can be a picture; its values are looked at band by band."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise ImageError(
            f"an array of shape {array.shape} is no picture; give (height, width), "
            "(height, width, 3) or (height, width, 4)"
        )
    if array.dtype.kind != "f" and array.dtype != np.uint8:
        raise ImageError(f"an array of {array.dtype} is no picture; give uint8 (0 to 255) or float (0 to 1)")
    size = (array.shape[1], array.shape[0])
    _check_size(size, max_pixels, max_side)
    return size


def _array_box(array: np.ndarray, box: Box) -> Image.Image:
    left, top, right, bottom = box
    band = array[top:bottom, left:right]
    if band.dtype.kind == "f":
        if not (band.min() >= 0 and band.max() <= 1):  # nor is it if there is a NaN
            raise ImageError("a float array must have values from 0 to 1; scale it or convert it to uint8")
        band = np.rint(band * 255).astype(np.uint8)
    return Image.fromarray(np.ascontiguousarray(band))


def fitting_size(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    """A (width, height) scaled down so that no side is longer than `max_side`; a smaller one is itself."""
    factor = min(1.0, max_side / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def scale_to_fit(image: Image.Image, max_side: int) -> Image.Image:
    """Scale an image down so that no side is longer than `max_side`; a smaller one comes back as it is."""
    size = fitting_size(image.size, max_side)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
