"""All Kodak pictures at six sizes, beside JPEG, WebP, AVIF and JPEG 2000 at the same bytes in the same run.

Prints a table and writes benchmarks/results.md. Every figure comes from a real file of at most the size
named; a rival's file is the best over scale and quality (`measure.baselines.search`). PSNR is over sRGB
samples, SSIM over luma, both at full size. Times are of one process on one core.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from pathlib import Path

from kodak_pictures import add_options, measure_pictures

HERE = Path(__file__).parent
SIZES_BYTES = (25, 300, 600, 1000, 1500, 3000)
METRICS = ("psnr_db", "ssim", "haarpsi", "gmsd")
HEADINGS = ("PSNR dB ↑", "SSIM ↑", "HaarPSI ↑", "GMSD ↓")


def measure(reference, distorted) -> dict[str, float]:
    from textsketch.measure.metrics.pixels import psnr_db, ssim

    values = {"psnr_db": psnr_db(reference, distorted), "ssim": ssim(reference, distorted)}
    import numpy as np
    import piq
    import torch

    torch.set_num_threads(1)
    x, y = (
        torch.from_numpy(np.array(image, np.float32) / 255).permute(2, 0, 1)[None]
        for image in (reference, distorted)
    )
    values["haarpsi"] = float(piq.haarpsi(x, y))
    values["gmsd"] = float(piq.gmsd(x, y))
    return values


def run_picture(path: Path, caption: str, sizes: tuple[int, ...], rivals: tuple[str, ...]) -> list[dict]:
    import cv2

    cv2.setNumThreads(1)
    from textsketch.image.reading import read_image
    from textsketch.measure.baselines.search import TITLES, best_within
    from textsketch.pipeline import decode, encode

    picture = read_image(path)
    rows = []
    for size in sizes:
        mode = "text-only" if size < 100 else "three-layer"
        started = time.perf_counter()
        encoded = encode(picture, mode=mode, budget=size, caption="" if size < 50 else caption)
        encode_s = time.perf_counter() - started
        for grain in (False, True):
            started = time.perf_counter()
            image = decode(encoded.data, grain=grain).image
            decode_s = time.perf_counter() - started
            name = "textsketch, grain" if grain else "textsketch"
            rows.append(
                {"picture": path.stem, "size": size, "codec": name, "bytes": encoded.size_bytes, "fits": True}
                | {"encode_s": encode_s, "decode_s": decode_s}
                | measure(picture, image)
            )
        for codec in rivals:
            found = best_within(picture, size, codec)
            row = {"picture": path.stem, "size": size, "codec": TITLES[codec], "bytes": found.size_bytes}
            rows.append(row | {"fits": found.fits} | (measure(picture, found.image) if found.fits else {}))
    return rows


def table(rows: list[dict], sizes: tuple[int, ...]) -> str:
    lines = [
        f"| size | codec | fits | mean bytes | {' | '.join(HEADINGS)} | encode s | decode s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for size in sizes:
        for codec in dict.fromkeys(row["codec"] for row in rows):
            group = [row for row in rows if row["size"] == size and row["codec"] == codec]
            fitting = [row for row in group if row["fits"]]
            cells = [f"{size} B", codec, f"{len(fitting)} of {len(group)}"]
            if len(fitting) < len(group):  # a mean over the easy pictures alone would flatter
                cells += [f"{statistics.mean(row['bytes'] for row in group):.0f}"] + ["no file so small"] * 4
            else:
                cells.append(f"{statistics.mean(row['bytes'] for row in group):.0f}")
                for metric in METRICS:
                    digits = 2 if metric == "psnr_db" else 3
                    cells.append(f"{statistics.mean(row[metric] for row in group):.{digits}f}")
            for seconds in ("encode_s", "decode_s"):
                known = [row[seconds] for row in group if seconds in row]
                cells.append(f"{statistics.mean(known):.2f}" if known else "")
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    parser.add_argument("--out", type=Path, default=HERE / "results.md")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES_BYTES)
    parser.add_argument("--rivals", nargs="*", default=["jpeg", "jpeg2000", "webp", "avif"])
    options = parser.parse_args()
    sizes = tuple(options.sizes)
    count, rows = measure_pictures(options, run_picture, sizes, tuple(options.rivals))
    if not count:
        return
    text = (
        f"# {count} Kodak pictures, 768 x 512\n\n"
        f"Means over all pictures; real files, header, check and a caption of about 50 characters included "
        f"(no caption at 25 B, text-only there, three-layer elsewhere). Made by `make bench` with Python "
        f"{platform.python_version()} on {platform.machine()}.\n\n{table(rows, sizes)}\n"
    )
    print(text)
    options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
