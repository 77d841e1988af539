"""JPEG XL by libjxl, through pillow-jxl-plugin."""

from __future__ import annotations

from functools import partial

from PIL import Image

from textsketch.measure.baselines.format import Format, open_with_pillow, save_with_pillow
from textsketch.models import weights


def _save(image: Image.Image, level: int) -> bytes:
    import pillow_jxl  # noqa: F401  registers the format with Pillow

    return save_with_pillow(image, "JXL", quality=level, effort=7, num_threads=1)


def _load(data: bytes) -> Image.Image:
    import pillow_jxl  # noqa: F401  registers the format with Pillow

    return open_with_pillow(data)


def _version() -> str:
    from importlib.metadata import version

    return f"libjxl (pillow-jxl-plugin {version('pillow-jxl-plugin')})"


JPEG_XL = Format(
    name="jpegxl",
    title="JPEG XL",
    extension="jxl",
    levels=100,
    save=_save,
    describe=lambda level: f"quality {level}",
    version=_version,
    load=_load,
    unavailable=partial(weights.unavailable, "JPEG XL", [], ["pillow_jxl"]),
)
