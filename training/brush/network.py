"""The brush's networks, which stand on Real-ESRGAN's small one. The one that shades sees the whole picture."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from textsketch.render.painter import brush_inputs, shading_inputs
from textsketch.render.painter.brush_inputs import CELL
from training.brush.ncnn import Convolution

_WIDTH = 64
_BODY = 16
HALFWAY = 8
_FAR_WIDTHS = (80, 112, 144, 144)
"""Channels of the far road, which looks at blocks of 2, 4, 8 and 16 cells."""


class Near(nn.Module):
    """The super-resolution network, given `channels` of a cell, the first of which are `colours` of its pixels.

    It paints (batch, channels, rows, columns) inputs as (batch, 3, CELL rows, CELL columns) RGB, 0 to 1.
    """

    def __init__(self, channels: int, colours: int) -> None:
        super().__init__()
        self.colours = colours
        self.first = nn.Conv2d(channels, _WIDTH, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1) for _ in range(_BODY))
        self.last = nn.Conv2d(_WIDTH, 3 * CELL**2, 3, padding=1)
        self.slopes = nn.ModuleList(nn.PReLU(_WIDTH) for _ in range(_BODY + 1))

    def forward(
        self, given: torch.Tensor, far: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> torch.Tensor:
        """far: is added to what the first layer sees, and halfway."""
        value = self.first(given)
        value = self.slopes[0](value if far is None else value + far[0])
        for index, (body, slope) in enumerate(zip(self.body, self.slopes[1:], strict=True)):
            value = slope(body(value))
            if far is not None and index + 1 == HALFWAY:
                value = value + far[1]
        colour = given[:, : 3 * self.colours].unflatten(1, (3, self.colours)).mean(2)
        flat = colour.repeat_interleave(CELL, 2).repeat_interleave(CELL, 3)
        return functional.pixel_shuffle(self.last(value), CELL) + flat

    def start_from(self, layers: list[Convolution]) -> None:
        """Take over the super-resolution network; its shrunk picture is the mean of a cell's pixels."""
        with torch.no_grad():
            self.first.weight.zero_()
            spread = np.repeat(layers[0].weight, self.colours, axis=1) / self.colours
            self.first.weight[:, : 3 * self.colours] = torch.from_numpy(spread)
            for own, layer in zip([None, *self.body, self.last], layers, strict=True):
                if own is not None:
                    own.weight.copy_(torch.from_numpy(layer.weight))
                    own.bias.copy_(torch.from_numpy(layer.bias))
            self.first.bias.copy_(torch.from_numpy(layers[0].bias))
            for slope, layer in zip(self.slopes, layers, strict=False):
                slope.weight.copy_(torch.from_numpy(layer.slope))


class Sharpening(Near):
    """Sharpens paintings: all of `brush_inputs`."""

    def __init__(self) -> None:
        super().__init__(brush_inputs.CHANNELS, CELL**2)


class Shading(nn.Module):
    """Paints sketches, of `shading_inputs`: a near road, and a far road that sees the whole picture."""

    def __init__(self) -> None:
        super().__init__()
        self.near = Near(shading_inputs.CHANNELS, 1)
        widths = (shading_inputs.CHANNELS, *_FAR_WIDTHS)
        self.down = nn.ModuleList(nn.Conv2d(one, other, 2, stride=2) for one, other in pairwise(widths))
        self.on_the_way_down = nn.ModuleList(Residue(width) for width in _FAR_WIDTHS)
        self.up = nn.ModuleList(nn.Conv2d(other, one, 1) for one, other in pairwise(_FAR_WIDTHS))
        self.on_the_way_up = nn.ModuleList(Residue(width) for width in _FAR_WIDTHS[:-1])
        self.meet = nn.ModuleList(nn.Conv2d(_FAR_WIDTHS[0], _WIDTH, 1) for _ in range(2))
        for layer in self.meet:
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        seen, value = [], given
        for down, residue in zip(self.down, self.on_the_way_down, strict=True):
            value = residue(functional.relu(down(value)))
            seen.append(value)
        for level in reversed(range(len(self.up))):
            farther = functional.interpolate(self.up[level](value), scale_factor=2, mode="nearest")
            value = self.on_the_way_up[level](seen[level] + farther)
        far = [
            functional.interpolate(meet(value), scale_factor=2, mode="bilinear", align_corners=False)
            for meet in self.meet
        ]
        return self.near(given, (far[0], far[1]))

    def start_from(self, layers: list[Convolution]) -> None:
        """Take over the super-resolution network; the far road starts as silent."""
        self.near.start_from(layers)


class Residue(nn.Module):
    """Two convolutions whose outcome is added to what they are given."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        return value + self.second(functional.relu(self.first(value)))
