"""The formats baselines are written in: for each, how to save and load a picture at a level of quality."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, features

from textsketch.measure.baselines import learned_codec, vvc
from textsketch.models import weights

_JPEG2000_STEPS = 64
_SEQUENTIAL_MAX_PIXELS = 65_536  # below this the headers of progressive scans can cost more than they save


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


@dataclass(frozen=True)
class Format:
    """A format and its scale of quality.

    levels: their number; save(image, level) takes an RGB picture and a level from 0 (smallest file) to
    levels - 1. load(data) gives the RGB picture back. describe(level) says for people what a level is.
    version() names the encoder. unavailable() is the sentence that says what is missing here, or None.
    even: whether widths and heights have to be even.
    """

    title: str
    extension: str
    levels: int
    save: Callable[[Image.Image, int], bytes]
    describe: Callable[[int], str]
    version: Callable[[], str]
    load: Callable[[bytes], Image.Image] = _open
    unavailable: Callable[[], str | None] = lambda: None
    even: bool = False


def _save(image: Image.Image, format_name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def _save_jpeg(image: Image.Image, level: int) -> bytes:
    options = {"quality": level + 1, "optimize": True, "subsampling": "4:2:0"}
    progressive = _save(image, "JPEG", progressive=True, **options)
    if image.width * image.height > _SEQUENTIAL_MAX_PIXELS:
        return progressive
    return min(progressive, _save(image, "JPEG", progressive=False, **options), key=len)


def _jpeg2000_ratio(level: int) -> float:
    return 2000 ** (1 - level / (_JPEG2000_STEPS - 1))


def _save_jpeg2000(image: Image.Image, level: int) -> bytes:
    return _save(
        image,
        "JPEG2000",
        no_jp2=True,
        irreversible=True,
        mct=1,
        quality_mode="rates",
        quality_layers=[_jpeg2000_ratio(level)],
        num_resolutions=max(1, min(6, int(math.log2(min(image.size))) + 1)),
    )


def _library(name: str, feature: str) -> Callable[[], str]:
    return lambda: f"{name} {features.version(feature) or ''}".strip()


def _jpeg_library() -> str:
    turbo = features.version_feature("libjpeg_turbo")
    return f"libjpeg-turbo {turbo}" if turbo else f"libjpeg {features.version('jpg')}"


def _jxl_unavailable() -> str | None:
    return weights.unavailable("JPEG XL", [], ["pillow_jxl"])


def _save_jxl(image: Image.Image, level: int) -> bytes:
    import pillow_jxl  # noqa: F401  registers the format with Pillow

    return _save(image, "JXL", quality=level, effort=7, num_threads=1)


def _load_jxl(data: bytes) -> Image.Image:
    import pillow_jxl  # noqa: F401  registers the format with Pillow

    return _open(data)


def _jxl_version() -> str:
    from importlib.metadata import version

    return f"libjxl (pillow-jxl-plugin {version('pillow-jxl-plugin')})"


def _quality(level: int) -> str:
    return f"quality {level}"


FORMATS = {
    "jpeg": Format("JPEG", "jpg", 95, _save_jpeg, lambda level: _quality(level + 1), _jpeg_library),
    "webp": Format(
        "WebP",
        "webp",
        101,
        lambda image, level: _save(image, "WEBP", quality=level, method=4),
        _quality,
        _library("libwebp", "webp"),
    ),
    "avif": Format(
        "AVIF",
        "avif",
        101,
        lambda image, level: _save(image, "AVIF", quality=level, speed=6, max_threads=1),
        _quality,
        _library("libavif", "avif"),
    ),
    "jpeg2000": Format(
        "JPEG 2000",
        "j2k",
        _JPEG2000_STEPS,
        _save_jpeg2000,
        lambda level: f"ratio {_jpeg2000_ratio(level):.0f}:1",
        _library("OpenJPEG", "jpg_2000"),
    ),
    "jpegxl": Format("JPEG XL", "jxl", 100, _save_jxl, _quality, _jxl_version, _load_jxl, _jxl_unavailable),
    "vvc": Format(
        "VVC", "266", vvc.LEVELS, vvc.save, vvc.describe, vvc.version, vvc.load, vvc.unavailable, even=True
    ),
    "compressai": Format(
        learned_codec.TITLE,
        "ntc",
        learned_codec.LEVELS,
        learned_codec.save,
        learned_codec.describe,
        learned_codec.version,
        learned_codec.load,
        learned_codec.unavailable,
    ),
}
NAMES = tuple(FORMATS)
TITLES = {name: found.title for name, found in FORMATS.items()}
