"""Controls for the options of one row of a table; see `textsketch.options`."""

from __future__ import annotations

import dataclasses
from typing import Any

import gradio as gr
from gradio.components import Component

_WIDEST_SLIDER = 100


def option_controls(name: str, kind: type) -> dict[str, Component]:
    """A control for every option of the dataclass `kind`, by the option's name; name: begins their elem_id."""
    return {field.name: _control(f"{name}-{field.name}", field) for field in dataclasses.fields(kind)}


def _control(elem_id: str, field: dataclasses.Field) -> Component:
    value: Any = field.default
    label = field.metadata["summary"].capitalize()
    least, most = field.metadata["least"], field.metadata["most"]
    if isinstance(value, bool):
        return gr.Checkbox(value, label=label, elem_id=elem_id)
    if isinstance(value, str):
        return gr.Textbox(value, label=label, elem_id=elem_id)
    whole = isinstance(value, int)
    if None not in (least, most) and most - least <= _WIDEST_SLIDER:
        return gr.Slider(least, most, value, step=1 if whole else 0.05, label=label, elem_id=elem_id)
    return gr.Number(
        value, label=label, minimum=least, maximum=most, precision=0 if whole else None, elem_id=elem_id
    )
