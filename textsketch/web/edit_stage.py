"""The Edit tab's canvas and its tools as HTML; edit.js, which is loaded with the tab, makes them work."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from textsketch.structure.pose import LIMBS
from textsketch.web.edits import Edited, Sheet
from textsketch.web.pictures import address

SCRIPT = "edit.js"
LOAD_SCRIPT = f"import(new URL('{SCRIPT}', document.baseURI)).then(module => module.mount(element));"
"""Loads edit.js once the canvas is on the page, which is when its tab is first opened."""

_BRUSHES = (
    ("line", "Line", "Draw lines, at which colours stop"),
    ("rub", "Rub out", "Rub out lines"),
    ("mask", "Mark", "Mark what is to be changed"),
    ("unmask", "Unmark", "Take marks away"),
    ("move", "Move", "Drag what is marked; or arrow keys, then Enter"),
    ("pick", "Pick", "Take a colour of the picture"),
    ("joint", "Joints", "Drag the joints of people; out of the picture takes one away"),
)
_ACTIONS = (
    ("erase", "Erase", "Take the thing that is marked out of the picture"),
    ("recolour", "Recolour", "Give what is marked the colour; light and shade stay"),
    ("paint", "Paint over", "Cover what is marked with the colour"),
    ("rub", "Lines out", "Rub out the lines in what is marked"),
)
_SHIFTS = (("hue", "Hue", 180), ("lightness", "Light", 100), ("chroma", "Chroma", 100))


def stage() -> str:
    """Tools, canvas and what is done with what is marked."""
    brushes = "".join(
        f'<button type="button" data-tool="{name}" aria-pressed="{str(name == "line").lower()}" '
        f'title="{title}">{label}</button>'
        for name, label, title in _BRUSHES
    )
    actions = "".join(
        f'<button type="button" data-do="{name}" title="{title}">{label}</button>'
        for name, label, title in _ACTIONS
    )
    shifts = "".join(
        f'<label>{label} <output>0</output><input type="range" name="{name}" min="-{most}" max="{most}" '
        'value="0"/></label>'
        for name, label, most in _SHIFTS
    )
    return f"""<div class="ts-editor">
  <div class="ts-tools" role="group" aria-label="Brushes">{brushes}</div>
  <div class="ts-tools" role="group" aria-label="Brush">
    <label>Colour <input type="color" name="colour" value="#2050d0"/></label>
    <label>Size <input type="range" name="size" min="1" max="80" value="4"/></label>
    <label><input type="checkbox" name="coloured"/> Lines in colour</label>
    <label><input type="checkbox" name="lines" checked/> Show lines</label>
    <span class="ts-gap"></span>
    <span><button type="button" data-do="undo" title="Undo (Ctrl+Z)" disabled>Undo</button>
    <button type="button" data-do="redo" title="Redo (Ctrl+Y)" disabled>Redo</button></span>
  </div>
  <div class="ts-desk"><div class="ts-canvas"><img alt="The picture that is edited" hidden/>
    <canvas tabindex="0" role="application" aria-label="Canvas: draw with the chosen brush"></canvas></div>
  <div class="ts-tools ts-side" role="group" aria-label="What is marked">
    <button type="button" data-mark="all">Mark all</button>
    <button type="button" data-mark="none">Mark none</button>
    {actions}
    <div class="ts-shifts">{shifts}</div>
    <button type="button" data-do="shift" title="Shift the colours of what is marked">Shift colours</button>
  </div></div>
  <p class="ts-note">Draw lines, at which colours stop; or Mark a thing and erase, recolour or move it. What you
  change is painted at once, within the bytes you allow.</p>
</div>"""


def scene(sheet: Sheet, shown: Edited) -> str:
    """What the canvas shows, told to edit.js."""
    return _told(
        "scene",
        {
            "sheet": sheet.name,
            "size": shown.size,
            "picture": address(shown.files["shown"]),
            "lines": address(shown.files["lines"]) if "lines" in shown.files else None,
            "people": shown.people,
            "limbs": LIMBS if shown.people else [],
        },
    )


def standing(sheet: Sheet) -> str:
    """How far the messages are dealt with and where undo and redo lead, told to edit.js."""
    return _told("standing", {"answered": sheet.answered, "undo": sheet.can_undo, "redo": sheet.can_redo})


def _told(name: str, what: dict[str, Any]) -> str:
    return f'<div data-{name}="{escape(json.dumps(what), quote=True)}"></div>'
