"""What other settings of the painter's encoder would gain in the picture that is shown, the brush's.

Pictures are CID22's that the brush was trained on; budgets are 250, 500 and 820 bytes of 512 x 512 pixels. A
distance is the judge's of benchmarks/brush.py, which no training has seen. Prints a table, a row for each --set
and size, beside the settings as they are.

    python benchmarks/tuning.py --set painter.FAVOUR=2.5 --set grain._TYPICAL_SHARE=0.25
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from brush import DATA, cid22, distance, seen
from PIL import Image

SIZES_BYTES = (250, 500, 820)
_METRICS = ("psnr", "ssim", "haarpsi")


def measure(path: Path, setting: str) -> list[list[float]]:
    """PSNR, SSIM, HaarPSI and the judge's distance of the painting at each size."""
    import textsketch as ts
    from textsketch.allocation import colours, painter, stroke_choice
    from textsketch.measure.metrics.table import of_pictures
    from textsketch.texture import grain

    rooms = {"painter": painter, "colours": colours, "stroke_choice": stroke_choice, "grain": grain}
    before = {}
    for each in filter(None, setting.split(",")):
        name, value = each.split("=")
        room, constant = name.split(".")
        before[room, constant] = getattr(rooms[room], constant)
        setattr(rooms[room], constant, float(value))
    picture = Image.open(path).convert("RGB")
    original, out = seen(picture), []
    for size in SIZES_BYTES:
        painted = ts.paint(ts.encode(picture, budget=size).layers)
        values = [metric.value(picture, painted, "") for metric in of_pictures(_METRICS)]
        out.append([*values, distance(seen(painted), original)])
    for (room, constant), value in before.items():
        setattr(rooms[room], constant, value)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with cid22")
    parser.add_argument("--pictures", type=int, default=16)
    parser.add_argument(
        "--set", action="append", default=[], help="module.CONSTANT=value, more behind commas"
    )
    options = parser.parse_args()
    files = cid22(options.data, held_out=False)
    files = files[:: max(1, len(files) // options.pictures)][: options.pictures]
    if not files:
        print(f"no pictures in {options.data}: cid22 is needed")
        return
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    print("| setting | size | PSNR dB | SSIM | HaarPSI | distance |\n|---|---|---|---|---|---|")
    usual = None
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for setting in ("", *options.set):
            found = np.mean(list(pool.map(partial(measure, setting=setting), files)), axis=0)
            usual = found if usual is None else usual
            for size, own, before in zip(SIZES_BYTES, found, usual, strict=True):
                if setting:
                    psnr, ssim, haarpsi, apart = own - before
                    cells = f"{psnr:+.3f} | {ssim:+.4f} | {haarpsi:+.4f} | {100 * apart / before[3]:+.1f} %"
                else:
                    cells = f"{own[0]:.3f} | {own[1]:.4f} | {own[2]:.4f} | {own[3]:.4f}"
                print(f"| {setting or 'as it is'} | {size} B | {cells} |", flush=True)


if __name__ == "__main__":
    main()
