"""The edits of a command line, by option; `STEPS` is their table. They are made in the order they were given."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from textsketch.edit.erasing import erase, move
from textsketch.edit.fitting import fit
from textsketch.edit.structure import draw, move_joint, redraw, rub_out
from textsketch.edit.texture import MAP, exchange, recolour, repaint, shift
from textsketch.edit.words import rewrite
from textsketch.errors import OptionError, quoted
from textsketch.layers import Layers
from textsketch.pipeline import read_file, unpack

EVERYTHING = "all"
"""What stands for a mask of the whole picture."""


@dataclass(frozen=True)
class Step:
    """An edit. option: its name. values: what they are, for --help. apply: (layers, values) -> layers."""

    option: str
    values: tuple[str, ...]
    summary: str
    apply: Callable[[Layers, list[str]], Layers]


def _mask(name: str) -> str | None:
    return None if name == EVERYTHING and not os.path.exists(name) else name


def _numbers(text: str, count: int, names: str) -> list[float]:
    """Numbers with commas between them. Raises OptionError that says what they are."""
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) != count:
        raise OptionError(f"{quoted(text)} is not {names}; write numbers with commas between them")
    return found


def _colours_from(layers: Layers, name: str, way: str | None = None) -> Layers:
    other = unpack(read_file(name)) if name.lower().endswith(".tsk") else name
    return exchange(layers, other) if way is None else exchange(layers, other, way=way)


def _move(layers: Layers, mask: str, by: str) -> Layers:
    right, down = _numbers(by, 2, "how far right and down")
    return move(layers, _mask(mask), (right, down))


def _joint(layers: Layers, person: str, joint: str, to: str) -> Layers:
    right, down = _numbers(to, 2, "a place, right and down")
    if not person.isdecimal():
        raise OptionError(f"{quoted(person)} is no number of a person; count from 0")
    return move_joint(layers, int(person), joint, (right, down))


STEPS = (
    Step(
        "erase",
        ("MASK",),
        "take the thing in the mask out of all layers",
        lambda layers, values: erase(layers, _mask(values[0])),
    ),
    Step(
        "move",
        ("MASK", "DX,DY"),
        "move what the mask covers, in pixels right and down",
        lambda layers, values: _move(layers, *values),
    ),
    Step(
        "recolour",
        ("MASK", "#rrggbb"),
        "give what the mask covers a colour; light and shade stay",
        lambda layers, values: recolour(layers, _mask(values[0]), values[1]),
    ),
    Step(
        "shift",
        ("MASK", "HUE,LIGHTNESS,CHROMA"),
        "turn the hue by degrees, add to lightness and chroma, -100 to 100",
        lambda layers, values: shift(
            layers, _mask(values[0]), *_numbers(values[1], 3, "hue, lightness and chroma")
        ),
    ),
    Step(
        "repaint",
        ("MASK", "PICTURE"),
        "paint what the mask covers with the colours of a picture, stretched over all",
        lambda layers, values: repaint(layers, _mask(values[0]), values[1]),
    ),
    Step(
        "colours-from",
        ("FILE",),
        "take the palette of another .tsk file or picture",
        lambda layers, values: _colours_from(layers, values[0]),
    ),
    Step(
        "map-from",
        ("FILE",),
        "take the colour map of another .tsk file or picture",
        lambda layers, values: _colours_from(layers, values[0], MAP),
    ),
    Step("draw", ("DRAWING",), "add the lines of a drawing", lambda layers, values: draw(layers, values[0])),
    Step(
        "draw-in",
        ("DRAWING", "#rrggbb"),
        "add the lines of a drawing and paint them in a colour",
        lambda layers, values: draw(layers, values[0], values[1]),
    ),
    Step(
        "redraw",
        ("DRAWING",),
        "take the lines of a drawing instead of the sketch",
        lambda layers, values: redraw(layers, values[0]),
    ),
    Step(
        "rub-out",
        ("MASK",),
        "remove the lines, or joints, in the mask",
        lambda layers, values: rub_out(layers, _mask(values[0])),
    ),
    Step(
        "joint",
        ("PERSON", "JOINT", "X,Y"),
        "move a joint of a skeleton, such as 0 'left wrist' 120,80",
        lambda layers, values: _joint(layers, *values),
    ),
    Step("caption", ("TEXT",), "say anew what it shows", lambda layers, values: rewrite(layers, values[0])),
    Step(
        "budget",
        ("BYTES",),
        "bring the file back to a budget: bytes, a rate or a preset",
        lambda layers, values: fit(layers, values[0]),
    ),
)
