"""Other codecs at the size of a .tsk file: the best file they can offer within the bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from textsketch.errors import TextsketchError
from textsketch.measure.baselines.table import FORMATS
from textsketch.measure.metrics.pixels import psnr_db

_MIN_LONG_SIDE = 8


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


def best_within(picture: Image.Image, size_bytes: int, codec: str = "jpeg") -> Baseline:
    """Find the file of at most `size_bytes` that comes nearest to `picture` (PSNR), over scale and quality.

    picture: RGB. codec: a name of `baselines.table.FORMATS`. Raises TextsketchError, saying what to install,
    if the codec is not available. See `Search` for how.
    """
    return Search(picture, codec).best_within(size_bytes)


class Search:
    """Finds the best files of one codec for one picture, at several sizes without saving any file twice.

    At each scale (full size, then smaller by the square root of 2) the highest quality that fits is taken; a
    smaller picture is enlarged back with a Lanczos filter; the nearest to the original (PSNR) wins. JPEG has
    optimised Huffman tables, 4:2:0 chroma, and is progressive unless sequential is smaller. Where nothing
    fits, the smallest file of all scales is returned, with `fits` False.
    """

    def __init__(self, picture: Image.Image, codec: str) -> None:
        self._format = FORMATS[codec]
        reason = self._format.unavailable()
        if reason is not None:
            raise TextsketchError(reason)
        self.picture, self.codec = picture, codec
        self._scales = tuple(dict.fromkeys(_scales(picture.size, self._format.even)))
        self._sizes: dict[tuple[tuple[int, int], int], int] = {}
        self._found: dict[tuple[tuple[int, int], int], tuple[bytes, float]] = {}

    def best_within(self, size_bytes: int) -> Baseline:
        """The best file of at most `size_bytes`."""
        best: tuple[float, tuple[int, int], int] | None = None
        misses = 0
        for scale in self._scales:
            if self._size(scale, 0) > size_bytes:
                continue
            level = self._highest_level(scale, size_bytes)
            quality = self._file(scale, level)[1]
            if best is None or quality > best[0]:
                best, misses = (quality, scale, level), 0
            else:
                misses += 1
                if misses == 2:  # quality over scale has one peak
                    break
        if best is not None:
            return self._baseline(best[1], best[2], size_bytes)
        smallest = min(self._scales, key=lambda scale: self._size(scale, 0))
        return self._baseline(smallest, 0, size_bytes)

    def _save(self, scale: tuple[int, int], level: int) -> bytes:
        return self._format.save(_resized(self.picture, scale), level)

    def _size(self, scale: tuple[int, int], level: int) -> int:
        if (scale, level) not in self._sizes:
            self._sizes[scale, level] = len(self._save(scale, level))
        return self._sizes[scale, level]

    def _highest_level(self, scale: tuple[int, int], size_bytes: int) -> int:
        fits, too_large = 0, self._format.levels
        while too_large - fits > 1:
            middle = (fits + too_large) // 2
            if self._size(scale, middle) <= size_bytes:
                fits = middle
            else:
                too_large = middle
        return fits

    def _file(self, scale: tuple[int, int], level: int) -> tuple[bytes, float]:
        if (scale, level) not in self._found:
            data = self._save(scale, level)
            self._found[scale, level] = data, psnr_db(self.picture, show(self.codec, data, self.picture.size))
        return self._found[scale, level]

    def _baseline(self, scale: tuple[int, int], level: int, size_bytes: int) -> Baseline:
        data = self._file(scale, level)[0]
        parts = [self._format.describe(level)]
        if scale != self.picture.size:
            parts = [f"{scale[0]}x{scale[1]} px", *parts, "enlarged"]
        fits = len(data) <= size_bytes
        if not fits:
            times = len(data) / size_bytes
            digits = 0 if times >= 10 else 1 if times >= 1.1 else 2
            parts.append(f"{times:.{digits}f} times larger")
        label = ", ".join(parts)
        if not fits:
            label = f"no {self._format.title} is this small; the smallest is {label}"
        image = show(self.codec, data, self.picture.size)
        return Baseline(self.codec, data, image, label, fits, self._format.extension)


def show(codec: str, data: bytes, size: tuple[int, int]) -> Image.Image:
    """Decode a baseline's file, enlarged (Lanczos) to `size` = (width, height) if it is smaller."""
    return _resized(FORMATS[codec].load(data), size)


def _resized(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def _scales(size: tuple[int, int], even: bool) -> Iterator[tuple[int, int]]:
    for step in range(32):
        width, height = (max(1, round(side * 2 ** (-step / 2))) for side in size)
        if even:
            width, height = max(8, width + width % 2), max(8, height + height % 2)
        if step and max(width, height) < _MIN_LONG_SIDE:
            return
        yield width, height
        if even and max(width, height) == _MIN_LONG_SIDE:
            return
