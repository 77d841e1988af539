"""Makes README's results: evaluates Kodak with the painter and writes one plot, one contact sheet, one table.

The run itself is `textsketch evaluate`; it goes on where it was when stopped. Writes docs/figures,
docs/results.md (every figure) and the section "## Results" of README.md.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
from pathlib import Path

from PIL import Image

from textsketch.cli import main as textsketch
from textsketch.measure.evaluation.command import add_arguments, read_settings
from textsketch.measure.evaluation.summary import Group, Summary, to_table, write_results
from textsketch.measure.evaluation.worklist import find_pictures
from textsketch.models import weights
from textsketch.render.diffusion import profiles

ROOT = Path(__file__).resolve().parent.parent
CAPTIONS = "benchmarks/kodak_captions.yaml"
METRICS = ("psnr", "ssim", "ms-ssim", "haarpsi", "lpips", "dists", "clip-image")


def tells_something(group: Group) -> bool:
    """Whether a row is worth its place: not a mode that has nothing to spend the budget on."""
    if group.cell.codec != "textsketch" or not group.sizes_bytes:
        return True
    budget = re.fullmatch(r"(\d+)B", group.cell.budget)
    return budget is None or sum(group.sizes_bytes) / len(group.sizes_bytes) >= int(budget[1]) / 2


def diffusion_paragraph(data: str) -> str:
    """What the Stable Diffusion profiles' figures need, and the command that makes them."""
    names = profiles.NAMES
    needed = list(dict.fromkeys(name for profile in names for name in profiles.get(profile).weights))
    gigabytes = sum(weights.entry(name).size_bytes for name in needed) / 1e9
    return (
        f"The figures above are the painter's. Those of the Stable Diffusion profiles ({', '.join(names)}) need "
        f"their weights (about {gigabytes:.1f} GB) and a GPU; this one command makes them, on as many GPUs as "
        "there are:\n\n"
        "```sh\n"
        f"for w in {' '.join(names)}; do textsketch weights fetch $w; done && \\\n"
        f"accelerate launch -m textsketch evaluate {data} --captions {CAPTIONS} \\\n"
        f"  --renderers painter,{','.join(names)} --out out/diffusion\n"
        "```"
    )


def section(summary: Summary, data: str) -> str:
    """The text of README's section."""
    metrics = [name for name in METRICS if name in summary.metrics]
    shown = Summary(
        [group for group in summary.groups if tells_something(group)],
        summary.metrics,
        summary.protocol,
        summary.left_out,
        summary.broken,
        summary.notes,
    )
    not_there = "".join(f"- {reason}\n" for reason in dict.fromkeys(summary.left_out.values()))
    return (
        f"Kodak's 24 pictures (https://r0k.us/graphics/kodak/, here in {data}), one run, every figure from a "
        "real file (`make figures`); mean ± standard deviation over pictures.\n\n"
        "![Rate and quality](docs/figures/rate-quality.png)\n\n"
        "![The same pictures at the same bytes](docs/figures/contact-sheet.webp)\n\n"
        f"{to_table(shown, metrics)}\n\n"
        f"Protocol: {summary.protocol}. All modes and metrics: [docs/results.md](docs/results.md); "
        f"how it is measured: [docs/evaluation.md](docs/evaluation.md).\n\n"
        f"{diffusion_paragraph(data)}\n" + (f"\nNot in this run:\n\n{not_there}" if not_there else "")
    )


def replace_section(readme: str, text: str) -> str:
    """README with the body of its section "## Results" replaced. Raises SystemExit if it has none."""
    found = re.search(r"^## Results\n(.*?)(?=^## |\Z)", readme, re.DOTALL | re.MULTILINE)
    if found is None:
        raise SystemExit('README.md has no section "## Results"')
    return f"{readme[: found.start(1)]}\n{text.strip()}\n\n{readme[found.end(1) :]}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default="../shared/data/kodak", help="folder of the Kodak pictures")
    parser.add_argument("--out", default="out/figures", help="folder of the run (default: %(default)s)")
    parser.add_argument("arguments", nargs="*", help="more arguments of textsketch evaluate, after --")
    options = parser.parse_args()
    os.chdir(ROOT)
    if not list(Path(options.data).glob("*.png")):
        print(f"skipped: no pictures in {options.data}; name the Kodak pictures' folder with --data")
        return
    arguments = [options.data, "--captions", CAPTIONS, "--out", options.out, *options.arguments]
    if textsketch(["evaluate", *arguments]):
        sys.exit(1)
    evaluate = argparse.ArgumentParser()
    add_arguments(evaluate)
    items = find_pictures([options.data])
    settings, left_out = read_settings(evaluate.parse_args(arguments), len(items))
    out = Path(options.out)
    summary = write_results(items, settings, out, left_out)
    figures = Path("docs/figures")
    figures.mkdir(exist_ok=True)
    shutil.copy(out / "plots" / "overview.png", figures / "rate-quality.png")
    Image.open(out / "contact_sheet.png").save(figures / "contact-sheet.webp", quality=90, method=6)
    shutil.copy(out / "summary.md", "docs/results.md")
    readme = Path("README.md")
    text = replace_section(readme.read_text(encoding="utf-8"), section(summary, options.data))
    readme.write_text(text, encoding="utf-8")
    print("wrote docs/figures, docs/results.md and the results in README.md")


if __name__ == "__main__":
    main()
