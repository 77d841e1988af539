"""Make the PiDiNet soft edge maps that the NTC is trained and measured on.

    python training/ntc/make_maps.py --data ../shared/data --weights ../shared/weights --out maps.npz

Writes `train`, `test`: (count, 512, 512) uint8 maps of data/cid22, every eighth picture held out, and
`kodak`: the 24 Kodak pictures' maps cut to 512x512 in the middle, never trained on.
"""

import argparse
import os
from pathlib import Path

import numpy as np
from PIL import Image

from textsketch.models import weights
from textsketch.structure import detectors


def soft_map(picture: Image.Image) -> np.ndarray:
    width, height = picture.size
    left, top = (width - 512) // 2, (height - 512) // 2
    cut = picture.convert("RGB").crop((left, top, left + 512, top + 512))
    return np.rint(detectors.edge_map(cut, "pidinet") * 255).astype(np.uint8)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    os.environ[weights.LOCAL_FOLDER_VARIABLE] = str(options.weights)
    cid22 = [soft_map(Image.open(path)) for path in sorted((options.data / "cid22").glob("*.webp"))]
    kodak = [soft_map(Image.open(path)) for path in sorted((options.data / "kodak").glob("*.png"))]
    held_out = cid22[::8]
    kept = [found for index, found in enumerate(cid22) if index % 8]
    np.savez_compressed(options.out, train=np.stack(kept), test=np.stack(held_out), kodak=np.stack(kodak))


if __name__ == "__main__":
    main()
