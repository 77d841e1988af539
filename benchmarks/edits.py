"""Runs the commands of docs/editing.md and draws their pairs, before and after: `make figures-edits`.

Writes examples/masks and docs/figures/edits.webp, and prints what erasing leaves beside an inpainted picture.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import tempfile
from pathlib import Path

import cv2
import numpy as np
from edit_masks import OTHERS, THINGS, mask
from PIL import Image, ImageDraw

import textsketch as ts
from textsketch.cli import main

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "editing.md"
MASKS = ROOT / "examples" / "masks"
FIGURE = ROOT / "docs" / "figures" / "edits.webp"
WIDTH = 360
"""Pixels of one picture of the figure."""
BIRDS = ((0.20, 0.22, 0.05), (0.29, 0.14, 0.04), (0.36, 0.27, 0.03))
"""(across, down, half a span) of each, in shares of the picture's width and height."""
SETTINGS = ((240, 400), (240, 800), (640, 1200))
"""Pixels of the longer side and bytes, at which it is measured what erasing leaves."""
REACH_SHARE = 3 / 240
"""How far beside a mask is inpainted, of the longer side."""


def write_masks() -> None:
    MASKS.mkdir(exist_ok=True)
    outlines = {"fig": ("fig", [THINGS["fig"]]), **{name: OTHERS[name] for name in ("bowl", "sky", "person")}}
    for name, (example, shapes) in outlines.items():
        size = Image.open(ROOT / "examples" / f"{example}.jpg").size
        Image.fromarray(mask(shapes, *size)).convert("1").save(MASKS / f"{name}.png", optimize=True)
    width, height = Image.open(ROOT / "examples" / "sunset.jpg").size
    paper = Image.new("1", (width, height), 1)
    pen = ImageDraw.Draw(paper)
    for across, down, span in BIRDS:
        for side in (-1, 1):
            middle = (across + side * span / 2) * width
            half = span * width / 2
            top = down * height
            pen.arc(
                (middle - half, top, middle + half, top + 1.4 * half), 180, 360, 0, max(round(half / 4), 3)
            )
    paper.save(MASKS / "birds.png", optimize=True)


def pairs() -> list[tuple[Image.Image, Image.Image]]:
    """What each edit's file decodes to, before and after."""
    (commands,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    found = []
    here = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "examples", Path(folder) / "examples")
        os.chdir(folder)
        try:
            for line in commands.splitlines():
                words = shlex.split(line)
                assert words[0] == "textsketch" and main(words[1:]) == 0, line
                if words[1] == "edit":
                    found.append((ts.decode(words[2]).image, ts.decode(words[3]).image))
        finally:
            os.chdir(here)
    return found


def draw_sheet(found: list[tuple[Image.Image, Image.Image]]) -> Image.Image:
    """Two pairs a row, each picture `WIDTH` wide in a frame two thirds as high."""
    height, gap = WIDTH * 2 // 3, 8
    rows = -(-len(found) // 2)
    sheet = Image.new("RGB", (4 * WIDTH + 5 * gap, rows * (height + gap) + gap), "white")
    for index, pair in enumerate(found):
        for side, picture in enumerate(pair):
            picture = picture.copy()
            picture.thumbnail((WIDTH, height), Image.Resampling.LANCZOS)
            left = (2 * (index % 2) + side) * (WIDTH + gap) + gap + (WIDTH - picture.width) // 2
            top = index // 2 * (height + gap) + gap + (height - picture.height) // 2
            sheet.paste(picture, (left, top))
    return sheet


def painted(layers: ts.Layers) -> np.ndarray:
    return np.asarray(ts.paint(layers, brush=False, grain=False), np.float32)


def rms(difference: np.ndarray) -> float:
    return float(np.sqrt(np.square(difference).mean()))


def what_is_left(picture: Image.Image, shape: list[tuple[float, float]], budget: int) -> tuple[float, ...]:
    """How far in the mask the erased file is from one of the inpainted picture; the coder's error; the thing."""
    pixels = np.ascontiguousarray(np.asarray(picture))
    inside = mask([shape], *picture.size)
    side = 2 * round(REACH_SHARE * max(picture.size)) + 1
    rim = cv2.dilate(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    without = cv2.inpaint(pixels, rim, 5, cv2.INPAINT_TELEA)
    layers = ts.encode(picture, budget=budget, effort=1).layers
    wanted = painted(ts.encode(Image.fromarray(without), budget=budget, effort=1).layers)
    there = inside > 0
    return (
        rms((painted(ts.edit.erase(layers, inside)) - wanted)[there]),
        rms(painted(layers) - pixels),
        rms((painted(layers) - wanted)[there]),
    )


def table() -> str:
    titles = " | ".join(f"{budget} B at {long_side}" for long_side, budget in SETTINGS)
    lines = [f"| picture | {titles} |", "|---|" + "---|" * len(SETTINGS)]
    tower = OTHERS["tower"][1][0]
    for name, shape in [*THINGS.items(), ("pagoda", tower)]:
        path = ROOT / "examples" / f"{name}.jpg"
        path = path if path.exists() else ROOT.parent / "shared" / "data" / "kodak" / f"{name}.png"
        if not path.exists():
            continue
        cells = []
        for long_side, budget in SETTINGS:
            picture = Image.open(path).convert("RGB")
            picture.thumbnail((long_side, long_side), Image.Resampling.LANCZOS)
            left, error, before = what_is_left(picture, shape, budget)
            cells.append(f"{left:.1f} of {error:.1f} ({before:.0f})")
        title = f"{name}, the tower" if shape is tower else name
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    write_masks()
    FIGURE.parent.mkdir(exist_ok=True)
    draw_sheet(pairs()).save(FIGURE, quality=86, method=6)
    print(f"wrote {FIGURE.relative_to(ROOT)}\n{table()}")
