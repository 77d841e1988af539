"""CompressAI's Cheng2020 attention model (MS-SSIM): the learned transform codec (NTC) of Text + Sketch.

Cheng, Sun, Takeuchi, Katto, "Learned Image Compression with Discretized Gaussian Mixture Likelihoods and
Attention Modules", 2020; Begaint et al., "CompressAI", 2020. A file is 8 bytes (quality, width, height,
length of the first string) and the model's two strings. The weights are those of CompressAI's zoo.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from textsketch.measure.baselines.format import Format
from textsketch.models import networks, weights

TITLE = "CompressAI Cheng2020-attn"
LEVELS = 6
_ARCHITECTURE, _METRIC = "cheng2020-attn", "ms-ssim"
_STRIDE = 64
_HEADER = struct.Struct(">BHH")
_LENGTH_BYTES = 3


def unavailable() -> str | None:
    """The sentence that says what is missing here, or None."""
    return weights.unavailable(TITLE, [_ARCHITECTURE], ["torch", "compressai"])


def describe(level: int) -> str:
    """The level for people."""
    return f"MS-SSIM model, quality {level + 1}"


def version() -> str:
    """The library's version and the model's name."""
    from importlib.metadata import version

    return f"CompressAI {version('compressai')}, {_ARCHITECTURE} {_METRIC}"


def save(image: Image.Image, level: int) -> bytes:
    """Encode an RGB picture with the model of quality `level` + 1."""
    import torch

    values = torch.from_numpy(np.asarray(image, np.float32) / 255).permute(2, 0, 1)[None]
    margins = (0, -image.width % _STRIDE, 0, -image.height % _STRIDE)
    padded = torch.nn.functional.pad(values, margins, mode="replicate")
    with torch.inference_mode():
        first, second = (strings[0] for strings in _network(level).compress(padded)["strings"])
    header = _HEADER.pack(level, image.width, image.height) + len(first).to_bytes(_LENGTH_BYTES, "big")
    return header + first + second


def load(data: bytes) -> Image.Image:
    """Decode a file that `save` wrote (never one from elsewhere: the library's decoder trusts its input)."""
    import torch

    level, width, height = _HEADER.unpack_from(data)
    start = _HEADER.size + _LENGTH_BYTES
    length = int.from_bytes(data[_HEADER.size : start], "big")
    shape = (-(-height // _STRIDE), -(-width // _STRIDE))
    with torch.inference_mode():
        strings = [[data[start : start + length]], [data[start + length :]]]
        values = _network(level).decompress(strings, shape)["x_hat"][0, :, :height, :width]
    return Image.fromarray((values.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy())


def _network(level: int) -> Any:
    def read(folder: Path) -> Any:
        from compressai.zoo import cheng2020_attn

        network = cheng2020_attn(quality=level + 1, metric=_METRIC, pretrained=True).eval()
        network.update()
        return network

    return networks.load(_ARCHITECTURE, read, part=f"quality {level + 1}")


COMPRESSAI = Format(
    name="compressai",
    title=TITLE,
    extension="ntc",
    levels=LEVELS,
    save=save,
    describe=describe,
    version=version,
    load=load,
    unavailable=unavailable,
)
