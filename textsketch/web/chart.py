"""The rate-quality chart of the demo as SVG: bytes on a log axis, a line a curve, points that can be chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from textsketch.measure.palette import COLOURS

_WIDTH, _HEIGHT = 640, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 16, 16, 60
_COLOURS = tuple(COLOURS.values())
_DASHES = {0: "2 5", 1: "9 5"}  # the modes below the full one
_HINT = "Choose a point to see its decode."
_TICKS_BYTES = (20, 50, 100, 200, 500, 1000, 2000, 5000)

CHOOSE_SCRIPT = """
const choose = event => {
  const target = event.target.closest("[data-point], [data-area]");
  const index = target?.dataset.point ?? target?.dataset.area;
  if (index) trigger("select", {index: Number(index), value: index});
};
element.addEventListener("click", choose);
element.addEventListener("keydown", event => { if (event.key === "Enter" || event.key === " ") choose(event); });
"""
"""JavaScript for the component that holds the chart: a chosen point is its `select` event."""


@dataclass(frozen=True)
class Mark:
    """A point of the chart: the name of its curve, its file's bytes, its value and what it is in words.

    A point without a value is not drawn.
    """

    curve: str
    size_bytes: int
    value: float | None
    label: str


def chart(marks: Sequence[Mark], curves: Sequence[str], heading: str, chosen: int | None = None) -> str:
    """Draw `marks`; a mark's index is its `data-point`. curves: all names, in the order of their colours."""
    values = [mark.value for mark in marks if mark.value is not None]
    if not values:
        return ""
    low, high = _value_range(values)
    smallest = min(20, *(mark.size_bytes for mark in marks))
    largest = max(3000, *(mark.size_bytes for mark in marks))

    def x(size_bytes: float) -> float:
        share = math.log(size_bytes / smallest) / math.log(largest * 1.05 / smallest)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(value: float) -> float:
        return _TOP + (high - value) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    parts = [_axes(x, y, smallest, largest, low, high, heading)]
    areas, points = [], []
    for number, curve in enumerate(curves):
        members = sorted(
            (mark.size_bytes, index, mark.value)
            for index, mark in enumerate(marks)
            if mark.curve == curve and mark.value is not None
        )
        if not members:
            continue
        line = " ".join(f"{x(size):.1f},{y(value):.1f}" for size, _, value in members)
        parts.append(f'<polyline points="{line}" {_stroke(number)}/>')
        for size, index, value in members:
            centre = f'cx="{x(size):.1f}" cy="{y(value):.1f}"'
            label = escape(marks[index].label, quote=True)
            ring = " ts-chosen" if index == chosen else ""
            areas.append(
                f'<circle class="ts-area" data-area="{index}" {centre} r="14"><title>{label}</title></circle>'
            )
            points.append(
                f'<g class="ts-point{ring}" data-point="{index}" tabindex="0" role="button" '
                f'aria-label="{label}"><title>{label}</title>'
                f'<circle {centre} r="6" fill="{_colour(number)}"/></g>'
            )
    parts += areas + points  # no point lies under the larger area of another
    shown = [(n, curve) for n, curve in enumerate(curves) if any(mark.curve == curve for mark in marks)]
    legend = "".join(
        f'<span><svg viewBox="0 0 36 12" aria-hidden="true"><path d="M0 6h36" {_stroke(n)}/>'
        f'<circle cx="18" cy="6" r="4.5" fill="{_colour(n)}"/></svg>{escape(curve)}</span>'
        for n, curve in shown
    )
    return (
        f'<div class="ts-chart"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="group" '
        f'aria-label="{escape(heading, quote=True)} over bytes">{"".join(parts)}</svg>'
        f'<div class="ts-chart-legend">{legend}</div><div class="ts-note">{_HINT}</div></div>'
    )


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _stroke(number: int) -> str:
    """How the line of curve `number` is drawn: our modes broader, those below the full one dashed."""
    dash = f' stroke-dasharray="{_DASHES[number]}"' if number in _DASHES else ""
    width = 3 if number < 3 else 1.8
    return f'fill="none" stroke="{_colour(number)}" stroke-width="{width}"{dash}'


def _axes(x, y, smallest: float, largest: float, low: float, high: float, heading: str) -> str:
    parts = []
    bottom = _HEIGHT - _BOTTOM
    for size in _TICKS_BYTES:
        if smallest <= size <= largest * 1.05:
            parts.append(
                f'<line class="ts-grid" x1="{x(size):.1f}" x2="{x(size):.1f}" y1="{_TOP}" y2="{bottom}"/>'
            )
            parts.append(f'<text x="{x(size):.1f}" y="{bottom + 24}" text-anchor="middle">{size:,}</text>')
    step = _nice_step((high - low) / 5)
    tick = math.ceil(low / step) * step
    while tick <= high + 1e-9:
        height = y(tick)
        text = f"{tick:g}" if step >= 1 else f"{tick:.{max(1, -math.floor(math.log10(step)))}f}"
        parts.append(
            f'<line class="ts-grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{height:.1f}" y2="{height:.1f}"/>'
            f'<text x="{_LEFT - 8}" y="{height + 5:.1f}" text-anchor="end">{text}</text>'
        )
        tick += step
    middle = (_TOP + bottom) / 2
    parts.append(
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 8}" text-anchor="middle">bytes (log)</text>'
        f'<text transform="translate(18 {middle}) rotate(-90)" text-anchor="middle">{escape(heading)}</text>'
    )
    return "".join(parts)


def _value_range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    margin = 0.08 * (high - low) or 0.5
    return low - margin, high + margin


def _nice_step(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
