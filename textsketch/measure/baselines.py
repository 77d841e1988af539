"""Common image formats at the size of a .tsk file: the best file they can offer within the bytes."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from .metrics import psnr_db

_MIN_LONG_SIDE = 8
_JPEG2000_STEPS = 64
_SEQUENTIAL_MAX_PIXELS = 65_536  # below this the headers of progressive scans can cost more than they save


@dataclass(frozen=True, eq=False)
class Baseline:
    """The best file of a format within a size, or its smallest file where none is small enough.

    data: the file. image: what it decodes to, enlarged to the original size. label: what it is, for
    people ("96x64 px, quality 43, enlarged"). fits: whether `data` is within the size asked for.
    """

    codec: str
    data: bytes
    image: Image.Image
    label: str
    fits: bool
    extension: str

    @property
    def size_bytes(self) -> int:
        """Size of the file in bytes."""
        return len(self.data)


@dataclass(frozen=True)
class _Codec:
    """A format and its quality scale: `save` takes a level, from 0 (smallest file) to `levels` - 1."""

    extension: str
    levels: int
    save: Callable[[Image.Image, int], bytes]
    describe: Callable[[int], str]


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


_CODECS = {
    "jpeg": _Codec(
        "jpg",
        95,
        _save_jpeg,
        lambda level: f"quality {level + 1}",
    ),
    "webp": _Codec(
        "webp",
        101,
        lambda image, level: _save(image, "WEBP", quality=level, method=4),
        lambda level: f"quality {level}",
    ),
    "avif": _Codec(
        "avif",
        101,
        lambda image, level: _save(image, "AVIF", quality=level, speed=6, max_threads=1),
        lambda level: f"quality {level}",
    ),
    "jpeg2000": _Codec(
        "j2k",
        _JPEG2000_STEPS,
        lambda image, level: _save(
            image,
            "JPEG2000",
            no_jp2=True,
            irreversible=True,
            mct=1,
            quality_mode="rates",
            quality_layers=[_jpeg2000_ratio(level)],
            num_resolutions=max(1, min(6, int(math.log2(min(image.size))) + 1)),
        ),
        lambda level: f"ratio {_jpeg2000_ratio(level):.0f}:1",
    ),
}
NAMES = tuple(_CODECS)
TITLES = {"jpeg": "JPEG", "webp": "WebP", "avif": "AVIF", "jpeg2000": "JPEG 2000"}


def best_within(picture: Image.Image, size_bytes: int, codec: str = "jpeg") -> Baseline:
    """Find the file of at most `size_bytes` that comes nearest to `picture` (PSNR), over scale and quality.

    picture: RGB. codec: one of `NAMES`. At each scale (full size, then smaller by the square root of 2) the
    highest quality that fits is taken; a smaller picture is enlarged back with a Lanczos filter. JPEG has
    optimised Huffman tables, 4:2:0 chroma, and is progressive unless sequential is smaller. Where nothing
    fits, the smallest file of all scales is returned, with `fits` False.
    """
    settings = _CODECS[codec]
    best: tuple[float, Baseline] | None = None
    smallest: tuple[bytes, Image.Image, int] | None = None
    misses = 0
    for scaled in _scales(picture):
        lowest = settings.save(scaled, 0)
        if len(lowest) > size_bytes:
            if smallest is None or len(lowest) < len(smallest[0]):
                smallest = (lowest, scaled, 0)
            continue
        level, data = _highest_level(settings, scaled, size_bytes, lowest)
        found = _baseline(codec, data, scaled, level, picture.size, size_bytes)
        quality = psnr_db(picture, found.image)
        if best is None or quality > best[0]:
            best, misses = (quality, found), 0
        else:
            misses += 1
            if misses == 2:  # quality over scale has one peak
                break
    if best is not None:
        return best[1]
    assert smallest is not None
    data, scaled, level = smallest
    return _baseline(codec, data, scaled, level, picture.size, size_bytes)


def _scales(picture: Image.Image):
    width, height = picture.size
    seen = set()
    for step in range(32):
        scale = 2 ** (-step / 2)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        if step and max(size) < _MIN_LONG_SIDE:
            return
        if size not in seen:
            seen.add(size)
            yield picture if step == 0 else picture.resize(size, Image.Resampling.LANCZOS)


def _highest_level(settings: _Codec, image: Image.Image, size_bytes: int, lowest: bytes) -> tuple[int, bytes]:
    fits, data, too_large = 0, lowest, settings.levels
    while too_large - fits > 1:
        middle = (fits + too_large) // 2
        candidate = settings.save(image, middle)
        if len(candidate) <= size_bytes:
            fits, data = middle, candidate
        else:
            too_large = middle
    return fits, data


def _baseline(
    codec: str, data: bytes, scaled: Image.Image, level: int, size: tuple[int, int], size_bytes: int
) -> Baseline:
    image = Image.open(io.BytesIO(data)).convert("RGB")
    parts = [_CODECS[codec].describe(level)]
    if scaled.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
        parts = [f"{scaled.width}x{scaled.height} px", *parts, "enlarged"]
    fits = len(data) <= size_bytes
    if not fits:
        times = len(data) / size_bytes
        digits = 0 if times >= 10 else 1 if times >= 1.1 else 2
        parts.append(f"{times:.{digits}f} times larger")
    label = ", ".join(parts)
    if not fits:
        label = f"no {TITLES[codec]} is this small; the smallest is {label}"
    return Baseline(codec, data, image, label, fits, _CODECS[codec].extension)
