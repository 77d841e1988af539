"""The brush's training pairs: what the painter makes of a file of a few bytes, and the picture that file is of.

Pictures are CID22's, COCO's and quarters of the aigi sheets, but for every tenth of each, on which the networks
are judged; never Kodak's, which are for measuring. Some paintings are of drawn patterns. A pair's number
decides everything about it, so processes may share the work in any order, and a pair once made is kept.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from textsketch.allocation.painter import first_choice
from textsketch.bitstream import SizeMeter
from textsketch.codestream.grids import grid_shape
from textsketch.image.colour_space import to_ycbcr
from textsketch.layers import Layers, Mode, Semantic, Strokes
from textsketch.semantic.descriptors import from_planes
from textsketch.structure import contours
from textsketch.structure.lines import draw
from training.brush import patterns

HELD_OUT = 10
"""One picture of so many is never trained on."""
_SHARES = (0.45, 0.2, 0.35)
"""How often a pair is of CID22, of COCO and of aigi."""
_TWO_TOGETHER = 0.5
_LONG_SIDES = (384, 448, 512, 512, 512, 576, 640), (640, 704, 768, 768, 768, 896, 1024)
"""Of a picture alone, and of two together."""
_RATIOS = (1.0, 4 / 3, 4 / 3, 3 / 2, 3 / 2, 16 / 9)
_LEAST_BYTES, _MOST_BYTES = 150, 4000
"""Sizes of three-layer files, of pictures of 768 x 512 pixels and by area of others."""
_DESCRIPTOR_BYTES = (10, 60)
_FEWEST_LINES = 6
_WITHOUT_LINES = 15
"""One sketch of so many has no lines, as text-only files have none."""
_DRAWN = 12
"""One painting of so many is of a pattern."""
_SKETCH_LONG_SIDES = (192, 192, 192, 256)


@cache
def sources(data: Path, held_out: bool = False) -> list[list[tuple[Path, int | None]]]:
    """The pictures of each collection: a file, and which quarter of it is one, None for all of it."""
    folders = (
        ("cid22", "*.webp", (None,)),
        ("coco_ccby", "*.jpg", (None,)),
        ("aigi", "*.webp", (0, 1, 2, 3)),
    )
    return [
        [
            (path, quarter)
            for index, path in enumerate(sorted((data / name).glob(pattern)))
            if (index % HELD_OUT == 0) == held_out
            for quarter in quarters
        ]
        for name, pattern, quarters in folders
    ]


def make(number: int, mode: Mode, data: Path, folder: Path, held_out: bool = False) -> Path:
    """Make pair `number` of a mode, unless it is there, and return its file.

    It holds `sent`, the bytes of a .tsk file, uint8, and `original`, (height, width, 3) uint8 RGB.
    """
    from textsketch.bitstream import pack

    path = folder / f"{number:05}.npz"
    if path.exists():
        return path
    random = np.random.default_rng((number, held_out))
    drawn = mode is Mode.THREE_LAYER and number % _DRAWN == 0
    picture = patterns.draw(random) if drawn else _picture(data, random, held_out)
    layers = _painting(picture, random) if mode is Mode.THREE_LAYER else _sketch(picture, random)
    if mode is Mode.TEXT_SKETCH and number % _WITHOUT_LINES == 0:
        layers = replace(layers, structure=None)
    partial = path.with_suffix(f".{os.getpid()}")
    with open(partial, "wb") as file:
        np.savez(file, sent=np.frombuffer(pack(layers), np.uint8), original=np.asarray(picture))
    os.replace(partial, path)
    return path


def _picture(data: Path, random: np.random.Generator, held_out: bool) -> Image.Image:
    """A picture of any collection, or two together, cut to a usual shape, scaled down and perhaps mirrored.

    Colours of more than 512 pixels are sent at half the size or less, and hardly a collection has such pictures;
    two together are as sharp as one.
    """
    known = sources(data, held_out)[int(random.choice(len(_SHARES), p=_SHARES))]
    two = random.random() < _TWO_TOGETHER
    picture, *others = (_source(*known[int(random.integers(len(known)))]) for _ in range(1 + two))
    upright = random.random() >= 0.7
    for other in others:
        picture = _beside(picture, other, below=upright)
    ratio = float(random.choice(_RATIOS))
    ratio = 1 / ratio if upright else ratio
    width = min(picture.width, round(picture.height * ratio))
    height = min(picture.height, round(width / ratio))
    x, y = int(random.integers(picture.width - width + 1)), int(random.integers(picture.height - height + 1))
    picture = picture.crop((x, y, x + width, y + height))
    scale = min(1.0, int(random.choice(_LONG_SIDES[two])) / max(picture.size))
    picture = picture.resize(
        (max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.LANCZOS
    )
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if random.random() < 0.5 else picture


def _source(path: Path, quarter: int | None) -> Image.Image:
    picture = Image.open(path).convert("RGB")
    if quarter is None:
        return picture
    x, y = 512 * (quarter % 2), 512 * (quarter // 2)
    return picture.crop((x, y, x + 512, y + 512))


def _beside(one: Image.Image, other: Image.Image, *, below: bool) -> Image.Image:
    """Two pictures beside or below each other, cut to the same height or width."""
    if below:
        turn = Image.Transpose.TRANSPOSE
        return _beside(one.transpose(turn), other.transpose(turn), below=False).transpose(turn)
    both = Image.new("RGB", (one.width + other.width, min(one.height, other.height)))
    both.paste(one, (0, 0))
    both.paste(other, (one.width, 0))
    return both


def _painting(picture: Image.Image, random: np.random.Generator) -> Layers:
    """A three-layer file of a random size."""
    size_bytes = np.exp(random.uniform(np.log(_LEAST_BYTES), np.log(_MOST_BYTES)))
    size_bytes *= (picture.width * picture.height / (768 * 512)) ** 0.5
    return first_choice(picture, round(size_bytes), size_of=SizeMeter())


def _sketch(picture: Image.Image, random: np.random.Generator) -> Layers:
    """A sketch of a random number of the best lines and random bytes of descriptors."""
    planes = to_ycbcr(np.asarray(picture))
    shape = grid_shape(picture.size, int(random.choice(_SKETCH_LONG_SIDES)))
    lines = contours.find(planes, shape)
    most = max(len(lines), _FEWEST_LINES)
    count = round(np.exp(random.uniform(np.log(_FEWEST_LINES), np.log(most))))
    descriptors = from_planes(planes, int(random.integers(*_DESCRIPTOR_BYTES)))
    return Layers(picture.size, Semantic("", descriptors), Strokes(draw(lines[:count], shape)))
