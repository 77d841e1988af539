"""Which renderer paints, with the options of all that can be used here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from textsketch.options import Option, Options, described
from textsketch.render import registry
from textsketch.render.renderer import Renderer
from textsketch.web import html
from textsketch.web.controls import PRIVATE, Refresh, Updates
from textsketch.web.option_controls import lacking, offered, option_control, set_values, usable_choices

_ON_THE_PAGE = {"effort": 2}
"""Options of encoding that the page offers no control for and sets for itself: somebody is waiting."""


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
        return cls(row.name, _defaults(row.options), _defaults(row.allocation) | _on_the_page(row))


@dataclass(frozen=True)
class RendererControls:
    """The controls of a tab: which renderer, and one for each option, whoever takes it."""

    renderer: gr.Dropdown
    rendering: dict[str, Component]
    allocation: dict[str, Component]
    refresh: Refresh

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
        chosen = set_values(row.allocation, allocation) | _on_the_page(row)
        return Asked(name, set_values(row.options, rendering), chosen)


def _on_the_page(row: Renderer) -> dict[str, Any]:
    return {one.name: _ON_THE_PAGE[one.name] for one in described(row.allocation) if one.name in _ON_THE_PAGE}


def _defaults(kind: type[Options]) -> dict[str, Any]:
    return {one.name: one.default for one in described(kind) if one.offered}


def renderer_controls(tab: str, *, encoding: bool = False) -> RendererControls:
    """Lay out the controls; what cannot be used here is named with what it lacks.

    encoding: whether the tab encodes, so that options of encoding are wanted too.
    """
    ready = _ready()
    first = registry.preferred()
    chosen = gr.Dropdown(
        _titles(ready),
        value=first.name,
        label="Decoder",
        info="The painter runs anywhere. Stable Diffusion paints a photograph that follows the layers.",
        elem_id=f"{tab}-decoder",
        visible=len(ready) > 1,
    )
    takers: dict[str, list[str]] = {}
    options: dict[str, Option] = {}

    def controls(kinds: dict[str, type[Options]]) -> dict[str, Component]:
        found = {}
        for name, (one, by) in offered(kinds).items():
            options[name], takers[name] = one, by
            found[name] = option_control(f"{tab}-{name}", one, visible=first.name in by)
        return found

    # Those of renderers that lack something here too: it may arrive while the page is open.
    rendering = controls({renderer.name: renderer.options for renderer in registry.RENDERERS})
    allocation = (
        controls({renderer.name: renderer.allocation for renderer in registry.RENDERERS}) if encoding else {}
    )
    both = rendering | allocation
    missing = gr.HTML(_missing(allocation, options))

    def show_own(name: str) -> Updates:
        updates: Updates = {}
        for option, control in both.items():
            usable = usable_choices(options[option])
            more: dict[str, Any] = {"choices": usable} if options[option].choices else {}
            visible = name in takers[option] and (not more or len(usable) > 1)
            updates[control] = gr.update(visible=visible, **more)
        return updates

    def refresh(name: str) -> Updates:
        ready = _ready()
        about = gr.update(choices=_titles(ready), visible=len(ready) > 1)
        return {chosen: about, missing: _missing(allocation, options)} | show_own(name)

    chosen.change(show_own, chosen, list(both.values()), **PRIVATE)
    outputs = [chosen, missing, *both.values()]
    return RendererControls(chosen, rendering, allocation, Refresh(refresh, [chosen], outputs))


def _ready() -> list[Renderer]:
    return [renderer for renderer in registry.RENDERERS if renderer.unavailable() is None]


def _titles(renderers: list[Renderer]) -> list[tuple[str, str]]:
    return [(renderer.title, renderer.name) for renderer in renderers]


def _missing(allocation: dict[str, Component], options: dict[str, Option]) -> str:
    """What cannot be used here, and what helps."""
    reasons = [renderer.unavailable() for renderer in registry.RENDERERS]
    decoders = [reason for reason in reasons if reason is not None]
    choices = lacking([options[name] for name in allocation])
    parts = [("More decoders", decoders), ("More choices for encoding", choices)]
    return "".join(html.missing(title, sentences) for title, sentences in parts if sentences)
