"""The first look at real pictures: every profile paints the examples, and what it took is written down.

    python benchmarks/first_real_run.py --out first_real_run
    python benchmarks/first_real_run.py --profiles fast,pics --no-fetch

Needs a GPU, and 60 GB of disk for all profiles. Fetches what they need (and the CLIP that reports), encodes
every example for Stable Diffusion at 300 and 1,200 bytes, and paints each file in every profile. Writes into the
folder: each picture, contact_sheet.png (a row an example and budget: original, painter, profiles),
where_it_departs.png (see textsketch.measure.departure), results.json and README.md with the means and what to
look at. A profile that fails is written down with its sentence, and the others go on. Started again, it goes on
where it was.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import yaml
from PIL import Image

import textsketch as ts
from textsketch import bitstream
from textsketch.errors import TextsketchError
from textsketch.image.reading import read_picture
from textsketch.measure.departure import departure
from textsketch.measure.evaluation.contact_sheet import Tile, contact_sheet
from textsketch.models import clip, networks, weights
from textsketch.render import registry
from textsketch.render.diffusion import profiles

ROOT = Path(__file__).resolve().parents[1]
PAINTER = "painter"
LOOK_AT = """## What to look at

1. `contact_sheet.png`: does a profile follow the lines? Compare outlines with the painter's picture beside it.
2. Are the colours the painter's? `where_it_departs.png` should be grey; orange says where they are not.
3. At 1,200 bytes, is a profile nearer to the original (CLIP image-image) than the painter, and than at 300?
4. Does anything contradict the caption: a wrong animal, a second horizon, writing that nobody sent?
5. Is `fast` with 8 steps worse than `pics` with 25? If not, `pics` is not worth its time.
6. Are there seams, flat places or a colour cast? Paint again with `--no-match-colours`, and with
   `--strength 0.5` and `0.8`, before blaming the network.
"""


def fetch(names: list[str]) -> dict[str, str]:
    """Fetch what each profile and the reporting CLIP need; the sentence of what could not be had, by name."""
    missing = {}
    for name in [*names, "clip"]:
        last = [""]

        def progress(fraction: float, message: str, name: str = name, last: list[str] = last) -> None:
            line = f"{name}: {fraction:4.0%} {message}"
            if line != last[0] and sys.stderr.isatty():
                print(f"\r{line:<100.100}", end="", file=sys.stderr, flush=True)
                last[0] = line

        try:
            weights.fetch_group(name, progress)
        except TextsketchError as error:
            missing[name] = str(error)
            print(f"\n{name}: {error}", file=sys.stderr)
    return missing


def watch_memory() -> tuple[Any, Any]:
    """Functions that begin to watch the GPU's memory, and tell the most that was used since, in bytes."""
    import torch

    where = networks.device(shared_gpu=True)
    if where not in ("cuda", "xpu"):
        return (lambda: None), (lambda: None)
    gpu = getattr(torch, where)
    return gpu.reset_peak_memory_stats, gpu.max_memory_allocated


def paint(data: bytes, renderer: str, path: Path) -> dict[str, Any]:
    """Decode `data` with `renderer` into `path`; twice, since the first time loads and tunes."""
    begin, most = watch_memory()
    begin()
    started = time.perf_counter()
    ts.decode(data, renderer=renderer)
    first = time.perf_counter() - started
    started = time.perf_counter()
    decoded = ts.decode(data, renderer=renderer)
    seconds = time.perf_counter() - started
    decoded.image.save(path)
    peak = most()
    return {
        "first_seconds": first,
        "seconds": seconds,
        "gigabytes": None if peak is None else peak / 1e9,
        "invented": decoded.invented,
    }


def score(original: Image.Image, painted: Image.Image, caption: str) -> dict[str, Any]:
    """CLIP scores, where its weights are."""
    if clip.unavailable() is not None:
        return {"clip_image": None, "clip_caption": None}
    (found,) = clip.score(original, [painted], caption)
    return {"clip_image": found.image_image, "clip_caption": found.caption_image}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("first_real_run"))
    parser.add_argument("--profiles", default=",".join(profiles.NAMES))
    parser.add_argument("--budgets", default="300,1200", help="bytes, comma-separated")
    parser.add_argument("--examples", type=int, help="only so many of the examples")
    parser.add_argument("--side", type=int, default=1024, help="scale the examples down to so many pixels")
    parser.add_argument("--no-fetch", action="store_true", help="use the weights that are there")
    options = parser.parse_args()
    names = [profiles.get(name).name for name in options.profiles.split(",")]
    budgets = [int(budget) for budget in options.budgets.split(",")]
    captions = yaml.safe_load((ROOT / "examples/captions.yaml").read_text("utf-8"))
    examples = list(captions.items())[: options.examples]
    options.out.mkdir(parents=True, exist_ok=True)
    failed = {} if options.no_fetch else fetch(names)
    for name in names:
        reason = registry.get(name).unavailable()
        if reason is not None:
            failed[name] = reason
    record_path = options.out / "results.json"
    rows = json.loads(record_path.read_text("utf-8"))["rows"] if record_path.exists() else {}
    # A profile after the other: its networks are loaded once.
    for renderer in [PAINTER, *(name for name in names if name not in failed)]:
        for file, caption in examples:
            original = read_picture(ROOT / "examples" / file, fit=options.side).image
            for budget in budgets:
                key = f"{Path(file).stem}-{budget}-{renderer}"
                if key in rows and (options.out / f"{key}.png").exists():
                    continue
                encoded = ts.encode(original, budget=budget, caption=caption, renderer="fast")
                try:
                    row = paint(encoded.data, renderer, options.out / f"{key}.png")
                except TextsketchError as error:
                    failed[renderer] = str(error)
                    print(f"{key}: {error}", file=sys.stderr)
                    continue
                painted = Image.open(options.out / f"{key}.png").convert("RGB")
                departs = departure(painted, bitstream.unpack(encoded.data))
                if departs.picture is not None:
                    departs.picture.save(options.out / f"{key}-departs.png")
                row |= {"renderer": renderer, "budget": budget, "example": file, "departs": departs.share}
                row |= {"size_bytes": encoded.size_bytes, **score(original, painted, caption)}
                rows[key] = row
                record_path.write_text(json.dumps({"rows": rows, "failed": failed}, indent=1), "utf-8")
                print(f"{key}: {row['seconds']:.2f} s, departs {row['departs']:.0%}", flush=True)
    shown = [PAINTER, *(name for name in names if name not in failed)]
    write_sheets(options.out, examples, budgets, shown, rows, options.side)
    (options.out / "README.md").write_text(summary(shown, budgets, rows, failed), "utf-8")
    print(f"{options.out}: contact_sheet.png, where_it_departs.png, results.json, README.md")


def write_sheets(
    out: Path,
    examples: list[tuple[str, str]],
    budgets: list[int],
    shown: list[str],
    rows: dict[str, dict[str, Any]],
    side: int,
) -> None:
    for name, suffix in (("contact_sheet", ""), ("where_it_departs", "-departs")):
        sheet = []
        for file, caption in examples:
            original = read_picture(ROOT / "examples" / file, fit=side).image
            for budget in budgets:
                tiles = [Tile(original, file, caption)]
                for renderer in shown:
                    key = f"{Path(file).stem}-{budget}-{renderer}"
                    path = out / f"{key}{suffix}.png"
                    picture = Image.open(path).convert("RGB") if path.exists() else None
                    tiles.append(Tile(picture, renderer, figures(rows.get(key))))
                sheet.append(tiles)
        contact_sheet(sheet).save(out / f"{name}.png")


def figures(row: dict[str, Any] | None) -> str:
    if row is None:
        return "failed"
    known = "" if row["clip_image"] is None else f", CLIP {row['clip_image']:.3f} / {row['clip_caption']:.3f}"
    return f"{row['size_bytes']} B, {row['seconds']:.2f} s, departs {row['departs']:.0%}{known}"


def summary(
    shown: list[str], budgets: list[int], rows: dict[str, dict[str, Any]], failed: dict[str, str]
) -> str:
    import torch

    where = networks.device(shared_gpu=True)
    machine = torch.cuda.get_device_name() if where == "cuda" else where
    lines = [f"# First real run: {machine}, torch {torch.__version__}", ""]
    lines += ["| profile | bytes | CLIP image-image | CLIP caption-image | departs | seconds | GB |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for renderer in shown:
        for budget in budgets:
            found = [row for row in rows.values() if (row["renderer"], row["budget"]) == (renderer, budget)]
            if found:
                cells = [mean(found, name) for name in ("clip_image", "clip_caption", "departs")]
                cells += [mean(found, "seconds"), mean(found, "gigabytes")]
                lines.append(f"| {renderer} | {budget} | " + " | ".join(cells) + " |")
    lines += ["", *(f"- {name} failed: {reason}" for name, reason in failed.items()), "", LOOK_AT]
    return "\n".join(lines)


def mean(rows: list[dict[str, Any]], name: str) -> str:
    values = [row[name] for row in rows if row[name] is not None]
    return f"{statistics.mean(values):.3f}" if values else "-"


if __name__ == "__main__":
    main()
