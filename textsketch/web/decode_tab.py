"""The Decode tab: a .tsk file in, its picture out, with as many layers as wanted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from textsketch.layers import Mode
from textsketch.web import html
from textsketch.web.controls import WORK, Updates, changes_of, follow, owner
from textsketch.web.renderer_controls import renderer_controls
from textsketch.web.results import Painted
from textsketch.web.shared import Shared

_ALL = "all"
_LAYERS = [("all the file has", _ALL), *((mode.value, mode.value) for mode in Mode)]


def decode_tab(shared: Shared) -> None:
    """Lay out the tab and wire it."""
    jobs, results = shared.jobs, shared.results
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            file = gr.File(label="A .tsk file", type="filepath", elem_id="tsk")
            layers = gr.Radio(_LAYERS, value=_ALL, label="Layers to paint", elem_id="layers-to-paint")
            renderer = renderer_controls("decode")
        with gr.Column(scale=5, min_width=320):
            status = gr.HTML("", elem_id="decode-status")
            card = gr.HTML("", elem_id="decode-card")
            image = gr.Image(
                label="Decoded from the file alone",
                format="png",
                type="filepath",
                interactive=False,
                elem_id="decoded-image",
                buttons=["download", "fullscreen"],
            )

    nothing: Updates = {card: "", image: None}

    def work(request: gr.Request, path, layers, *rendering) -> Iterator[Updates]:
        if not path:
            yield {status: ""} | nothing
            return

        asked = renderer.asked(rendering)

        def job(report):
            return results.decode_file(
                path,
                mode=None if layers == _ALL else layers,
                report=report,
                renderer=asked.renderer,
                options=asked.rendering,
            )

        def done(painted: Painted) -> Updates:
            shown: Updates = {card: html.file_card(painted), image: painted.png}
            if painted.lost is not None:
                shown[status] = html.warning(f"Damaged file: {painted.lost}.")
            return shown

        yield from follow(
            jobs.run(owner(request, "decode"), job),
            status,
            done,
            failed=lambda sentence: nothing,
        )

    shared.refreshes.append(renderer.refresh)
    settings: list[Any] = [file, layers, *renderer.inputs]
    asking = [file.upload, file.clear, file.delete, *changes_of([layers, *renderer.inputs])]
    gr.on(asking, work, settings, [status, card, image], trigger_mode="multiple", **WORK)
