"""gallery.html: the decodes side by side in one page that opens from disk, sortable by any metric."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from textsketch.measure.evaluation.cells import Cell, Settings, cells, gather, thumbnail_path
from textsketch.measure.evaluation.contact_sheet import Tile, contact_sheet
from textsketch.measure.evaluation.summary import Summary, versions
from textsketch.measure.evaluation.worklist import Item
from textsketch.measure.metrics import table as metrics_table

MOST_PICTURES = 48
_SHEET_PICTURES = 6


def chosen(items: Sequence[Item], most: int) -> list[Item]:
    """At most `most` of the pictures, evenly spread over the list."""
    step = max(1.0, len(items) / most)
    return [items[int(index * step)] for index in range(min(most, len(items)))]


def write_gallery(items: Sequence[Item], settings: Settings, folder: Path, summary: Summary) -> None:
    """Write gallery.html, one picture in memory at a time, of up to `MOST_PICTURES` pictures."""
    shown = chosen(items, MOST_PICTURES)
    metrics = metrics_table.of_pictures(summary.metrics)
    note = (
        "Pictures here are small copies (WebP, at most 512 pixels); the figures are of the files themselves."
    )
    if len(shown) < len(items):
        note += f" {len(shown)} of {len(items)} pictures are shown."
    about = {
        "protocol": f"{summary.protocol}.",
        "versions": f"{versions()}.",
        "note": note,
        "budgets": list(settings.budgets),
        "codecs": list(dict.fromkeys(cell.title for cell in cells(settings))),
        "metrics": [
            {"name": score.name, "title": score.title, "heading": score.heading, "digits": score.digits}
            for score in metrics
        ],
    }
    template = (Path(__file__).with_name("gallery.html")).read_text(encoding="utf-8")
    head, tail = template.replace("{{ABOUT}}", _json(about)).split("{{PICTURES}}")
    partial = folder / "gallery.html.part"
    with open(partial, "w", encoding="utf-8") as file:
        file.write(head)
        for item, problem, found in gather(shown, settings, folder):
            if problem is None and found:
                entry = _picture(item, found, [score.name for score in metrics], folder)
                file.write(f'<script class="picture" type="application/json">{_json(entry)}</script>\n')
        file.write(tail)
    os.replace(partial, folder / "gallery.html")


def _picture(
    item: Item, found: list[tuple[Cell, dict[str, Any]]], metrics: Sequence[str], folder: Path
) -> dict[str, Any]:
    first = found[0][1]["row"]
    entries = []
    for cell, record in found:
        row = record["row"]
        entries.append(
            {
                "codec": cell.title,
                "budget": cell.budget,
                "fits": row["fits"],
                "size_bytes": row.get("size_bytes"),
                "rate_bpp": row.get("rate_bpp"),
                "label": row.get("options", ""),
                "note": row.get("note") or row.get("options", ""),
                "image": _data_uri(thumbnail_path(item, cell.stem, folder)) if row["fits"] else None,
                "values": {name: row[name] for name in metrics if row.get(name) is not None},
            }
        )
    return {
        "name": item.name,
        "size": f"{first['width']} x {first['height']} pixels",
        "caption": next((r["row"]["caption"] for _, r in found if r["row"].get("caption")), ""),
        "original": _data_uri(thumbnail_path(item, "original", folder)),
        "cells": entries,
    }


def write_contact_sheet(items: Sequence[Item], settings: Settings, folder: Path, summary: Summary) -> None:
    """Write contact_sheet.png: up to six pictures, every codec at the middle one of the budgets."""
    budget = settings.budgets[len(settings.budgets) // 2]
    rows = []
    for item, problem, found in gather(chosen(items, _SHEET_PICTURES), settings, folder):
        if problem is not None or not found:
            continue
        first = found[0][1]["row"]
        original = _open(thumbnail_path(item, "original", folder))
        tiles = [Tile(original, "Original", f"{first['width']} x {first['height']} pixels")]
        for cell, record in found:
            row = record["row"]
            if cell.budget != budget:
                continue
            if row["fits"]:
                image = _open(thumbnail_path(item, cell.stem, folder))
                psnr = f", PSNR {row['psnr']:.1f} dB" if row.get("psnr") is not None else ""
                text = f"{row['size_bytes']:,} bytes, {row['rate_bpp']:.4f} bpp{psnr}"
                tiles.append(Tile(image, cell.title, text))
            else:
                tiles.append(Tile(None, cell.title, row.get("note") or row.get("options", "")))
        rows.append(tiles)
    if rows:
        heading = (
            f"At most {budget.rstrip('B')} bytes. " if budget.rstrip("B").isdigit() else f"Budget {budget}. "
        )
        contact_sheet(rows, heading + summary.protocol).save(folder / "contact_sheet.png", optimize=True)


def _open(path: Path) -> Image.Image:
    return Image.open(io.BytesIO(path.read_bytes())).convert("RGB")


def _data_uri(path: Path) -> str:
    return f"data:image/webp;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _json(value: Any) -> str:
    """JSON that can stand inside a script element whatever it says."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
