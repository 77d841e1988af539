"""What a painting is worth beside the picture, for each of the brush's networks: the lower the better."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional
from torchvision.transforms.functional import InterpolationMode, center_crop, gaussian_blur, rotate

from textsketch.image.colour_space import to_ycbcr
from textsketch.render.painter import brush
from textsketch.render.painter.brush_inputs import CELL, GRAIN_SPAN
from training.brush.features import distance

Features = Callable[[torch.Tensor], list[torch.Tensor]]


class Networks(NamedTuple):
    """What guides the training, see `features`."""

    letters: Features
    scenes: Features


_COMPARED = 128
"""Pixels along a side of the part of a patch whose features are compared, which is much of a step's work."""
_SPREAD_CELLS = 9
_FINE_PIXELS, _STREAK_PIXELS = 9, 17
_REPEATING_PIXELS, _NEAREST, _FARTHEST = 48, 6, 20
_SQUARE_PIXELS = 32
_SEEN_POWER = 1e-2
"""Of a wave in a square of pixels from 0 to 1: about a level's noise."""
_FAVOURITES_PIXELS = 96
_WAVE, _WAVES_LIKE_IT, _STANDS_OUT = 3, 17, 0.4
"""Entries of a square's spectrum along a side that are one wave, and like it; and what stands out of those,
in units of e."""
_SPARED_DB = 0.05
"""A painting is to be nearer to its picture than the plain one by this much; it costs more where it is not."""
_SEEN_ERROR = 1e-4
"""Of a mean squared error, 0 to 1, what is not seen."""
_NO_LEVEL = 1e-6
"""Of a mean square of levels: a root of nothing at all has no derivative."""
_YCBCR = (to_ycbcr(255 * np.eye(3, dtype=np.float32)[None]) - to_ycbcr(np.zeros((1, 3, 3))))[:, 0] / 255
"""What red, green and blue count in each plane: (planes, colours)."""


def of_sketches(
    painted: torch.Tensor,
    given: torch.Tensor,
    original: torch.Tensor,
    grain: torch.Tensor,
    networks: Networks,
    part: int,
) -> dict[str, torch.Tensor]:
    """Parts of the loss of (batch, 3, height, width) RGB, 0 to 1; they are seen with `grain` on top.

    given: what the network was given. grain: (batch, 1, height, width). Structure and features are judged
    without detail below two pixels.
    """
    from piq import haarpsi
    from pytorch_msssim import ms_ssim

    half, wanted = functional.avg_pool2d(painted, 2), functional.avg_pool2d(original, 2)
    shown = (painted + grain).clamp(0, 1)
    corner = slice(None), slice(None), *_corner(half, part)
    return {
        "error": (painted - original).abs().mean() + 3 * (painted - original).square().mean(),
        "structure": 0.25 * (1 - ms_ssim(half.clamp(0, 1), wanted, data_range=1.0, win_size=7)),
        "haar": 0.25 * (1 - haarpsi(shown, original)),
        "features": 0.15 * _apart(networks.letters, half[corner], wanted[corner]),
        "pattern": 2 * _pattern(painted, original),
    }


def of_paintings(
    painted: torch.Tensor,
    given: torch.Tensor,
    original: torch.Tensor,
    grain: torch.Tensor,
    networks: Networks,
    part: int,
) -> dict[str, torch.Tensor]:
    """The same of paintings, judged as `brush.sharpen` shows them."""
    from piq import gmsd, haarpsi
    from pytorch_msssim import ssim

    plain = plainly(given)
    sharp = sharpened(painted, given)
    shown, before = ((one + grain).clamp(0, 1) for one in (sharp, plain))
    corner = slice(None), slice(None), *_corner(painted, part)
    # A gradient of nothing at all has no derivative.
    generator = torch.Generator(shown.device).manual_seed(part)
    noise = torch.rand(shown.shape, generator=generator, device=shown.device)
    farther_db = _error_db(shown, original) - _error_db(before, original)
    return {
        "error": 0.15 * (sharp - original).abs().mean(),
        "farther": 0.8 * functional.relu(farther_db + _SPARED_DB).mean(),
        "structure": 5.5 * (1 - ssim(shown, original, data_range=1.0)),
        "haar": 1.4 * (1 - haarpsi(shown, original)) + 1.5 * (1 - haarpsi(*_turned(shown, original, part))),
        "gradients": 0.4 * gmsd(*(0.99 * one + 0.01 * noise for one in (shown, original))),
        "letters": 0.3 * _apart(networks.letters, shown[corner], original[corner]),
        "scenes": 7.5 * _apart(networks.scenes, shown, original),
        "pattern": 1.5 * _pattern(painted, original),
        "weave": 5.0 * _weave(sharp, original),
        "favourites": 2.0 * _favourites(sharp - plain, original - plain),
        "spectrum": 0.1 * _spectrum(shown, original),
        "repeats": 3.0 * functional.relu(_repeats(shown) - _repeats(original)).mean(),
    }


def plainly(given: torch.Tensor) -> torch.Tensor:
    """The plain painting in a sharpening network's inputs: (batch, 3, height, width) RGB, 0 to 1."""
    return functional.pixel_shuffle(given[:, : 3 * CELL**2], CELL)


def sharpened(painted: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """What `brush.sharpen` makes of what the network painted in a picture of 512 pixels or more."""
    plain, index = plainly(given), 64 * given[:, -3]
    weights, inverse = _colour_spaces(plain.device)
    changed = torch.einsum("pc,bchw->bphw", weights, painted.clamp(0, 1) - plain)
    cells = functional.pixel_unshuffle(changed, CELL).unflatten(1, (3, CELL**2))
    means = cells.mean(2, keepdim=True)
    alike = functional.pixel_shuffle(_blurred((cells - means).flatten(1, 2), brush.ALIKE), CELL)
    shift = functional.interpolate(
        _blurred(means[:, :, 0], brush.SHIFT), scale_factor=CELL, mode="bilinear", align_corners=False
    )
    luma = torch.einsum("c,bchw->bhw", weights[0], plain)[:, None]
    slopes = _slopes(luma)
    changed = changed - alike - shift
    changed = torch.cat([changed[:, :1], _blurred(changed[:, 1:], brush.COLOUR_SPREAD)], 1)
    changed = changed - _threads(changed, *slopes)
    changed = torch.cat([changed[:, :1] - _hatching(changed[:, :1], *slopes), changed[:, 1:]], 1)
    changed = changed - _speckle(changed, luma, *slopes, 2 ** (index / 8))
    changed = functional.softshrink(changed, brush.ROUGHNESS / 255)
    ramps = [
        (high - low) * ((index - first) / (last - first)).clamp(0, 1)
        for (first, low), (last, high) in pairwise(brush.SHARES)
    ]
    bare = _bare(luma, given)
    share = torch.stack(ramps).sum(0)[:, None] * (1 - bare)
    share = functional.interpolate(share, scale_factor=CELL, mode="bilinear", align_corners=False)
    return plain + torch.einsum("cp,bphw->bchw", inverse, share * changed)


def _slopes(luma: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Of (batch, 1, height, width), a pixel down and across."""
    around = functional.pad(luma, (1, 1, 1, 1), mode="replicate")
    return (
        (around[..., 2:, 1:-1] - around[..., :-2, 1:-1]) / 2,
        (around[..., 1:-1, 2:] - around[..., 1:-1, :-2]) / 2,
    )


def _mean(pixels: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """Of so many pixels around each, the border repeated."""
    sides = (columns // 2, columns // 2, rows // 2, rows // 2)
    return functional.avg_pool2d(functional.pad(pixels, sides, mode="replicate"), (rows, columns), 1)


def _around(pixels: torch.Tensor) -> torch.Tensor:
    """Means of cells as threads, contours and speckle are seen beside the painting."""
    return _blurred(functional.avg_pool2d(pixels, CELL), brush.WOVEN_SPREAD)


def _threads(changed: torch.Tensor, down: torch.Tensor, across: torch.Tensor) -> torch.Tensor:
    """What `brush.sharpen` takes out as woven, of changes of planes, (batch, 3, height, width) and 0 to 1."""

    def levels(pixels: torch.Tensor, spread: float = brush.WOVEN_SPREAD) -> torch.Tensor:
        power = _blurred(functional.avg_pool2d((255 * pixels).square(), CELL), spread)
        return (power + _NO_LEVEL).sqrt()

    fine = changed - _mean(changed, brush.FINE_PIXELS, brush.FINE_PIXELS)
    found, (first, last), (among, alone) = torch.zeros_like(changed), brush.WOVEN, brush.ALONE
    for slope, along in ((down, (1, brush.THREAD_PIXELS)), (across, (brush.THREAD_PIXELS, 1))):
        threads = _mean(fine, *along)
        strength, farther = levels(threads[:, :1]), levels(threads[:, :1], brush.ALONE_SPREAD)
        woven = ((strength / (levels(slope) + brush.EVEN) - first) / (last - first)).clamp(0, 1)
        woven = woven * ((alone - strength / (farther + brush.EVEN)) / (alone - among)).clamp(0, 1)
        found = found + threads * functional.interpolate(
            woven, scale_factor=CELL, mode="bilinear", align_corners=False
        )
    return found


def _hatching(changed: torch.Tensor, down: torch.Tensor, across: torch.Tensor) -> torch.Tensor:
    """What it takes out of changes of luma, (batch, 1, height, width), along straight contours."""

    steep, level, both = (255**2 * _around(each) for each in (across.square(), down.square(), down * across))
    upright, falling = steep - level, 2 * both
    square = upright.square() + falling.square()
    first, last = brush.STRAIGHT
    straight = (((square + _NO_LEVEL).sqrt() / (steep + level + 1) - first) / (last - first)).clamp(0, 1)
    side = brush.ALONG_DIAGONAL
    diagonal = torch.eye(side, device=changed.device)[None, None] / side
    beside = functional.pad(changed, (side // 2,) * 4, mode="replicate")
    found = torch.zeros_like(changed)
    for along, mean in (
        (-upright, _mean(changed, 1, brush.ALONG_PIXELS)),
        (upright, _mean(changed, brush.ALONG_PIXELS, 1)),
        (-falling, functional.conv2d(beside, diagonal)),
        (falling, functional.conv2d(beside, diagonal.flip(2))),
    ):
        share = straight * along.clamp(min=0).square() / (square + _NO_LEVEL)
        share = functional.interpolate(share, scale_factor=CELL, mode="bilinear", align_corners=False)
        found = found + share * (changed - mean)
    return found


def _speckle(
    changed: torch.Tensor,
    luma: torch.Tensor,
    down: torch.Tensor,
    across: torch.Tensor,
    step_levels: torch.Tensor,
) -> torch.Tensor:
    """What it takes out of changes of planes as more than a painting bears.

    changed: (batch, 3, height, width), 0 to 1; luma and its slopes: of the painting.
    step_levels: (batch, rows, columns) of cells.
    """

    def levels(power: torch.Tensor) -> torch.Tensor:
        return (255**2 * _around(power) + _NO_LEVEL).sqrt()

    fine = changed - _mean(changed, brush.FINE_PIXELS, brush.FINE_PIXELS)
    (even, a_slope), (least, a_step), (first, last) = brush.BORNE, brush.STEP_BORNE, brush.DIM
    bright = ((255 * _around(luma) - 128 - first) / (last - first)).clamp(0, 1)
    most = even * bright + a_slope * levels(down.square() + across.square())
    most = most.minimum(least + a_step * step_levels[:, None])
    over = (1 - most / levels(fine[:, :1].square())).clamp(min=0)
    return fine * functional.interpolate(over, scale_factor=CELL, mode="bilinear", align_corners=False)


def _bare(luma: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """Where the grain that was `given` will lie on a painting without contours: (batch, 1, rows, columns)."""
    grain = (given[:, 4 * CELL**2 : 5 * CELL**2] - 0.5) * GRAIN_SPAN
    cells = 255 * functional.pixel_unshuffle(luma, CELL)
    around = [one.mean(1, keepdim=True) for one in (cells, cells.square(), grain.square())]
    mean, square, power = (_blurred(one, brush.BARE_SPREAD) for one in around)
    contrast = (square - mean.square()).clamp(min=0).sqrt()
    first, last = brush.BARE
    return ((power.sqrt() / (contrast + 0.5) - first) / (last - first)).clamp(0, 1)


@cache
def _colour_spaces(device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """(planes, colours) and back."""
    whole = torch.from_numpy(_YCBCR).float()
    return whole.to(device), torch.linalg.inv(whole).to(device)


def _blurred(cells: torch.Tensor, deviation: float) -> torch.Tensor:
    """As OpenCV blurs floating point: eight deviations wide."""
    return gaussian_blur(cells, round(8 * deviation + 1) | 1, deviation)


def _error_db(shown: torch.Tensor, original: torch.Tensor) -> torch.Tensor:
    """Mean squared error of each picture in decibels, (batch,)."""
    return 10 * torch.log10((shown - original).square().mean((1, 2, 3)) + _SEEN_ERROR)


def _pattern(painted: torch.Tensor, original: torch.Tensor) -> torch.Tensor:
    """How far what is the same in every cell around, the network's own pattern, differs from the picture."""
    apart = functional.pixel_unshuffle(painted - original, CELL).unflatten(1, (3, CELL**2))
    apart = (apart - apart.mean(2, keepdim=True)).flatten(1, 2)
    return functional.avg_pool2d(apart, _SPREAD_CELLS, stride=2).abs().mean()


def _weave(shown: torch.Tensor, original: torch.Tensor) -> torch.Tensor:
    """How far fine streaks along rows and columns, of which a painting is soon woven, are not the picture's."""
    apart = shown - original
    apart = apart - functional.avg_pool2d(apart, _FINE_PIXELS, 1, _FINE_PIXELS // 2)
    along = (_STREAK_PIXELS, 1), (1, _STREAK_PIXELS)
    return torch.stack([functional.avg_pool2d(apart, each, 1).abs().mean() for each in along]).mean()


def _spectrum(shown: torch.Tensor, original: torch.Tensor) -> torch.Tensor:
    """How far what waves a surface is made of differ: one that repeats itself is made of few.

    The power of each wave in overlapping squares, with its neighbours', in units of e.
    """
    waves = []
    for one in (shown, original):
        power = torch.fft.rfft2(_squares(one.mean(1), _SQUARE_PIXELS).flatten(0, 1)).abs().square()
        waves.append((functional.avg_pool2d(power[:, None], 3, 1) + _SEEN_POWER).log())
    return (waves[0] - waves[1]).abs().mean()


def _favourites(changed: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """How far some waves of what was changed stand out of those like them, in units of e.

    The power of each counts beside what is wanted of it, both over the whole batch: a network that repeats
    itself has favourites that are the same in all pictures, which are then woven.
    """

    def around(waves: torch.Tensor, side: int) -> torch.Tensor:
        beside = functional.pad(waves[None, None], (side // 2,) * 4, mode="circular")
        return functional.avg_pool2d(beside, side, 1)[0, 0]

    logs = []
    for one in (changed, wanted):
        squares = _squares(one.mean(1), _FAVOURITES_PIXELS).flatten(0, 1)
        waves = torch.fft.fft2(squares).abs().square().mean(0)
        logs.append((around(waves, _WAVE) + _SEEN_POWER).log())
    share = logs[0] - logs[1]
    return functional.relu(share - around(share, _WAVES_LIKE_IT) - _STANDS_OUT).mean()


def _squares(grey: torch.Tensor, side: int) -> torch.Tensor:
    """Half overlapping squares of (batch, height, width), without their mean, fading out at the border.

    They are (batch, squares, side, side).
    """
    squares = grey.unfold(1, side, side // 2).unfold(2, side, side // 2).flatten(1, 2)
    return (squares - squares.mean((2, 3), keepdim=True)) * _window(side, grey.device)


@cache
def _window(side: int, device: torch.device) -> torch.Tensor:
    window = torch.hann_window(side, device=device)
    return window * window[:, None]


def _repeats(pictures: torch.Tensor) -> torch.Tensor:
    """How much fine detail repeats itself some pixels on: (batch, squares), 0 to 1, of overlapping squares.

    It is the 4-norm of their autocorrelation at distances of _NEAREST to _FARTHEST pixels.
    """
    grey = pictures.mean(1)
    grey = grey - functional.avg_pool2d(grey, _FINE_PIXELS, 1, _FINE_PIXELS // 2)
    side = _REPEATING_PIXELS
    found = torch.fft.irfft2(torch.fft.rfft2(_squares(grey, side), s=(2 * side, 2 * side)).abs().square())
    found = found / (found[..., :1, :1] + _window(side, grey.device).square().sum() / 255**2)
    return (found[..., _distant(grey.device)].square().square().mean(-1) + 1e-9) ** 0.25


@cache
def _distant(device: torch.device) -> torch.Tensor:
    """Which of the places of such an autocorrelation are looked at."""
    lags = torch.fft.fftfreq(2 * _REPEATING_PIXELS, 0.5 / _REPEATING_PIXELS, device=device)
    distances = (lags.square()[:, None] + lags.square()).sqrt()
    return (distances >= _NEAREST) & (distances <= _FARTHEST)


def _turned(shown: torch.Tensor, original: torch.Tensor, part: int) -> list[torch.Tensor]:
    """Both, turned by an angle: what looks at rows and columns alone likes a painting that is woven of them."""
    degrees = 20 + 50 * float(torch.rand(1, generator=torch.Generator().manual_seed(part)))
    inside = round(min(shown.shape[2:]) / 2**0.5)
    turned = (rotate(one, degrees, InterpolationMode.BILINEAR) for one in (shown, original))
    return [center_crop(one, [inside, inside]) for one in turned]


def _corner(pictures: torch.Tensor, part: int) -> tuple[slice, slice]:
    """A part of a patch, another one for each `part`."""
    generator = torch.Generator().manual_seed(part)
    starts = [
        int(torch.randint(max(1, side - _COMPARED + 1), (1,), generator=generator))
        for side in pictures.shape[2:]
    ]
    return slice(starts[0], starts[0] + _COMPARED), slice(starts[1], starts[1] + _COMPARED)


def _apart(features: Features, painted: torch.Tensor, original: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        wanted = features(original)
    return distance(features(painted), wanted)
