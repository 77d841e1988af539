"""What the tabs are laid out with: the page, what works for them, and the picture of the moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.events import Dependency

from textsketch.web.controls import PRIVATE, Changes, Refresh, Updates
from textsketch.web.edits import Edits
from textsketch.web.jobs import Jobs
from textsketch.web.offers import Fetches
from textsketch.web.reflections import Reflections
from textsketch.web.renderer_controls import RendererControls
from textsketch.web.results import Result, Results
from textsketch.web.sweeps import Sweeps


@dataclass(frozen=True)
class Current:
    """The controls of the current picture.

    changes: all that changes them. shown: its result. decode, edit: ask for that to be decoded, or edited, as
    any file is.
    """

    picture: gr.Image
    caption: gr.Textbox
    seed: gr.Number
    renderer: RendererControls
    changes: Changes
    shown: gr.State
    decode: gr.Button
    edit: gr.Button

    @property
    def inputs(self) -> list[Any]:
        """What an event of another tab has to be given: picture, caption, seed, then the renderer's inputs."""
        return [self.picture, self.caption, self.seed, *self.renderer.inputs]


@dataclass
class Shared:
    """One for a page. examples: the folder of the bundled pictures. current: there once the Encode tab is.

    decoded: the file of the Decode tab and the button that asks for it to be edited, once that tab is there.
    """

    page: gr.Blocks
    jobs: Jobs
    results: Results
    sweeps: Sweeps
    edits: Edits
    reflections: Reflections
    examples: Path
    fetches: Fetches = field(default_factory=Fetches)
    tab: gr.Tab = field(init=False)
    """The one that is being laid out."""
    current: Current = field(init=False)
    decoded: tuple[gr.File, gr.Button] = field(init=False)
    show_first: Callable[[Result], None] = field(init=False)
    """Makes a result part of the page as it is served, so that it is seen before the page has asked."""
    arrivals: list[Dependency] = field(default_factory=list)
    """Events after which something may be here that was not."""
    refreshes: list[Refresh] = field(default_factory=list)
    """What depends on what is here."""

    def wire(self) -> None:
        """Bring what depends on what is here up to date when the page is opened and after each arrival."""
        inputs = [one for refresh in self.refreshes for one in refresh.inputs]
        outputs = [one for refresh in self.refreshes for one in refresh.outputs]

        def refresh(*values: Any) -> Updates:
            given = iter(values)
            found: Updates = {}
            for part in self.refreshes:
                found |= part.updates(*(next(given) for _ in part.inputs))
            return found

        self.page.load(refresh, inputs, outputs, queue=False, **PRIVATE)
        for arrival in self.arrivals:
            arrival.then(refresh, inputs, outputs, **PRIVATE)
