"""Controls for the options of one row of a table; see `textsketch.options`."""

from __future__ import annotations

import gradio as gr
from gradio.components import Component

from textsketch.options import Option, Options, described

_WIDEST_SLIDER = 100


def option_controls(name: str, kind: type[Options]) -> dict[str, Component]:
    """A control for every option of `kind`, by the option's name; name: begins their elem_id."""
    return {one.name: _control(f"{name}-{one.name}", one) for one in described(kind)}


def _control(elem_id: str, one: Option) -> Component:
    label = one.summary.capitalize()
    if one.choices:
        return gr.Dropdown(list(one.choices), value=one.default, label=label, elem_id=elem_id)
    if one.kind is bool:
        return gr.Checkbox(one.default, label=label, elem_id=elem_id)
    if one.kind is str:
        return gr.Textbox(one.default, label=label, elem_id=elem_id)
    whole = one.kind is int
    if one.least is not None and one.most is not None and one.most - one.least <= _WIDEST_SLIDER:
        step = 1 if whole else 0.05
        return gr.Slider(one.least, one.most, one.default, step=step, label=label, elem_id=elem_id)
    return gr.Number(
        one.default,
        label=label,
        minimum=one.least,
        maximum=one.most,
        precision=0 if whole else None,
        elem_id=elem_id,
    )
