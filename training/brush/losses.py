"""What a painting is worth beside the picture, for each of the brush's networks: the lower the better."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch.nn import functional

from textsketch.render.painter.brush_inputs import CELL
from training.brush.features import distance

Features = Callable[[torch.Tensor], list[torch.Tensor]]


class Networks(NamedTuple):
    """What guides the training, see `features`."""

    letters: Features
    scenes: Features


_COMPARED = 128
"""Pixels along a side of the part of a patch whose features are compared, which is much of a step's work."""
_SPREAD_CELLS = 9


def of_sketches(
    painted: torch.Tensor, original: torch.Tensor, grain: torch.Tensor, networks: Networks, part: int
) -> dict[str, torch.Tensor]:
    """Parts of the loss of (batch, 3, height, width) RGB, 0 to 1; they are seen with `grain` on top.

    grain: (batch, 1, height, width). Structure and features are judged without detail below two pixels.
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
    painted: torch.Tensor, original: torch.Tensor, grain: torch.Tensor, networks: Networks, part: int
) -> dict[str, torch.Tensor]:
    """The same of paintings."""
    from piq import gmsd, haarpsi
    from pytorch_msssim import ssim

    shown = (painted + grain).clamp(0, 1)
    corner = slice(None), slice(None), *_corner(painted, part)
    # A gradient of nothing at all has no derivative.
    noise = torch.rand(shown.shape, generator=torch.Generator().manual_seed(part))
    return {
        "error": (painted - original).abs().mean(),
        "structure": 0.35 * (1 - ssim(shown, original, data_range=1.0)),
        "haar": 0.75 * (1 - haarpsi(shown, original)),
        "gradients": 0.3 * gmsd(*(0.99 * one + 0.01 * noise for one in (shown, original))),
        "letters": 0.2 * _apart(networks.letters, shown[corner], original[corner]),
        "scenes": 1.3 * _apart(networks.scenes, shown, original),
        "pattern": _pattern(painted, original),
    }


def _pattern(painted: torch.Tensor, original: torch.Tensor) -> torch.Tensor:
    """How far what is the same in every cell around, the network's own pattern, differs from the picture."""
    apart = functional.pixel_unshuffle(painted - original, CELL).unflatten(1, (3, CELL**2))
    apart = (apart - apart.mean(2, keepdim=True)).flatten(1, 2)
    return functional.avg_pool2d(apart, _SPREAD_CELLS, stride=2).abs().mean()


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
