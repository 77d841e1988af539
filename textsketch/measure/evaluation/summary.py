"""An evaluation's results: results.csv, summary.json and summary.md, from the records of all pictures."""

from __future__ import annotations

import csv
import importlib.metadata
import json
import math
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from textsketch.measure.evaluation.cells import Cell, Settings, cells, encoder_version, features_path, gather
from textsketch.measure.evaluation.worklist import Item
from textsketch.measure.metrics import distribution
from textsketch.measure.metrics import table as metrics_table
from textsketch.measure.metrics.metric import SetMetric

_COLUMNS = (
    "picture",
    "sha256",
    "width",
    "height",
    "codec",
    "mode",
    "renderer",
    "budget",
    "budget_bytes",
    "fits",
    "size_bytes",
    "rate_bpp",
    "options",
    "caption",
    "seed",
    "plain",
    "grain",
    "encoder",
    "versions",
    "protocol",
    "file",
    "note",
)
_LIBRARIES = ("numpy", "opencv-python-headless", "pillow", "torch", "piq", "pytorch-msssim", "lpips")


@dataclass
class Group:
    """One codec at one budget over all pictures.

    means and deviations (population standard deviation over pictures) are by metric and only filled where
    every picture has a file that fits: a mean over the easy pictures alone would flatter. Rates likewise.
    """

    cell: Cell
    pictures: int = 0
    fitting: int = 0
    sizes_bytes: list[int] = field(default_factory=list)
    rates_bpp: list[float] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    set_values: dict[str, float] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every picture has a file that fits."""
        return self.pictures > 0 and self.fitting == self.pictures

    @property
    def rate_bpp(self) -> float:
        """Mean rate."""
        return _mean(self.rates_bpp)

    def mean(self, metric: str) -> float | None:
        """The metric's mean over pictures, or its value for the set; None if there is none."""
        if not self.complete:
            return None
        if metric in self.set_values:
            return self.set_values[metric]
        values = self.values.get(metric, [])
        return _mean(values) if len(values) == self.pictures else None

    def deviation(self, metric: str) -> float:
        """The metric's standard deviation over pictures; 0 for a metric of the set."""
        values = self.values.get(metric, [])
        return float(np.std(values)) if values else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The group as what json.dump takes."""
        metrics = {name: self.mean(name) for name in (*self.values, *self.set_values)}
        return {
            "codec": self.cell.codec,
            "title": self.cell.title,
            "mode": self.cell.mode,
            "renderer": self.cell.renderer,
            "plain": self.cell.plain,
            "budget": self.cell.budget,
            "pictures": self.pictures,
            "fitting": self.fitting,
            "mean_size_bytes": _mean(self.sizes_bytes) if self.sizes_bytes else None,
            "mean_rate_bpp": self.rate_bpp if self.complete else None,
            "metrics": {
                name: {"mean": mean, "standard_deviation": self.deviation(name)}
                for name, mean in metrics.items()
                if mean is not None
            },
            "mean_seconds": {name: _mean(values) for name, values in self.seconds.items()},
        }


@dataclass(frozen=True)
class Summary:
    """All groups, what was left out and why, and the protocol the figures stand under."""

    groups: list[Group]
    metrics: tuple[str, ...]
    protocol: str
    left_out: dict[str, str]
    broken: dict[str, str]
    notes: list[str]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def protocol(items: Sequence[Item], settings: Settings) -> str:
    """One line: pixels counted, resizing, the metrics' models, grain."""
    models = "; ".join(f"{row.title}: {row.model}" for row in metrics_table.of_pictures(settings.metrics))
    if metrics_table.of_sets(settings.metrics):
        models += (
            f"; FID, KID: {distribution.MODEL}, patches of {distribution.PATCH_SIZE} pixels, shifted pass"
        )
    captioned = sum(bool(settings.caption_of(item)) for item in items)
    captions = "captions in the files" if captioned else "no captions"
    if 0 < captioned < len(items):
        captions += f" of {captioned} pictures"
    return (
        f"{len(items)} pictures; bpp = 8 x bytes of the whole file / pixels of the picture compared; pictures "
        f"longer than {settings.max_side} pixels are scaled down to that before everything else, decodes are "
        f"compared at the picture's size; baselines: best PSNR over scale x quality within the bytes; "
        f"painter's grain {'on' if settings.grain else 'off'}; plain: without the painter's brush; "
        f"effort {settings.effort}; seed {settings.seed}; "
        f"{captions}; {models}"
    )


def versions() -> str:
    """The libraries that took part."""
    from textsketch import __version__

    found = [f"textsketch {__version__}", f"Python {platform.python_version()}"]
    for name in _LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return "; ".join(found)


def write_results(
    items: Sequence[Item], settings: Settings, folder: Path, left_out: dict[str, str]
) -> Summary:
    """Write results.csv, summary.json and summary.md from the records in `folder`.

    left_out: by name, why a codec or metric asked for is not in the results. Results are the same whichever
    processes measured, except for the times in the summaries.
    """
    metrics = tuple(row.name for row in metrics_table.of_pictures(settings.metrics))
    groups = {cell: Group(cell) for cell in cells(settings)}
    unread = {item: problem for item, problem, _ in gather(items, settings, folder) if problem is not None}
    measured = [item for item in items if item not in unread]
    same = {"versions": versions(), "protocol": protocol(measured, settings)}
    partial = folder / "results.csv.part"
    with open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, (*_COLUMNS, *metrics), restval="", extrasaction="ignore")
        writer.writeheader()
        for _, _, found in gather(measured, settings, folder):
            for cell, record in found:
                writer.writerow(record["row"] | same)
                _add(groups[cell], record, metrics)
    os.replace(partial, folder / "results.csv")
    notes = _measure_sets(list(groups.values()), measured, settings, folder)
    of_sets = [row.name for row in metrics_table.of_sets()]
    shown = (*metrics, *(name for name in of_sets if any(name in g.set_values for g in groups.values())))
    broken = {str(item.path): problem for item, problem in unread.items()}
    summary = Summary(list(groups.values()), shown, same["protocol"], left_out, broken, notes)
    _write(folder / "summary.json", json.dumps(_as_dict(summary, settings), indent=2, ensure_ascii=False))
    _write(folder / "summary.md", to_markdown(summary))
    return summary


def _write(path: Path, text: str) -> None:
    path.write_text(text.rstrip("\n") + "\n", encoding="utf-8")


def _add(group: Group, record: dict[str, Any], metrics: Sequence[str]) -> None:
    row = record["row"]
    group.pictures += 1
    if "size_bytes" in row:
        group.sizes_bytes.append(row["size_bytes"])
        group.rates_bpp.append(row["rate_bpp"])
    if row["fits"]:
        group.fitting += 1
        for name in metrics:
            if row.get(name) is not None:
                group.values.setdefault(name, []).append(row[name])
    for name, seconds in record["seconds"].items():
        group.seconds.setdefault(name, []).append(seconds)


def _measure_sets(groups: list[Group], items: list[Item], settings: Settings, folder: Path) -> list[str]:
    """Fill in the metrics of the set that are asked for; return what keeps them from being computed."""
    asked = metrics_table.of_sets(settings.metrics)
    reasons = [row.unavailable(len(items)) for row in asked]  # again: some pictures may have been unreadable
    usable = [row for row, reason in zip(asked, reasons, strict=True) if reason is None]

    def parts(stem: str):
        for item in items:
            yield np.load(features_path(item, stem, folder))

    for group in groups:
        if group.complete:
            stem = group.cell.stem
            for row in usable:
                group.set_values[row.name] = row.measure(parts("original"), parts(stem))
    return [reason for reason in dict.fromkeys(reasons) if reason is not None]


def _as_dict(summary: Summary, settings: Settings) -> dict[str, Any]:
    return {
        "protocol": summary.protocol,
        "versions": versions(),
        "encoders": {codec: encoder_version(codec) for codec in ("textsketch", *settings.baselines)},
        "settings": {
            "modes": list(settings.modes),
            "budgets": list(settings.budgets),
            "renderers": list(settings.renderers),
            "baselines": list(settings.baselines),
            "metrics": list(settings.metrics),
            "seed": settings.seed,
            "effort": settings.effort,
            "grain": settings.grain,
            "plain": settings.plain,
            "max_side": settings.max_side,
        },
        "not_available": summary.left_out,
        "unreadable_pictures": summary.broken,
        "notes": summary.notes,
        "groups": [group.as_dict() for group in summary.groups],
    }


def heading(metric: str) -> str:
    """A metric for people, with its unit and which way is better."""
    return metrics_table.METRICS[metric].heading


def to_markdown(summary: Summary) -> str:
    """The summary as a page: protocol, one table over all budgets, what is missing and why."""
    lines = ["# Evaluation", "", f"Protocol: {summary.protocol}.", "", f"{versions()}.", ""]
    lines += [to_table(summary, summary.metrics), ""]
    lines += [f"- {text}" for text in (*dict.fromkeys(summary.left_out.values()), *summary.notes)]
    lines += [f"- not read and left out: {path}: {why}" for path, why in summary.broken.items()]
    return "\n".join(lines)


def to_table(summary: Summary, metrics: Sequence[str]) -> str:
    """A Markdown table, one row a codec and budget, mean ± standard deviation over pictures."""
    heads = ["budget", "codec", "bytes", "bpp", *(heading(name) for name in metrics)]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    by_budget = sorted(enumerate(summary.groups), key=lambda pair: _budget_order(summary, pair))
    for _, members in groupby(by_budget, key=lambda pair: pair[1].cell.budget):
        lines += [f"| {' | '.join(_table_row(group, metrics))} |" for _, group in members]
    return "\n".join(lines)


def _budget_order(summary: Summary, pair: tuple[int, Group]) -> tuple[int, int]:
    order = list(dict.fromkeys(group.cell.budget for group in summary.groups))
    return order.index(pair[1].cell.budget), pair[0]


def _table_row(group: Group, metrics: Sequence[str]) -> list[str]:
    cells_ = [group.cell.budget, group.cell.title]
    if not group.complete:
        what = f"no file this small for {group.pictures - group.fitting} of {group.pictures} pictures"
        return [*cells_, what, "", *("" for _ in metrics)]
    cells_ += [f"{_mean(group.sizes_bytes):.0f}", f"{group.rate_bpp:.4f}"]
    for name in metrics:
        mean = group.mean(name)
        row = metrics_table.METRICS[name]
        digits = row.digits
        spread = "" if isinstance(row, SetMetric) else f" ± {group.deviation(name):.{digits}f}"
        cells_.append("" if mean is None else f"{mean:.{digits}f}{spread}")
    return cells_
