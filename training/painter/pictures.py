"""The training pictures as (picture, random generator): varied shapes and sizes, the same at every run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image


def training_pictures(data: Path, seed: int, photo_repeats: int = 3):
    """Yield RGB pictures of 384 or 512 pixels along the longer side from cid22 and aigi."""
    random = np.random.default_rng(seed)
    for path in sorted((data / "cid22").glob("*.webp")):
        for _ in range(photo_repeats):
            yield _vary(Image.open(path).convert("RGB"), random), random
    for path in sorted((data / "aigi").glob("*.webp")):
        sheet = Image.open(path).convert("RGB")
        x, y = (int(value) * 512 for value in random.integers(0, 2, 2))
        yield _vary(sheet.crop((x, y, x + 512, y + 512)), random), random


def _vary(picture: Image.Image, random: np.random.Generator) -> Image.Image:
    """A random crop of a common aspect ratio, sometimes mirrored, at one of two sizes."""
    width, height = picture.size
    ratio = random.choice([1, 4 / 3, 1.5, 1.5, 2 / 3])
    crop_width, crop_height = (width, int(width / ratio)) if ratio >= 1 else (int(height * ratio), height)
    crop_width, crop_height = min(crop_width, width), min(crop_height, height)
    x = int(random.integers(0, width - crop_width + 1))
    y = int(random.integers(0, height - crop_height + 1))
    picture = picture.crop((x, y, x + crop_width, y + crop_height))
    scale = random.choice([384, 384, 512]) / max(picture.size)
    picture = picture.resize([max(1, round(side * scale)) for side in picture.size], Image.Resampling.BOX)
    return picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if random.random() < 0.5 else picture
