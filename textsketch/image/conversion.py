"""Decoded pixels of any kind to upright, opaque 8-bit sRGB, in bands, so that memory stays small.

The bands wait in a temporary file, in memory while it is small: what was decoded is gone before the picture is
built, and the two never stand in memory together.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any

import numpy as np
from PIL import Image, ImageCms

from textsketch.errors import ImageError

BACKGROUNDS = {"white": (255, 255, 255), "dark grey": (51, 51, 51)}
SPOOL_BYTES = 24 * 2**20
_BAND_PIXELS = 1 << 19
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DISPLAY_GAMMA = 2.2
_GAMMA_TOLERANCE = 0.05  # encoders round 1/2.2; libpng's own threshold
_SEEN_ON_WHITE = 24  # levels from white, of the channel furthest away, from which a pixel is seen on it
_LEAST_SEEN = 0.01  # share of a transparent picture's visible part

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Pixels:
    """Decoded pixels as they stand in the file.

    size: (width, height). crop: the pixels of a box (left, top, right, bottom) as a PIL image of any mode.
    orientation: EXIF's, 1 to 8. gamma: a PNG's, the exponent its samples were made with; None for sRGB.
    """

    size: tuple[int, int]
    crop: Callable[[Box], Image.Image]
    orientation: int = 1
    icc_profile: bytes | None = None
    gamma: float | None = None


@dataclass(frozen=True, eq=False)
class Converted:
    """Upright sRGB pixels, waiting to be built into a picture.

    mode: RGB or RGBA. background: of `BACKGROUNDS`, None if nothing shines through.
    """

    size: tuple[int, int]
    mode: str
    bands: IO[bytes]
    background: str | None

    def picture(self) -> Image.Image:
        """The RGB picture; to be asked for once."""
        width = self.size[0]
        out = Image.new("RGB", self.size)
        with self.bands as bands:
            bands.seek(0)
            for top, bottom in _bands(self.size):
                data = bands.read(len(self.mode) * width * (bottom - top))
                band = Image.frombytes(self.mode, (width, bottom - top), data)
                if self.mode == "RGBA":
                    band = _flattened(band, BACKGROUNDS[self.background or "white"])
                out.paste(band, (0, top))
        return out


def convert(pixels: Pixels) -> Converted:
    """Turn, convert and gather the pixels. Raises ImageError where their range is unknown."""
    width, height = upright_size(pixels.size, pixels.orientation)
    to_srgb = _ToSrgb(pixels.icc_profile, pixels.gamma)
    glass = _Glass()
    mode = "RGB"
    bands = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115  closed by whoever reads it
    try:
        for top, bottom in _bands((width, height)):
            band = to_srgb(_upright(pixels, (width, height), top, bottom))
            mode = band.mode
            if mode == "RGBA":
                glass.look(band)
            bands.write(band.tobytes())
    except BaseException:
        bands.close()
        raise
    return Converted((width, height), mode, bands, glass.background())


def upright_size(size: tuple[int, int], orientation: int) -> tuple[int, int]:
    """The (width, height) of a stored size once it is turned."""
    return (size[1], size[0]) if orientation >= 5 else size


def _bands(size: tuple[int, int]) -> list[tuple[int, int]]:
    rows = max(1, _BAND_PIXELS // size[0])
    return [(top, min(size[1], top + rows)) for top in range(0, size[1], rows)]


def _upright(pixels: Pixels, size: tuple[int, int], top: int, bottom: int) -> Image.Image:
    """The rows from `top` to `bottom` of the upright picture of `size`."""
    width, height = size
    box = {
        3: (0, height - bottom, width, height - top),
        4: (0, height - bottom, width, height - top),
        5: (top, 0, bottom, width),
        6: (top, 0, bottom, width),
        7: (height - bottom, 0, height - top, width),
        8: (height - bottom, 0, height - top, width),
    }.get(pixels.orientation, (0, top, width, bottom))
    band = pixels.crop(box)
    return band.transpose(_TURNS[pixels.orientation]) if pixels.orientation in _TURNS else band


class _ToSrgb:
    """Converts bands of one picture to RGB, or RGBA where it may be transparent."""

    def __init__(self, icc_profile: bytes | None, gamma: float | None) -> None:
        self._icc_profile = icc_profile
        exponent = 1.0 if gamma is None or icc_profile else 1 / (_DISPLAY_GAMMA * gamma)
        self._exponent = exponent if abs(exponent - 1) > _GAMMA_TOLERANCE else 1.0
        self._transforms: dict[str, ImageCms.ImageCmsTransform | None] = {}

    def __call__(self, image: Image.Image) -> Image.Image:
        exponent = self._exponent
        if image.mode.startswith("I") or image.mode == "F":
            image, exponent = _wide_grey_to_8_bit(image, exponent), 1.0
        if image.mode == "La":
            image = image.convert("LA")
        if image.mode in ("P", "PA") or image.has_transparency_data:
            # A palette without transparency has no use for alpha.
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
        alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
        if alpha is not None:
            image = image.convert(image.mode[:-1])
        image = self._colours(image)
        if exponent != 1.0:
            image = image.point(list(_levels(256, exponent)) * 3)
        if alpha is not None:
            image.putalpha(alpha)
        return image

    def _colours(self, image: Image.Image) -> Image.Image:
        mode = image.mode
        if mode not in self._transforms:
            self._transforms[mode] = self._transform(mode)
        transform = self._transforms[mode]
        if transform is not None:
            return transform.apply(image)
        return image.convert("RGB") if mode != "RGB" else image

    def _transform(self, mode: str) -> ImageCms.ImageCmsTransform | None:
        try:
            if mode == "LAB":
                profile: Any = ImageCms.createProfile("LAB")
            elif self._icc_profile and mode in ("RGB", "L", "CMYK"):
                profile = ImageCms.ImageCmsProfile(io.BytesIO(self._icc_profile))
            else:
                return None
            return ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")
        except (ImageCms.PyCMSError, OSError, TypeError):
            return None  # damaged, or of another colour model than the pixels: they are taken as sRGB


class _Glass:
    """Looks at the bands of a picture that may be transparent, and chooses what to lay behind it."""

    def __init__(self) -> None:
        self._transparent = False
        self._visible = self._seen = 0

    def look(self, band: Image.Image) -> None:
        """Weigh each pixel by its alpha: how much is visible, and how much of that would be seen on white."""
        pixels = np.asarray(band)
        alpha = pixels[..., 3]
        from_white = (255 - pixels[..., :3].min(axis=2)).astype(np.uint16) * alpha
        self._transparent = self._transparent or int(alpha.min()) < 255
        self._visible += int(alpha.sum(dtype=np.int64))
        self._seen += int(alpha[from_white >= _SEEN_ON_WHITE * 255].sum(dtype=np.int64))

    def background(self) -> str | None:
        """White, or dark grey where next to nothing would be seen on white; None if nothing shines through."""
        if not self._transparent:
            return None
        return "dark grey" if self._visible and self._seen < _LEAST_SEEN * self._visible else "white"


def _flattened(band: Image.Image, background: tuple[int, int, int]) -> Image.Image:
    flat = Image.new("RGB", band.size, background)
    flat.paste(band.convert("RGB"), mask=band.getchannel("A"))
    return flat


@lru_cache(4)
def _levels(count: int, exponent: float) -> np.ndarray:
    """What each of `count` levels becomes in 8 bits."""
    return np.rint(255 * (np.arange(count) / (count - 1)) ** exponent).astype(np.uint8)


def _wide_grey_to_8_bit(image: Image.Image, exponent: float) -> Image.Image:
    """Reduce 16-bit (and 32-bit holding 16-bit) grey to 8 bits, keeping a transparent grey level."""
    levels = np.asarray(image)
    if image.mode == "F" or levels.min() < 0 or levels.max() > 65535:
        raise ImageError("the picture has 32-bit pixels of unknown range; save it with 8 or 16 bits")
    grey = Image.fromarray(_levels(65536, exponent)[levels])
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        grey.putalpha(Image.fromarray(np.where(levels == transparent, 0, 255).astype(np.uint8)))
    return grey
