"""The brush's training pairs: what the painter makes of a file of a few bytes, and the picture that file is of.

Pictures are CID22's, COCO's and quarters of the aigi sheets; never Kodak's, which are for measuring. A pair's
number decides everything about it, so processes may share the work in any order, and a pair once made is kept.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from textsketch.allocation.painter import choose_layers, first_choice
from textsketch.bitstream import SizeMeter
from textsketch.layers import Layers, Mode
from textsketch.render.painter.painting import field
from textsketch.render.painter.shading_inputs import ALIGNED, CELL, inputs

MODES = {Mode.THREE_LAYER: (60, 4000), Mode.TEXT_SKETCH: (60, 1200)}
"""Modes of pairs, turn by turn, and sizes of their files in bytes, evenly spread over their logarithm."""
_LONG_SIDES = (320, 384, 448, 512, 512, 576, 640)


def mode_of(number: int) -> Mode:
    """The mode of a pair."""
    return list(MODES)[number % len(MODES)]


@cache
def sources(data: Path) -> list[tuple[Path, int | None]]:
    """The training pictures: a file, and which quarter of it is one, None for all of it."""
    whole = [(path, None) for path in sorted((data / "cid22").glob("*.webp"))]
    whole += [(path, None) for path in sorted((data / "coco_ccby").glob("*.jpg"))]
    quarters = [(path, quarter) for path in sorted((data / "aigi").glob("*.webp")) for quarter in range(4)]
    return whole + quarters[:: len(quarters) // (2 * len(whole)) or 1]


def make(number: int, data: Path, folder: Path) -> Path:
    """Make pair `number`, unless it is there, and return its file.

    It holds `inputs`, (channels, rows, columns) uint8 of what `inputs` gives, 255 for 1; and `original`,
    (height, width, 3) uint8 RGB of `CELL` times as many rows and columns.
    """
    path = folder / f"{number:05}.npz"
    if path.exists():
        return path
    random = np.random.default_rng(number)
    picture = _picture(data, random)
    mode = mode_of(number)
    least, most = np.log(MODES[mode])
    layers = _layers(picture, mode, round(np.exp(random.uniform(least, most))))
    given = inputs(field(layers), layers)
    partial = path.with_suffix(f".{os.getpid()}")
    with open(partial, "wb") as file:
        np.savez(file, inputs=np.rint(given * 255).astype(np.uint8), original=np.asarray(picture))
    os.replace(partial, path)
    return path


def _picture(data: Path, random: np.random.Generator) -> Image.Image:
    """A training picture, cut and scaled to whole cells."""
    known = sources(data)
    path, quarter = known[int(random.integers(len(known)))]
    picture = Image.open(path).convert("RGB")
    if quarter is not None:
        x, y = 512 * (quarter % 2), 512 * (quarter // 2)
        picture = picture.crop((x, y, x + 512, y + 512))
    scale = min(1.0, int(random.choice(_LONG_SIDES)) / max(picture.size))
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    whole = CELL * ALIGNED
    width, height = (side // whole * whole for side in picture.size)
    x, y = (picture.width - width) // 2, (picture.height - height) // 2
    picture = picture.crop((x, y, x + width, y + height))
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if random.random() < 0.5 else picture


def _layers(picture: Image.Image, mode: Mode, size_bytes: int) -> Layers:
    if mode is Mode.THREE_LAYER:
        return first_choice(picture, size_bytes, size_of=SizeMeter())
    return choose_layers(picture, mode, size_bytes, "", size_of=SizeMeter())
