"""The Encode tab's result: status, figures, pictures, layers and files to take home."""

from __future__ import annotations

import gradio as gr
from gradio.components import Component

from textsketch.web import html
from textsketch.web.controls import Updates, on_any, picture_slider
from textsketch.web.jobs import Update
from textsketch.web.offers import CLIP, Fetches
from textsketch.web.results import Result

PAIRS = {
    "original | decoded": ("original", "decoded"),
    "JPEG of the same size | decoded": ("jpeg_shown", "decoded"),
    "original | JPEG of the same size": ("original", "jpeg_shown"),
    "what was sent | decoded": ("plain", "decoded"),
}


class ResultPanel:
    """Components laid out where it is made, and what each of them is to show.

    While the status says that the result is out of date, is being replaced or failed, the style sheet dims
    everything below it; while it tells the progress of a job, Cancel is there.
    """

    def __init__(self, fetches: Fetches) -> None:
        with gr.Row(elem_id="status-bar", equal_height=True):
            self.status = gr.HTML(html.note("Loading"), elem_id="status")
            self.cancel = gr.Button("Cancel", size="sm", elem_id="cancel", scale=0, min_width=90)
        self._preview = gr.Image(
            label="Preview", format="png", interactive=False, height=240, buttons=[], elem_id="preview"
        )
        self._headline = gr.HTML(html.headline_placeholder(), elem_id="headline")
        self.scores = gr.HTML("", elem_id="scores")
        self.offer, self.fetched = fetches.offer(CLIP)
        self._slider = picture_slider(
            "Two pictures beside each other, with a divider to move", max_height=620, elem_id="slider"
        )
        self.pair = gr.Radio(
            list(PAIRS),
            value=next(iter(PAIRS)),
            label="The two pictures to compare",
            show_label=False,
            container=False,
            elem_id="pair",
        )
        self._layers = gr.HTML("", elem_id="layers")
        with gr.Row(elem_id="downloads"):
            self._tsk = gr.DownloadButton("Download .tsk", interactive=False, elem_id="take-tsk")
            self._png = gr.DownloadButton("Download decoded PNG", interactive=False, elem_id="take-png")
            self._jpeg = gr.DownloadButton("Download the JPEG", interactive=False, elem_id="take-jpeg")
        with gr.Accordion("The whole file, byte by byte", open=False):
            self._dump = gr.HTML("", elem_id="dump")
        self.shown = gr.State(None)  # the result
        # The pair that is chosen when the result arrives counts, not the one when it was asked for.
        chosen = [self.pair, self.shown]
        on_any(
            [self.pair.change, self.shown.change],
            lambda pair, shown: tuple(shown.files[name] for name in PAIRS[pair]) if shown else None,
            chosen,
            self._slider,
        )

    @property
    def outputs(self) -> list[Component]:
        """Every component the updates below may name."""
        return [
            self.status, self._preview, self._headline, self._layers,
            self._tsk, self._png, self._jpeg, self._dump, self.shown, self.scores,
        ]  # fmt: skip

    def working(self, update: Update) -> Updates:
        """A rough picture of what is coming, if there is one."""
        return {self._preview: update.preview}

    def idle(self) -> Updates:
        """No job is running any more."""
        return {self._preview: None}

    def current(self, status: str, fresh: bool) -> Updates:
        """What the status line says; files can be downloaded while the result is that of the settings."""
        can_take = gr.update(interactive=fresh)
        return {self.status: status, self._tsk: can_take, self._png: can_take, self._jpeg: can_take}

    def result(self, result: Result) -> Updates:
        """A finished result."""
        tsk_label = f"Download .tsk ({result.report.size_bytes:,} B)"
        return {
            self.status: html.timing(result),
            self._headline: html.headline(result),
            self._layers: html.layers(result),
            self._tsk: gr.update(value=result.files["tsk"], interactive=True, label=tsk_label),
            self._png: gr.update(value=result.files["decoded"], interactive=True),
            self._jpeg: gr.update(value=result.files["jpeg"], interactive=True),
            self._dump: html.hex_dump(result.data),
            self.shown: result,
            self.scores: "",
        }
