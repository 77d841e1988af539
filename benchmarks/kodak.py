"""All Kodak pictures at six sizes, beside JPEG, WebP, AVIF and JPEG 2000 at the same bytes in the same run.

Prints a table and writes benchmarks/results.md. Every figure comes from a real file of at most the size
named; a rival's file is the best over scale and quality (`measure.baselines.search`). PSNR is over sRGB
samples, SSIM over luma, both at full size. Times are of one process on one core.
"""

from __future__ import annotations

import argparse
import platform
import statistics
from pathlib import Path

from kodak_pictures import add_options, measure_pictures

HERE = Path(__file__).parent
SIZES_BYTES = (25, 300, 600, 1000, 1500, 3000)
METRICS = ("psnr", "ssim", "haarpsi", "gmsd")


def run_picture(path: Path, caption: str, sizes: tuple[int, ...], rivals: tuple[str, ...]) -> list[dict]:
    from textsketch.image.reading import read_image
    from textsketch.measure.baselines.table import FORMATS
    from textsketch.measure.evaluation.cells import OURS, Cell
    from textsketch.measure.evaluation.run import limit_threads
    from textsketch.measure.evaluation.subject import Subject
    from textsketch.measure.metrics.table import of_pictures

    limit_threads()
    picture, metrics = read_image(path), of_pictures(METRICS)
    # The plain painting without grain and with it, and what the brush makes of that.
    plain, grained, brushed = (
        {text: Subject(picture, text, options={"painter": told}, metrics=metrics) for text in ("", caption)}
        for told in ({"grain": False, "brush": False}, {"brush": False}, {})
    )
    rows = []
    for size in sizes:
        mode = "text-only" if size < 100 else "three-layer"
        text = "" if size < 50 else caption
        file = plain[text].encode(Cell(OURS, mode, "painter", f"{size}B"))
        for name, subject in (
            ("textsketch, plain", plain[text]),
            ("textsketch, plain, grain", grained[text]),
            ("textsketch, brush, grain", brushed[text]),
        ):
            decoded = subject.decode(file, file.data)
            row = {"picture": path.stem, "size": size, "codec": name, "bytes": file.size_bytes, "fits": True}
            rows.append(row | {"encode_s": file.seconds, "decode_s": decoded.seconds} | decoded.values)
        for codec in rivals:
            file, decoded = plain[caption].measure(Cell(codec, "", "", f"{size}B"))
            row = {
                "picture": path.stem,
                "size": size,
                "codec": FORMATS[codec].title,
                "bytes": file.size_bytes,
            }
            rows.append(row | {"fits": file.fits} | (decoded.values if decoded else {}))
    return rows


def table(rows: list[dict], sizes: tuple[int, ...]) -> str:
    from textsketch.measure.metrics.table import of_pictures

    headings = " | ".join(metric.heading for metric in of_pictures(METRICS))
    lines = [
        f"| size | codec | fits | mean bytes | {headings} | encode s | decode s |",
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
                for metric in of_pictures(METRICS):
                    mean = statistics.mean(row[metric.name] for row in group)
                    cells.append(f"{mean:.{metric.digits}f}")
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
