"""The Decode tab: a .tsk file in, its picture out, with as many layers as wanted."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from textsketch.errors import LinkError, TextsketchError
from textsketch.layers import Mode
from textsketch.render import registry
from textsketch.share.link import tsk_in
from textsketch.web import html, pictures
from textsketch.web.commands import MALFORMED
from textsketch.web.controls import PRIVATE, WORK, Updates, changes_of, follow, owner, turn
from textsketch.web.examples import Choosable
from textsketch.web.renderer_controls import renderer_controls
from textsketch.web.results import Painted, Result
from textsketch.web.shared import Shared

_ALL = "all"
_BRING = "Bring a file, a link or a sample."
_LAYERS = [("all the file has", _ALL), *((mode.value, mode.value) for mode in Mode)]
_ARRIVE = "() => [window.textsketch.arrive()]"
_SHOW = "() => window.textsketch.showTab('decode')"


def decode_tab(shared: Shared) -> None:
    """Lay out the tab and wire it."""
    jobs, results = shared.jobs, shared.results
    samples = sorted(shared.examples.glob("*.tsk"))
    with gr.Row(elem_classes="ts-workbench"):
        with gr.Column(scale=0, min_width=320, elem_classes="ts-aside"):
            file = gr.File(
                label="A .tsk file, or a photograph of a QR code",
                type="filepath",
                height=140,
                elem_id="tsk",
            )
            link = gr.Textbox(label="Or a link", placeholder="https://…", max_lines=1, elem_id="link")
            open_link = gr.Button("Open the link", size="sm", elem_id="open-link")
            chosen = Choosable(_samples(samples), "samples")
            layers = gr.Radio(_LAYERS, value=_ALL, label="Layers to paint", elem_id="layers-to-paint")
            renderer = renderer_controls("decode")
        with gr.Column(scale=1, min_width=320):
            status = gr.HTML(html.note(_BRING), elem_id="decode-status")
            card = gr.HTML("", elem_id="decode-card")
            image = gr.HTML("", elem_id="decoded-image")
            with gr.Row():
                take = gr.DownloadButton(
                    "Download the PNG", size="sm", interactive=False, elem_id="take-decoded"
                )
                edit = gr.Button("Edit this file", size="sm", interactive=False, elem_id="edit-decoded")

    off = gr.update(interactive=False)
    nothing: Updates = {card: "", image: "", take: off, edit: off}

    def work(request: gr.Request, path, layers, *rendering) -> Iterator[Updates]:
        if not path:
            jobs.overtake(owner(request, "decode"), turn(request))
            yield {status: html.note(_BRING)} | nothing
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
            shown: Updates = {
                card: html.file_card(painted),
                image: pictures.alone(painted),
                take: gr.update(value=painted.png, interactive=True),
                edit: gr.update(interactive=True),
            }
            if painted.lost is not None:
                shown[status] = html.warning(f"Damaged file: {painted.lost}.")
            return shown

        yield from follow(
            jobs.run(
                owner(request, "decode"),
                job,
                asks=registry.get(asked.renderer).remote,
                turn=turn(request),
            ),
            status,
            done,
            failed=lambda sentence: nothing,
        )

    def follow_link(request: gr.Request, text: str) -> Updates:
        """Take the file in a link; what was asked before is overtaken."""
        jobs.overtake(owner(request, "decode"), turn(request))
        try:
            data = tsk_in(text)
        except LinkError as error:
            return {file: None, status: html.error(str(error))} | nothing
        return {file: results.take_file(data), status: ""} | nothing

    def work_if_brought(request: gr.Request, path, *settings) -> Iterator[Any]:
        """Decode what a link, a sample or the Encode tab has brought; without it, what was said stays."""
        if path:
            yield from work(request, path, *settings)
        else:
            yield gr.skip()

    def arrive(request: gr.Request, text: str) -> Updates:
        """Take the file that the page's own address brings along; the page says "" where it brings none."""
        return {link: ""} | (follow_link(request, text) if text else {})

    def pick(index) -> str:
        if index not in range(len(samples)):
            raise TextsketchError(MALFORMED)
        return str(samples[int(index)])

    def take_result(shown: Result | None) -> Any:
        return shown.files["tsk"] if shown else gr.skip()

    shared.decoded = file, edit
    shared.refreshes.append(renderer.refresh)
    settings: list[Any] = [file, layers, *renderer.inputs]
    decode = {
        "fn": work,
        "inputs": settings,
        "outputs": [status, card, image, take, edit],
    }
    asking = [file.upload, file.clear, file.delete, *changes_of([layers, *renderer.inputs])]
    gr.on(asking, **decode, **WORK)
    shown = [file, status, card, image, take, edit]
    opened = gr.on([link.submit, open_link.click], follow_link, link, shown, **PRIVATE)
    brought = shared.page.load(arrive, link, [*shown, link], js=_ARRIVE, **PRIVATE)
    picked = chosen.on_choice(pick, [], file)
    again = shared.current.decode.click(take_result, shared.current.shown, file, **PRIVATE)
    shared.current.decode.click(None, js=_SHOW, **PRIVATE)
    for step in (opened, brought, picked, again):
        step.success(**(decode | {"fn": work_if_brought}), **WORK)


def _samples(paths: list[Path]) -> str:
    buttons = "".join(
        f'<button type="button" class="ts-sample" data-index="{index}">{escape(path.stem)}, '
        f"{path.stat().st_size:,} B</button>"
        for index, path in enumerate(paths)
    )
    return f'<div class="ts-samples"><span>Samples:</span>{buttons}</div>'
