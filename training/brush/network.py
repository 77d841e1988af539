"""The brush's network: Real-ESRGAN's small one, given the whole painting, and a second road that sees far."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from textsketch.render.painter.shading_inputs import CELL, CHANNELS
from training.brush.ncnn import Convolution

_WIDTH, _FAR_WIDTH, _FARTHEST_WIDTH = 64, 96, 128


class Brush(nn.Module):
    """Paints (batch, CHANNELS, rows, columns) inputs as (batch, 3, CELL rows, CELL columns) RGB, 0 to 1.

    The near road is the super-resolution network it starts from; the far road looks at blocks of 4 and 8 cells,
    so that what lies between distant lines can be told, and adds to what the near road's first layer sees.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(CHANNELS, _WIDTH, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1) for _ in range(16))
        self.last = nn.Conv2d(_WIDTH, 3 * CELL**2, 3, padding=1)
        self.slopes = nn.ModuleList(nn.PReLU(_WIDTH) for _ in range(17))
        self.down = nn.Conv2d(CHANNELS, _FAR_WIDTH, 4, stride=4)
        self.far = nn.ModuleList(nn.Conv2d(_FAR_WIDTH, _FAR_WIDTH, 3, padding=1) for _ in range(4))
        self.farther = nn.Conv2d(_FAR_WIDTH, _FARTHEST_WIDTH, 2, stride=2)
        self.farthest = nn.ModuleList(
            nn.Conv2d(_FARTHEST_WIDTH, _FARTHEST_WIDTH, 3, padding=1) for _ in range(4)
        )
        self.nearer = nn.Conv2d(_FARTHEST_WIDTH, _FAR_WIDTH, 1)
        self.near = nn.Conv2d(_FAR_WIDTH, _WIDTH, 1)
        nn.init.zeros_(self.near.weight)
        nn.init.zeros_(self.near.bias)

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        far = functional.relu(self.down(given))
        farthest = functional.relu(self.farther(far))
        for first, second in zip(self.farthest[0::2], self.farthest[1::2], strict=True):
            farthest = farthest + second(functional.relu(first(farthest)))
        for index in (0, 2):
            far = far + self.far[index + 1](functional.relu(self.far[index](far)))
            if index == 0:
                far = far + functional.interpolate(self.nearer(farthest), scale_factor=2, mode="nearest")
        far = functional.interpolate(self.near(far), scale_factor=4, mode="bilinear", align_corners=False)
        value = self.slopes[0](self.first(given) + far)
        for body, slope in zip(self.body, self.slopes[1:], strict=True):
            value = slope(body(value))
        colour = given[:, : 3 * CELL**2].unflatten(1, (3, CELL**2)).mean(2)
        flat = colour.repeat_interleave(CELL, 2).repeat_interleave(CELL, 3)
        return functional.pixel_shuffle(self.last(value), CELL) + flat

    def start_from(self, layers: list[Convolution]) -> None:
        """Take over the super-resolution network; its shrunk picture is the mean of a cell's pixels."""
        with torch.no_grad():
            self.first.weight.zero_()
            spread = np.repeat(layers[0].weight, CELL**2, axis=1) / CELL**2
            self.first.weight[:, : 3 * CELL**2] = torch.from_numpy(spread)
            for own, layer in zip([None, *self.body, self.last], layers, strict=True):
                if own is not None:
                    own.weight.copy_(torch.from_numpy(layer.weight))
                    own.bias.copy_(torch.from_numpy(layer.bias))
            self.first.bias.copy_(torch.from_numpy(layers[0].bias))
            for slope, layer in zip(self.slopes, layers, strict=False):
                slope.weight.copy_(torch.from_numpy(layer.slope))


class Critic(nn.Module):
    """Tells pictures from what the brush paints, patch by patch, beside the painting it was given."""

    def __init__(self) -> None:
        super().__init__()
        widths = (6, 32, 64, 96, 128)
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(widths):
            layers += [
                nn.utils.spectral_norm(nn.Conv2d(inputs, outputs, 4, stride=2, padding=1)),
                nn.LeakyReLU(0.2),
            ]
        layers.append(nn.utils.spectral_norm(nn.Conv2d(widths[-1], 1, 3, padding=1)))
        self.layers = nn.Sequential(*layers)

    def forward(self, picture: torch.Tensor, painting: torch.Tensor) -> torch.Tensor:
        return self.layers(torch.cat([picture, painting], 1) - 0.5)
