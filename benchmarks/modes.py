"""Paints many pictures in every mode at every small budget: docs/figures/modes.webp, to be looked at.

The examples, and of ../shared/data photographs with human captions, photographs and drawings without, and
pictures made by networks. A tile without a picture stands for a budget that the mode cannot meet.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import yaml
from PIL import Image

import textsketch as ts
from textsketch.errors import BudgetError
from textsketch.layers import Mode
from textsketch.measure.evaluation.contact_sheet import Tile, contact_sheet
from textsketch.measure.metrics.pixels import PSNR

ROOT = Path(__file__).resolve().parent.parent
BUDGETS_BYTES = (25, 60, 140, 300, 1200)
_SIDE = 768
_TILE_WIDTH = 150


def pictures(data: Path, each: int) -> Iterator[tuple[str, Image.Image, str]]:
    """Name, picture and caption: the examples, then `each` of three kinds of pictures in `data`."""
    examples = yaml.safe_load((ROOT / "examples" / "captions.yaml").read_text(encoding="utf-8"))
    for name, caption in examples.items():
        yield name, Image.open(ROOT / "examples" / name), caption
    for path in sorted((data / "cid22").glob("*.webp"))[:: max(1, 200 // max(1, each))][:each]:
        yield path.stem, Image.open(path), ""
    told = json.loads((data / "coco_ccby" / "captions.json").read_text(encoding="utf-8"))
    for one in told[:each]:
        yield one["file"], Image.open(data / "coco_ccby" / one["file"]), one["captions"][0]
    for path in sorted((data / "aigi").glob("*.webp"))[:: max(1, 180 // max(1, each))][:each]:
        yield path.stem, Image.open(path).crop((0, 0, 512, 512)), ""


def row(name: str, picture: Image.Image, caption: str) -> list[Tile]:
    """The tiles of one picture."""
    picture = picture.convert("RGB")
    picture.thumbnail((_SIDE, _SIDE))
    tiles = [Tile(picture, name, caption)]
    for mode in Mode:
        for budget in BUDGETS_BYTES:
            try:
                encoded = ts.encode(picture, mode=mode, budget=budget, caption=caption)
            except BudgetError:
                tiles.append(Tile(None, f"{mode}, {budget} B", "cannot be so small"))
                continue
            psnr = PSNR.show(PSNR.value(picture, encoded.decoded, caption))
            tiles.append(Tile(encoded.decoded, f"{mode}, {budget} B", f"{encoded.size_bytes:,} B, {psnr}"))
    return tiles


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data")
    parser.add_argument("--each", type=int, default=7, help="pictures of each kind (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/figures/modes.webp")
    options = parser.parse_args()
    if not options.data.is_dir():
        print(f"skipped: no folder {options.data}; name it with --data")
        return
    rows = []
    for name, picture, caption in pictures(options.data, options.each):
        rows.append(row(name, picture, caption))
        print(name, flush=True)
    contact_sheet(rows, tile_width=_TILE_WIDTH).save(options.out, quality=70, method=6)
    print(f"wrote {options.out}")


if __name__ == "__main__":
    main()
