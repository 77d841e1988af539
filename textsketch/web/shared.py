"""What the tabs are laid out with: the page, what works for them, and the picture of the moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr

from textsketch.web.controls import Changes
from textsketch.web.jobs import Jobs
from textsketch.web.renderer_controls import RendererControls
from textsketch.web.results import Results
from textsketch.web.sweeps import Sweeps


@dataclass(frozen=True)
class Current:
    """The controls of the current picture. changes: all that changes them."""

    picture: gr.Image
    caption: gr.Textbox
    seed: gr.Number
    renderer: RendererControls
    changes: Changes

    @property
    def inputs(self) -> list[Any]:
        """What an event of another tab has to be given: picture, caption, seed, then the renderer's inputs."""
        return [self.picture, self.caption, self.seed, *self.renderer.inputs]


@dataclass
class Shared:
    """One for a page. examples: the folder of the bundled pictures. current: there once the Encode tab is."""

    page: gr.Blocks
    jobs: Jobs
    results: Results
    sweeps: Sweeps
    examples: Path
    current: Current = field(init=False)
