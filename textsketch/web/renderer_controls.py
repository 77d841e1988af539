"""Which renderer paints, with the options of all that can be used here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from textsketch.options import Options, described
from textsketch.render import registry
from textsketch.web import html
from textsketch.web.controls import PRIVATE, Updates
from textsketch.web.option_controls import lacking, offered, option_control, set_values


@dataclass(frozen=True)
class Asked:
    """A renderer by name, and its own options of rendering and of encoding by name."""

    renderer: str
    rendering: dict[str, Any]
    allocation: dict[str, Any]

    @classmethod
    def usual(cls) -> Asked:
        """What is asked for before anybody touches a control."""
        row = registry.preferred()
        return cls(row.name, _defaults(row.options), _defaults(row.allocation))


@dataclass(frozen=True)
class RendererControls:
    """The controls of a tab: which renderer, and one for each option, whoever takes it."""

    renderer: gr.Dropdown
    rendering: dict[str, Component]
    allocation: dict[str, Component]

    @property
    def inputs(self) -> list[Component]:
        """What an event has to be given so that `asked` understands its values."""
        return [self.renderer, *self.rendering.values(), *self.allocation.values()]

    def asked(self, values: Sequence[Any]) -> Asked:
        """What the values of `inputs` ask for."""
        name, *settings = values
        row = registry.get(name)
        rendering = dict(zip(self.rendering, settings, strict=False))
        allocation = dict(zip(self.allocation, settings[len(rendering) :], strict=True))
        return Asked(name, set_values(row.options, rendering), set_values(row.allocation, allocation))


def _defaults(kind: type[Options]) -> dict[str, Any]:
    return {one.name: one.default for one in described(kind) if one.offered}


def renderer_controls(tab: str, *, encoding: bool = False) -> RendererControls:
    """Lay out the controls; what cannot be used here is named with what it lacks.

    encoding: whether the tab encodes, so that options of encoding are wanted too.
    """
    reasons = {renderer.name: renderer.unavailable() for renderer in registry.RENDERERS}
    ready = [renderer for renderer in registry.RENDERERS if reasons[renderer.name] is None]
    first = registry.preferred()
    chosen = gr.Dropdown(
        [(renderer.title, renderer.name) for renderer in ready],
        value=first.name,
        label="Decoder",
        info="The painter runs anywhere. Stable Diffusion paints a photograph that follows the layers.",
        elem_id=f"{tab}-decoder",
        visible=len(ready) > 1,
    )
    owners: dict[str, list[str]] = {}

    def controls(options: dict[str, Any]) -> dict[str, Component]:
        found = {}
        for name, (one, takers) in options.items():
            owners[name] = takers
            found[name] = option_control(f"{tab}-{name}", one, visible=first.name in takers)
        return found

    rendering = offered({renderer.name: renderer.options for renderer in ready})
    allocation = offered({renderer.name: renderer.allocation for renderer in ready}) if encoding else {}
    made = RendererControls(chosen, controls(rendering), controls(allocation))
    missing = [reason for reason in reasons.values() if reason is not None]
    if missing:
        gr.HTML(html.missing("Stable Diffusion as the decoder", missing))
    missing = lacking([one for one, _ in allocation.values()])
    if missing:
        gr.HTML(html.missing("More choices for encoding", missing))
    usable = {
        name: not one.choices or sum(one.lacks(choice) is None for choice in one.choices) > 1
        for name, (one, _) in (rendering | allocation).items()
    }

    def show_own(name: str) -> Updates:
        both = made.rendering | made.allocation
        return {both[one]: gr.update(visible=usable[one] and name in owners[one]) for one in both}

    if len(ready) > 1:
        chosen.change(show_own, chosen, made.inputs[1:], **PRIVATE)
    return made
