"""Controls for the options of rows of tables; see `textsketch.options`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from gradio.components import Component

from textsketch.options import Option, Options, described

_WIDEST_SLIDER = 100
_MOST_BUTTONS = 4


def offered(kinds: Mapping[str, type[Options]]) -> dict[str, tuple[Option, list[str]]]:
    """The options of these classes that the page offers, by name, each with the names of who takes it."""
    found: dict[str, tuple[Option, list[str]]] = {}
    for owner, kind in kinds.items():
        for one in described(kind):
            if one.offered:
                found.setdefault(one.name, (one, []))[1].append(owner)
    return found


def lacking(options: list[Option]) -> list[str]:
    """What choices of these options lack here, a sentence each."""
    sentences = [one.lacks(choice) for one in options for choice in one.choices]
    return [sentence for sentence in dict.fromkeys(sentences) if sentence is not None]


def usable_choices(one: Option) -> list[Any]:
    """Those of an option's choices that can be used here."""
    return [choice for choice in one.choices if one.lacks(choice) is None]


def option_control(elem_id: str, one: Option, *, visible: bool = True) -> Component:
    """A control for an option, with those of its choices that can be used here."""
    about: dict[str, Any] = {"label": _label(one), "elem_id": elem_id, "visible": visible}
    if one.choices:
        usable = usable_choices(one)
        about["visible"] = visible and len(usable) > 1
        kind = gr.Radio if len(one.choices) <= _MOST_BUTTONS else gr.Dropdown
        return kind(usable, value=one.default, **about)
    if one.kind is bool:
        return gr.Checkbox(one.default, **about)
    if one.kind is str:
        return gr.Textbox(one.default, **about)
    whole = one.kind is int
    least, most = one.least, one.most
    if None not in (least, most, one.default) and most - least <= _WIDEST_SLIDER:  # type: ignore[operator]
        return gr.Slider(least, most, one.default, step=1 if whole else 0.05, **about)  # type: ignore[arg-type]
    if one.default is None:  # an empty number field is a 0 to the page
        return gr.Textbox("", max_lines=1, placeholder="as usual", **about)
    return gr.Number(
        one.default, precision=0 if whole else None, minimum=one.least, maximum=one.most, **about
    )


def option_controls(name: str, kind: type[Options]) -> dict[str, Component]:
    """A control for every option of `kind` that the page offers, by its name; name: begins their elem_id."""
    return {one.name: option_control(f"{name}-{one.name}", one) for one in described(kind) if one.offered}


def set_values(kind: type[Options], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the controls' values that are options of `kind`, as `options.fill` takes them."""
    found = {}
    for one in described(kind):
        if one.name in values:
            found[one.name] = _value(one, values[one.name])
    return found


def _value(one: Option, value: Any) -> Any:
    """A control's value as the option's type; what is none stays as it was typed, for the error to quote."""
    if isinstance(value, str) and one.kind in (int, float):
        try:
            value = float(value) if value.strip() else None
        except ValueError:
            return value
    whole = one.kind is int and isinstance(value, float) and value.is_integer()
    return int(value) if whole else value


def _label(one: Option) -> str:
    label = one.summary[0].upper() + one.summary[1:]
    if one.default is None and one.least is not None and one.most is not None:
        return f"{label} ({one.least:g} to {one.most:g})"
    return label
