"""JPEG, WebP, AVIF and JPEG 2000 as Pillow writes them, each by the library Pillow brings along."""

from __future__ import annotations

import math
from collections.abc import Callable

from PIL import Image, features

from textsketch.measure.baselines.format import Format, save_with_pillow

_JPEG2000_STEPS = 64
_SEQUENTIAL_MAX_PIXELS = 65_536  # below this the headers of progressive scans can cost more than they save


def _save_jpeg(image: Image.Image, level: int) -> bytes:
    options = {"quality": level + 1, "optimize": True, "subsampling": "4:2:0"}
    progressive = save_with_pillow(image, "JPEG", progressive=True, **options)
    if image.width * image.height > _SEQUENTIAL_MAX_PIXELS:
        return progressive
    return min(progressive, save_with_pillow(image, "JPEG", progressive=False, **options), key=len)


def _jpeg2000_ratio(level: int) -> float:
    return 2000 ** (1 - level / (_JPEG2000_STEPS - 1))


def _save_jpeg2000(image: Image.Image, level: int) -> bytes:
    return save_with_pillow(
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


JPEG = Format(
    name="jpeg",
    title="JPEG",
    extension="jpg",
    levels=95,
    save=_save_jpeg,
    describe=lambda level: f"quality {level + 1}",
    version=_jpeg_library,
    charted=True,
)
WEBP = Format(
    name="webp",
    title="WebP",
    extension="webp",
    levels=101,
    save=lambda image, level: save_with_pillow(image, "WEBP", quality=level, method=4),
    describe=lambda level: f"quality {level}",
    version=_library("libwebp", "webp"),
    charted=True,
)
AVIF = Format(
    name="avif",
    title="AVIF",
    extension="avif",
    levels=101,
    save=lambda image, level: save_with_pillow(image, "AVIF", quality=level, speed=6, max_threads=1),
    describe=lambda level: f"quality {level}",
    version=_library("libavif", "avif"),
    charted=True,
)
JPEG_2000 = Format(
    name="jpeg2000",
    title="JPEG 2000",
    extension="j2k",
    levels=_JPEG2000_STEPS,
    save=_save_jpeg2000,
    describe=lambda level: f"ratio {_jpeg2000_ratio(level):.0f}:1",
    version=_library("OpenJPEG", "jpg_2000"),
)
