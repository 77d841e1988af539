"""25 bytes of textsketch (text-only, no caption) beside BlurHash 4x3 and ThumbHash at their own sizes.

Means over the Kodak pictures. A BlurHash is counted at its 83 symbols' worth of bits, 28 x log2(83) / 8 bytes;
each placeholder is decoded by its own library and enlarged with a Lanczos filter.
"""

from __future__ import annotations

import argparse
import base64
import math
import statistics
from pathlib import Path

import blurhash
import numpy as np
from PIL import Image
from thumbhash import image_to_thumbhash, thumbhash_to_image

from textsketch.image.reading import read_image
from textsketch.measure.metrics.pixels import psnr_db
from textsketch.pipeline import decode, encode


def blurhash_picture(picture: Image.Image) -> tuple[float, Image.Image]:
    small = picture.resize((96, round(96 * picture.height / picture.width)), Image.Resampling.LANCZOS)
    horizontal, vertical = (4, 3) if picture.width >= picture.height else (3, 4)
    text = blurhash.encode(np.asarray(small).tolist(), horizontal, vertical)
    decoded = np.asarray(blurhash.decode(text, small.width, small.height), np.uint8)
    return len(text) * math.log2(83) / 8, Image.fromarray(decoded)


def thumbhash_picture(picture: Image.Image) -> tuple[float, Image.Image]:
    text = image_to_thumbhash(picture)
    return len(base64.b64decode(text)), thumbhash_to_image(text).convert("RGB")


def textsketch_picture(picture: Image.Image) -> tuple[float, Image.Image]:
    encoded = encode(picture, mode="text-only", budget=25)
    return encoded.size_bytes, decode(encoded.data).image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).parents[2] / "shared" / "data" / "kodak")
    options = parser.parse_args()
    pictures = [read_image(path) for path in sorted(options.data.glob("kodim*.png"))]
    if not pictures:
        print(f"skipped: no Kodak pictures in {options.data}; name their folder with --data")
        return
    print("| placeholder | mean bytes | PSNR dB |\n|---|---|---|")
    methods = {
        "textsketch, text-only": textsketch_picture,
        "BlurHash 4x3": blurhash_picture,
        "ThumbHash": thumbhash_picture,
    }
    for name, method in methods.items():
        found = [method(picture) for picture in pictures]
        quality = [
            psnr_db(picture, image.resize(picture.size, Image.Resampling.LANCZOS))
            for picture, (_, image) in zip(pictures, found, strict=True)
        ]
        print(
            f"| {name} | {statistics.mean(size for size, _ in found):.1f} | {statistics.mean(quality):.2f} |"
        )


if __name__ == "__main__":
    main()
