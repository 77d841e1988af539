"""What the Edit tab's canvas asks for: a message, checked, and what each kind does to layers.

A message is a JSON object: `do` names the edit, `serial` numbers the message, `picture` is what was drawn (a
PNG in base64, stretched over the picture, opaque where the brush went), places and distances are in shares
of the picture's sides.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image, ImageColor

from textsketch import bitstream, edit
from textsketch.edit.pigment import planes_of_colour
from textsketch.errors import TextsketchError
from textsketch.image.reading import is_picture
from textsketch.layers import Layers
from textsketch.pipeline import read_file
from textsketch.web.commands import MALFORMED

UNDO, REDO = "undo", "redo"
LONGEST = 2_000_000
"""Characters of a message: a scribble over a picture of 1,024 x 1,024 pixels has a tenth of that."""
_PNG = b"\x89PNG"
_MOST_PIXELS = 2048 * 2048
_OPAQUE = 64
"""Of 255: the soft edge of a brush stroke counts to half its width."""
_NO_MASK = "nothing is marked: paint over it with Mark first, or mark all"
_NO_OTHER = "choose the other picture first: drop it on its field or upload it"


@dataclass(frozen=True)
class Asked:
    """A message. do: a name of `TOOLS`, or UNDO or REDO. picture: what was drawn, a PNG, or None."""

    do: str
    serial: int
    picture: bytes | None = None
    values: dict[str, Any] = field(default_factory=dict)

    def number(self, name: str) -> float:
        """A number of the message. Raises TextsketchError where it is none."""
        return _number(self.values.get(name))

    def pair(self, name: str) -> tuple[float, float]:
        """Two numbers of the message. Raises TextsketchError where they are none."""
        found = self.values.get(name)
        if not isinstance(found, list) or len(found) != 2:
            raise TextsketchError(MALFORMED)
        return _number(found[0]), _number(found[1])

    def text(self, name: str) -> str:
        """A text of the message, "" where it has none. Raises TextsketchError where it is something else."""
        found = self.values.get(name, "")
        if not isinstance(found, str):
            raise TextsketchError(MALFORMED)
        return found


def parse(message: str) -> Asked:
    """A message as it came from a page. Raises TextsketchError for what no page sends."""
    try:
        found = json.loads(message) if len(message) <= LONGEST else None
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise TextsketchError(MALFORMED)
    do, serial = found.pop("do", None), found.pop("serial", None)
    known = isinstance(do, str) and (do in TOOLS or do in (UNDO, REDO))
    if not known or not isinstance(serial, int) or not 0 <= serial < 2**53:
        raise TextsketchError(MALFORMED)
    return Asked(do, serial, _drawn(found.pop("picture", None)), found)


def apply(data: bytes, asked: Asked, other: str | None) -> bytes:
    """The bytes of a .tsk file after an edit.

    other: the path of another picture or file, for the edits that want one. Raises TextsketchError where the
    edit cannot be made.
    """
    layers = bitstream.unpack(data)
    drawn = None if asked.picture is None else _read(asked.picture)
    edited = TOOLS[asked.do](layers, Given(asked, drawn, other))
    return data if edited is layers else bitstream.pack(edited)


@dataclass(frozen=True, eq=False)
class Given:
    """A message with its pictures. drawn: where the brush went, (height, width) bool; other: a path."""

    asked: Asked
    drawn: np.ndarray | None
    other: str | None

    def brushed(self) -> np.ndarray:
        """The mask, or the lines. Raises TextsketchError where nothing was drawn."""
        drawn = self.brushed_or_all()
        if drawn is None:
            raise TextsketchError(_NO_MASK)
        return drawn

    def brushed_or_all(self) -> np.ndarray | None:
        """The mask, or None where nothing was drawn: the whole picture."""
        return None if self.drawn is None or not self.drawn.any() else self.drawn

    def colour(self) -> str:
        """A colour as the page's control has it; what is none is for `edit` to say."""
        return self.asked.text("colour")


def _draw(layers: Layers, given: Given) -> Layers:
    return edit.draw(layers, given.brushed(), given.colour() or None)


def _move(layers: Layers, given: Given) -> Layers:
    right, down = given.asked.pair("by")
    return edit.move(layers, given.brushed(), (right * layers.size[0], down * layers.size[1]))


def _shift(layers: Layers, given: Given) -> Layers:
    hue, lightness, chroma = (given.asked.number(name) for name in ("hue", "lightness", "chroma"))
    return edit.shift(layers, given.brushed(), hue, lightness, chroma)


def _paint(layers: Layers, given: Given) -> Layers:
    planes_of_colour(given.colour())  # says what is none
    one = ImageColor.getrgb(given.colour())[:3]
    return edit.repaint(layers, given.brushed(), np.array([[one]], np.uint8))


def _joint(layers: Layers, given: Given) -> Layers:
    person, joint = given.asked.values.get("person"), given.asked.values.get("joint")
    if type(person) is not int or type(joint) is not int:
        raise TextsketchError(MALFORMED)
    if given.asked.values.get("to") is None:
        return edit.move_joint(layers, person, joint, None)
    right, down = given.asked.pair("to")
    return edit.move_joint(layers, person, joint, (right * layers.size[0], down * layers.size[1]))


def _colours(layers: Layers, given: Given) -> Layers:
    path, data = _other(given)
    theirs = path if is_picture(data[:32]) else bitstream.unpack(data)
    return edit.exchange(layers, theirs, given.brushed_or_all(), given.asked.text("way"))


def _lines(layers: Layers, given: Given) -> Layers:
    path, data = _other(given)
    if not is_picture(data[:32]):
        raise TextsketchError("lines are taken of a picture: a drawing or a photograph of one")
    return edit.redraw(layers, path)


def _other(given: Given) -> tuple[str, bytes]:
    """The path of the other picture or file, and as many of its bytes as a .tsk file can have."""
    if given.other is None:
        raise TextsketchError(_NO_OTHER)
    return given.other, read_file(given.other)


TOOLS: dict[str, Callable[[Layers, Given], Layers]] = {
    "draw": _draw,
    "rub": lambda layers, given: edit.rub_out(layers, given.brushed()),
    "move": _move,
    "joint": _joint,
    "recolour": lambda layers, given: edit.recolour(layers, given.brushed(), given.colour()),
    "paint": _paint,
    "shift": _shift,
    "erase": lambda layers, given: edit.erase(layers, given.brushed()),
    "colours": _colours,
    "lines": _lines,
    "caption": lambda layers, given: edit.rewrite(layers, given.asked.text("caption")),
}
"""What each kind of message does."""


def _number(found: Any) -> float:
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) <= 1e6:
        raise TextsketchError(MALFORMED)
    return float(found)


def _drawn(found: Any) -> bytes | None:
    """The bytes of what was drawn; no pixel of it is decoded here."""
    if found is None:
        return None
    try:
        picture = base64.b64decode(found, validate=True) if isinstance(found, str) else b""
    except (binascii.Error, ValueError):
        picture = b""
    if not picture.startswith(_PNG):
        raise TextsketchError(MALFORMED)
    return picture


def _read(png: bytes) -> np.ndarray:
    """Where a drawing is opaque: (height, width) bool."""
    try:
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            if picture.width * picture.height > _MOST_PIXELS:
                raise TextsketchError(MALFORMED)
            opacity = picture.convert("RGBA").getchannel("A")
    except Exception:  # of a damaged chunk Pillow may raise anything
        raise TextsketchError(MALFORMED) from None
    return np.asarray(opacity) >= _OPAQUE
