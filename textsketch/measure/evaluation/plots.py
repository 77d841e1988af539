"""Rate-quality plots as PNG and SVG: bits per pixel on a log axis, a line a codec, mean and spread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textsketch.measure.evaluation.summary import Group, Summary, heading
from textsketch.measure.palette import COLOURS
from textsketch.render import registry

_STYLES = {"text-only": ":", "text+sketch": "--"}
_OTHERS = ("#991b1b", "#a21caf", "#4d7c0f", "#0369a1")


def curves(summary: Summary, metric: str) -> dict[str, list[tuple[float, float, float]]]:
    """For each codec its points (mean bpp, mean, standard deviation), in the order of rate.

    Only budgets at which every picture has a file that fits; equal points (a mode that cannot use more
    bytes) are one.
    """
    found: dict[str, list[tuple[float, float, float]]] = {}
    for group in summary.groups:
        mean = group.mean(metric)
        if mean is not None:
            found.setdefault(group.cell.title, []).append((group.rate_bpp, mean, group.deviation(metric)))
    return {title: sorted(set(points)) for title, points in found.items()}


def draw(summary: Summary, metrics: Sequence[str]) -> Any:
    """A matplotlib figure with one panel a metric, side by side, the protocol below."""
    import textwrap

    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    width = 6.2 * len(metrics)
    figure = Figure(figsize=(width, 4.9), layout="constrained")
    panels = figure.subplots(1, len(metrics), squeeze=False)[0]
    groups = {group.cell.title: group for group in summary.groups}
    for panel, metric in zip(panels, metrics, strict=True):
        for title, points in curves(summary, metric).items():
            rates, means, spreads = (list(values) for values in zip(*points, strict=True))
            look = _look(groups[title], groups)
            panel.plot(rates, means, marker="o", markersize=4, label=title, **look)
            bars = {"ecolor": look["color"], "elinewidth": 0.9, "alpha": 0.35}
            panel.errorbar(rates, means, spreads, fmt="none", capsize=2, **bars)
        panel.set_xscale("log")
        # Within one or two decades the default labels (3 x 10^-3) run into each other.
        panel.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panel.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        panel.xaxis.set_minor_locator(NullLocator())
        panel.set_xlabel("bits per pixel (log)")
        panel.set_ylabel(heading(metric).replace("↑", "(higher is better)").replace("↓", "(lower is better)"))
        panel.grid(True, which="major", color="#e7e5e4", linewidth=0.7)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].legend(frameon=False, fontsize=8)
    note = textwrap.fill(f"Mean and standard deviation over pictures. {summary.protocol}", round(width * 24))
    figure.supxlabel(note, fontsize=5.5, color="#78716c", x=0.01, ha="left")
    return figure


def write_plots(summary: Summary, folder: Path) -> list[str]:
    """Write plots/<metric>.png and .svg for every metric that has values, and plots/overview of up to three.

    Returns the names of the plots.
    """
    import matplotlib

    drawn = [name for name in summary.metrics if curves(summary, name)]
    if not drawn:
        return []
    plots = folder / "plots"
    plots.mkdir(exist_ok=True)
    overview = [name for name in ("psnr", "ssim", "haarpsi") if name in drawn] or drawn[:3]
    with matplotlib.rc_context({"svg.hashsalt": "textsketch", "font.family": "DejaVu Sans"}):
        for name, metrics in (*((name, [name]) for name in drawn), ("overview", overview)):
            figure = draw(summary, metrics)
            figure.savefig(
                plots / f"{name}.png", dpi=150, metadata={"Software": None, "Description": summary.protocol}
            )
            figure.savefig(plots / f"{name}.svg", metadata={"Date": None, "Description": summary.protocol})
    return [*drawn, "overview"]


def _look(group: Group, groups: dict[str, Group]) -> dict[str, Any]:
    cell, titles = group.cell, list(groups)
    if cell.codec != "textsketch":
        return {
            "color": COLOURS.get(cell.codec, _OTHERS[titles.index(cell.title) % len(_OTHERS)]),
            "linewidth": 1.3,
        }
    style = {"linestyle": _STYLES.get(cell.mode, "-"), "linewidth": 2.2}
    if cell.plain:
        style |= {"linewidth": 1.2, "alpha": 0.6}
    if cell.renderer == registry.DEFAULT.name:
        return style | {"color": COLOURS[cell.mode]}
    used = dict.fromkeys(one.cell.renderer for one in groups.values())
    others = [name for name in used if name not in ("", registry.DEFAULT.name)]
    return style | {"color": _OTHERS[others.index(cell.renderer) % len(_OTHERS)]}
