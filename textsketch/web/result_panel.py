"""The Encode tab's result: status, pictures, figures, layers and files to take home."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.components import Component

from textsketch.web import html, pictures
from textsketch.web.controls import Updates
from textsketch.web.jobs import Update
from textsketch.web.offers import CLIP
from textsketch.web.results import Look, Result
from textsketch.web.shared import Shared
from textsketch.web.take_away import code_button, copy_link, slide_button


class ResultPanel:
    """Components laid out where it is made, and what each of them is to show.

    While the status says that the result is out of date, is being replaced or failed, the style sheet dims
    everything below it; while it tells the progress of a job, Cancel is there.
    """

    def __init__(self, shared: Shared) -> None:
        with gr.Row(elem_id="status-bar", equal_height=True):
            self.status = gr.HTML(html.note("Loading"), elem_id="status")
            self.cancel = gr.Button("Cancel", size="sm", elem_id="cancel", scale=0, min_width=90)
            self.ask = gr.Button("Encode", size="sm", elem_id="ask", scale=0, min_width=90)
        self._trio = gr.HTML(pictures.placeholder(), elem_id="trio")
        self._figures = gr.HTML(html.figures_placeholder(), elem_id="figures")
        self.scores = gr.HTML("", elem_id="scores")
        self._notes = gr.HTML("", elem_id="notes")
        with gr.Row(elem_id="downloads"):
            self._tsk = gr.DownloadButton("Download .tsk", size="sm", elem_id="take-tsk")
            self._png = gr.DownloadButton("Decoded PNG", size="sm", elem_id="take-png")
            self._jpeg = gr.DownloadButton("The JPEG", size="sm", elem_id="take-jpeg")
        self.shown = gr.State(None)  # the result
        self._carried = gr.HTML("", elem_id="carried", render=False)
        with gr.Row(elem_id="take-away"):
            self._link = gr.HTML("", elem_id="copy-link")
            code = code_button(self.shown, self._carried, "qr")
            slide = slide_button(shared.jobs, shared.results, self.shown, self._carried)
            self.decode = gr.Button("Decode this file", size="sm", elem_id="decode-this")
            self.edit = gr.Button("Edit", size="sm", elem_id="edit-this")
        self._takers = [self._tsk, self._png, self._jpeg, code, slide, self.decode, self.edit]
        for button in self._takers:
            button.interactive = False  # until there is a result to take
        self._carried.render()
        self.offer, self.fetched = shared.fetches.offer(CLIP)
        self._layers = gr.HTML("", elem_id="layers", render=False)
        self._dump = gr.HTML("", elem_id="dump", render=False)

    def lay_out_details(self) -> None:
        """Lay out what the file holds, below whatever was laid out since."""
        self._layers.render()
        with gr.Accordion("The whole file, byte by byte", open=False):
            self._dump.render()

    @property
    def outputs(self) -> list[Component]:
        """Every component the updates below may name."""
        return [
            self.status, self._trio, self._figures, self._notes, self._layers,
            *self._takers, self._dump, self.shown, self.scores, self._link, self._carried,
        ]  # fmt: skip

    def working(self, update: Update) -> Updates:
        """What there is to show already: a first look, or what a network paints."""
        look: Any = update.preview
        if look is None:
            return {}
        if not isinstance(look, Look):
            return {self._trio: pictures.preview(look)}
        return {
            self._trio: pictures.early_look(look),
            self._figures: html.early_figures(look),
            self.scores: "",
            self._notes: "",
        }

    def current(self, status: str, fresh: bool) -> Updates:
        """What the status line says; files can be downloaded while the result is that of the settings."""
        return {self.status: status} | {button: gr.update(interactive=fresh) for button in self._takers}

    def empty(self, status: str) -> Updates:
        """No result, and why."""
        return self.current(status, False) | {
            self._tsk: gr.update(interactive=False, label="Download .tsk"),
            self._trio: pictures.placeholder(),
            self._figures: html.figures_placeholder(),
            self._notes: "",
            self._layers: "",
            self._dump: "",
            self._link: "",
            self._carried: "",
            self.shown: None,
        }

    def kept(self, before: Result | None, status: str) -> Updates:
        """The result before, whole again under another status: a first look may lie over its pictures."""
        if before is None:
            return self.empty(status)
        whole = self.result(before) | self.current(status, False)
        return {component: update for component, update in whole.items() if component is not self.shown}

    def result(self, result: Result) -> Updates:
        """A finished result."""
        tsk_label = f"Download .tsk ({result.report.size_bytes:,} B)"
        return self.current(html.timing(result), True) | {
            self._trio: pictures.trio(result),
            self._figures: html.figures(result),
            self._notes: html.notes(result),
            self._layers: html.layers(result),
            self._tsk: gr.update(value=result.files["tsk"], interactive=True, label=tsk_label),
            self._png: gr.update(value=result.files["decoded"], interactive=True),
            self._jpeg: gr.update(value=result.files["jpeg"], interactive=True),
            self._dump: html.hex_dump(result.data),
            self._link: copy_link(result),
            self._carried: "",
            self.shown: result,
            self.scores: "",
        }

    def begin_with(self, result: Result) -> None:
        """Make a result what the page shows when it is opened."""
        for component, value in self.result(result).items():
            if isinstance(component, gr.HTML):
                component.value = value
