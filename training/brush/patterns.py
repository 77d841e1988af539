"""Drawn pictures: pages, checkerboards, stripes, rings, grids, outlines and noise, which photos hardly have.

A brush that never saw them makes fur of letters too small to be sent, and stripes of a checkerboard.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_SIDES = 256, 640
_LEAST_CONTRAST = 60
_DARK_ON_LIGHT, _ON_A_PART = 0.7, 0.3
_LETTERS = "eeeeetttaaaooiinnsshhrrddllucmfwypvbgkjqxz"


def draw(random: np.random.Generator) -> Image.Image:
    """A picture of 256 to 640 pixels a side, in two colours."""
    height, width = (int(side) for side in random.integers(*_SIDES, 2, endpoint=True))
    ink = _KINDS[int(random.integers(len(_KINDS)))](random, height, width)
    if random.random() < _ON_A_PART:
        ink[:, int(random.uniform(0.3, 0.7) * width) :] = 0
    paper, pen = random.uniform(0, 255, (2, 3))
    if random.random() < _DARK_ON_LIGHT or np.abs(paper - pen).max() < _LEAST_CONTRAST:
        paper, pen = random.uniform(225, 255, 3), random.uniform(0, 60, 3)
    return Image.fromarray(np.rint(paper + ink[..., None] * (pen - paper)).astype(np.uint8))


def _page(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    def write(page: ImageDraw.ImageDraw) -> None:
        size = int(random.integers(9, 30))
        font, margin, gap = ImageFont.load_default(size), int(random.integers(4, 40)), random.uniform(1.2, 2)
        for top in np.arange(margin, height - size, gap * size):
            lengths = random.integers(1, 10, int(random.integers(2, 20)))
            words = ("".join(random.choice(list(_LETTERS), length)) for length in lengths)
            page.text((margin, top), " ".join(words), 255, font)

    return _drawn(write, height, width)


def _outlines(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    def outline(page: ImageDraw.ImageDraw) -> None:
        for _ in range(int(random.integers(3, 25))):
            xs, ys = np.sort(random.uniform(0, width, 2)), np.sort(random.uniform(0, height, 2))
            box, thick = (xs[0], ys[0], xs[1], ys[1]), int(random.integers(1, 5))
            shape = int(random.integers(3))
            if shape == 0:
                falls = int(random.integers(2))
                page.line((xs[0], ys[1 - falls], xs[1], ys[falls]), 255, thick)
            else:
                (page.rectangle if shape == 1 else page.ellipse)(box, outline=255, width=thick)

    return _drawn(outline, height, width)


def _drawn(on: Callable[[ImageDraw.ImageDraw], None], height: int, width: int) -> np.ndarray:
    page = Image.new("L", (width, height))
    on(ImageDraw.Draw(page))
    return np.asarray(page) / 255


def _checkerboard(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    side = int(np.exp(random.uniform(np.log(4), np.log(64))))
    rows, columns = np.indices((height, width)) // side
    return (rows + columns) % 2.0


def _stripes(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    rows, columns = np.indices((height, width))
    angle = random.choice((0, 90, 45, random.uniform(0, 180))) * np.pi / 180
    waves = (rows * np.sin(angle) + columns * np.cos(angle)) / np.exp(random.uniform(np.log(4), np.log(80)))
    return _soft_or_hard(random, np.cos(2 * np.pi * waves))


def _rings(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    rows, columns = np.indices((height, width))
    row, column = random.uniform(0, height), random.uniform(0, width)
    squares = (rows - row) ** 2 + (columns - column) ** 2
    return _soft_or_hard(random, np.sin(squares / random.uniform(200, 3000)))


def _soft_or_hard(random: np.random.Generator, waves: np.ndarray) -> np.ndarray:
    return (waves > 0) * 1.0 if random.random() < 0.5 else waves / 2 + 0.5


def _grid(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    rows, columns = np.indices((height, width))
    down, across = (int(gap) for gap in random.integers(8, 60, 2))
    thick = int(random.integers(1, 4))
    return ((rows % down < thick) | (columns % across < thick)) * 1.0


def _noise(random: np.random.Generator, height: int, width: int) -> np.ndarray:
    return random.random((height, width)) * random.uniform(0.2, 1)


_KINDS = _page, _page, _outlines, _checkerboard, _stripes, _rings, _grid, _noise
