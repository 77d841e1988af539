"""Reading pictures from strangers: one place, with limits checked before anything is decoded."""

from __future__ import annotations

import contextlib
import io
import os
import warnings
from collections.abc import Iterator
from typing import IO, Any

import numpy as np
from PIL import Image, ImageCms, ImageOps

from textsketch.errors import ImageError

FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF")
MAX_PIXELS = 64_000_000
MAX_SIDE = 16_384
MAX_FILE_BYTES = 128 * 2**20
_MAX_JPEG_SCANS = 200  # a progressive JPEG costs a pass over all pixels per scan
_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")
_EXIF_ORIENTATION = 0x0112
_FORMAT_NAMES = "JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF"

Source = str | os.PathLike[str] | bytes | IO[bytes] | Image.Image | np.ndarray


def read_image(source: Source, *, max_pixels: int = MAX_PIXELS, max_side: int = MAX_SIDE) -> Image.Image:
    """Read a picture as 8-bit sRGB.

    source: a path, the bytes of a file, a binary file object, a PIL image, or an array of shape
        (height, width), (height, width, 3) or (height, width, 4), uint8 in [0, 255] or float in [0, 1].
        Files are told apart by content, not by name.
    Returns a PIL image of mode RGB: upright (EXIF orientation applied), colours converted from the
    embedded ICC profile to sRGB, transparency flattened on white, 16 bits reduced to 8. An animated GIF
    gives its first frame.
    Raises ImageError if the picture is of another format, animated (other than GIF), damaged, truncated,
    or larger than `max_pixels` or `max_side`; sizes are checked from the header, before decoding.
    """
    with _one_clear_error(max_pixels):
        image = _from_source(source)
        _check_size(image.size, max_pixels, max_side)
        return _to_srgb(_load(image))


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
        reason = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise ImageError(f"the picture is damaged and cannot be decoded ({reason})") from error


def _from_source(source: Source) -> Image.Image:
    if isinstance(source, np.ndarray):
        return _from_array(source)
    return source if isinstance(source, Image.Image) else _open(source)


def _open(source: str | os.PathLike[str] | bytes | IO[bytes]) -> Image.Image:
    data = _read_bytes(source)
    if not data:
        raise ImageError("the file is empty; choose a picture")
    if data[:2] == b"\xff\xd8" and data.count(b"\xff\xda") > _MAX_JPEG_SCANS:
        raise ImageError(f"the JPEG has more than {_MAX_JPEG_SCANS} scans; save it again as a plain JPEG")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # bomb and metadata warnings: our own limits follow
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.UnidentifiedImageError:
        if data.startswith(_SIGNATURES):
            raise ImageError("the picture is damaged: its header cannot be read") from None
        raise ImageError(f"this is not a picture textsketch can read; save it as {_FORMAT_NAMES}") from None
    if image.format in ("PNG", "WEBP", "AVIF") and getattr(image, "n_frames", 1) > 1:
        raise ImageError(f"the {image.format} is animated; save the frame you want as a still picture")
    return image


def _read_bytes(source: str | os.PathLike[str] | bytes | IO[bytes]) -> bytes:
    too_large = f"the file is larger than {MAX_FILE_BYTES // 2**20} MiB; save it as JPEG and try again"
    if isinstance(source, bytes | bytearray | memoryview):
        if len(source) > MAX_FILE_BYTES:
            raise ImageError(too_large)
        return bytes(source)
    if isinstance(source, str | os.PathLike):
        path = os.fspath(source)
        if os.path.exists(path) and not os.path.isfile(path):
            raise ImageError(f"{path} is not a file; name a picture")
        try:
            with open(path, "rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ImageError(f"cannot read {path!s}: {reason}") from None
    elif hasattr(source, "read"):
        data = source.read(MAX_FILE_BYTES + 1)
        if not isinstance(data, bytes):
            raise ImageError("the file object gives text; open it in binary mode ('rb')")
    else:
        raise ImageError(
            f"cannot read a picture from {type(source).__name__}; give a path, bytes or a PIL image"
        )
    if len(data) > MAX_FILE_BYTES:
        raise ImageError(too_large)
    return data


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


def _load(image: Image.Image) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image.load()
        try:
            return ImageOps.exif_transpose(image)
        except Exception:  # damaged EXIF says nothing about orientation
            return image


def _to_srgb(image: Image.Image) -> Image.Image:
    icc_profile = image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        image = _wide_grey_to_8_bit(image)
    if image.mode in ("P", "PA") or image.has_transparency_data:
        # A palette without transparency has no use for alpha.
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    if alpha is not None:
        image = image.convert(image.mode[:-1])
    colour = _convert_colour(image, icc_profile)
    if alpha is not None:
        flat = Image.new("RGB", colour.size, (255, 255, 255))
        flat.paste(colour, mask=alpha)
        colour = flat
    colour.info = {}
    return colour


def _convert_colour(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    if image.mode == "LAB":
        profile: Any = ImageCms.createProfile("LAB")
    elif icc_profile and image.mode in ("RGB", "L", "CMYK"):
        try:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
        except (ImageCms.PyCMSError, OSError, TypeError):
            profile = None
    else:
        profile = None
    if profile is not None:
        try:
            converted = ImageCms.profileToProfile(
                image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            if converted is not None:
                return converted
        except ImageCms.PyCMSError:
            pass  # a profile of another colour model than the pixels; treat them as sRGB
    return image.convert("RGB") if image.mode != "RGB" else image.copy()


def _wide_grey_to_8_bit(image: Image.Image) -> Image.Image:
    """Reduce 16-bit (and 32-bit holding 16-bit) grey to 8 bits, keeping a transparent grey level."""
    levels = np.asarray(image)
    if image.mode == "F" or levels.min() < 0 or levels.max() > 65535:
        raise ImageError("the picture has 32-bit pixels of unknown range; save it with 8 or 16 bits")
    grey = Image.fromarray(((levels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8))
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey.putalpha(Image.fromarray(np.where(levels == transparent, 0, 255).astype(np.uint8)))
    return grey


def _from_array(array: np.ndarray) -> Image.Image:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise ImageError(
            f"an array of shape {array.shape} is no picture; give (height, width), "
            "(height, width, 3) or (height, width, 4)"
        )
    if array.dtype.kind == "f":
        if not np.isfinite(array).all() or array.min() < 0 or array.max() > 1:
            raise ImageError("a float array must have values from 0 to 1; scale it or convert it to uint8")
        array = np.rint(array * 255).astype(np.uint8)
    if array.dtype != np.uint8:
        raise ImageError(f"an array of {array.dtype} is no picture; give uint8 (0 to 255) or float (0 to 1)")
    return Image.fromarray(np.ascontiguousarray(array))


def read_size(source: Source, *, max_pixels: int = MAX_PIXELS, max_side: int = MAX_SIDE) -> tuple[int, int]:
    """Width and height in pixels of the upright picture, from the header alone. Raises ImageError."""
    with _one_clear_error(max_pixels):
        image = _from_source(source)
        _check_size(image.size, max_pixels, max_side)
        turned = (
            image.format in ("JPEG", "WEBP", "AVIF")  # in other formats getexif() would decode the pixels
            and image.getexif().get(_EXIF_ORIENTATION) in (5, 6, 7, 8)
        )
        return (image.height, image.width) if turned else image.size


def fitting_size(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    """A (width, height) scaled down so that no side is longer than `max_side`; a smaller one is itself."""
    factor = min(1.0, max_side / max(size))
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def scale_to_fit(image: Image.Image, max_side: int) -> Image.Image:
    """Scale an image down so that no side is longer than `max_side`; a smaller one comes back as it is."""
    size = fitting_size(image.size, max_side)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
