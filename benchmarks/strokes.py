"""What strokes cost and whether bytes help, over the Kodak pictures: `make bench-strokes`.

Three-layer files with the captions of `kodak_captions.yaml`. Prints bits a stroke pixel (of the whole structure
segment), that segment beside lossless formats of the same bitmap, and PSNR without grain by size, with the
pictures where more bytes paint a worse picture.
"""

from __future__ import annotations

import argparse
import statistics
from pathlib import Path

from bitmap_formats import FORMATS
from kodak_pictures import add_options, measure_pictures

SIZES_BYTES = (100, 200, 300, 600, 1000, 1500, 2000, 3000)
STROKE_SIZES_BYTES = (300, 600, 1000, 3000)


def run_picture(path: Path, caption: str) -> list[dict]:
    import cv2

    cv2.setNumThreads(1)
    from textsketch import bitstream
    from textsketch.image.reading import read_image
    from textsketch.measure.metrics.pixels import psnr_db
    from textsketch.pipeline import encode
    from textsketch.render.painter.painting import render

    picture = read_image(path)
    rows = []
    for size in SIZES_BYTES:
        encoded = encode(picture, budget=size, caption=caption)
        row = {"picture": path.stem, "size": size, "bytes": encoded.size_bytes}
        row["psnr_db"] = psnr_db(picture, render(encoded.layers, grain=False, brush=False))
        if size in STROKE_SIZES_BYTES:
            strokes = encoded.layers.structure.strokes
            row["segment_bytes"] = bitstream.split(encoded.data)[1][1].size_bytes
            row["stroke_pixels"] = int(strokes.sum())
            row |= {name: size_bytes(strokes) for name, size_bytes in FORMATS.items()}
        rows.append(row)
    return rows


def stroke_table(rows: list[dict]) -> str:
    lines = [
        f"| size | drawn in | stroke pixels | segment | {' | '.join(FORMATS)} | of the smallest "
        "| bits a stroke pixel | highest |",
        f"|{'---|' * (8 + len(FORMATS))}",
    ]
    for size in STROKE_SIZES_BYTES:
        group = [row for row in rows if row["size"] == size and row["stroke_pixels"]]
        bits = [8 * row["segment_bytes"] / row["stroke_pixels"] for row in group]
        total = {name: sum(row[name] for row in group) for name in ("segment_bytes", *FORMATS)}
        smallest = sum(min(row[name] for name in FORMATS) for row in group)
        cells = [
            f"{size} B",
            str(len(group)),
            f"{statistics.mean(row['stroke_pixels'] for row in group):.0f}",
        ]
        cells += [f"{value / len(group):.0f} B" for value in total.values()]
        pooled = 8 * total["segment_bytes"] / sum(row["stroke_pixels"] for row in group)
        cells += [f"{total['segment_bytes'] / smallest:.2f}", f"{pooled:.2f}", f"{max(bits):.2f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def growth_table(rows: list[dict]) -> str:
    pictures = sorted({row["picture"] for row in rows})
    lines = [
        f"| picture | {' | '.join(f'{size} B' for size in SIZES_BYTES)} |",
        f"|{'---|' * (1 + len(SIZES_BYTES))}",
    ]
    falling = []
    for picture in pictures:
        quality = [row["psnr_db"] for row in rows if row["picture"] == picture]
        if quality != sorted(quality):
            falling.append(picture)
        lines.append(f"| {picture} | {' | '.join(f'{value:.2f}' for value in quality)} |")
    lines.append(
        f"\nPSNR grows with every size on {len(pictures) - len(falling)} of {len(pictures)} pictures"
        f"{'; not on ' + ', '.join(falling) if falling else ''}."
    )
    share = min(row["bytes"] / row["size"] for row in rows)
    lines.append(f"Every file uses at least {share:.1%} of its bytes.")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    count, rows = measure_pictures(parser.parse_args(), run_picture)
    if count:
        print(stroke_table(rows), growth_table(rows), sep="\n\n")


if __name__ == "__main__":
    main()
