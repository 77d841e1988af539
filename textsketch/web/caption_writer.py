"""Captions written for a visitor, by any source of the table that can be used here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import PIL.Image
from gradio.components import Component
from gradio.events import Dependency

from textsketch.semantic.captions import table
from textsketch.web import html
from textsketch.web.controls import NO_PICTURE, PRIVATE, WORK, Updates, follow, owner
from textsketch.web.jobs import Jobs, Update
from textsketch.web.live_lines import describe_caption
from textsketch.web.option_controls import option_controls, set_values


def caption_writer(
    jobs: Jobs,
    read: Callable[[str, Any], PIL.Image.Image],
    picture: gr.Image,
    caption: gr.Textbox,
    line: gr.HTML,
) -> Dependency | None:
    """Lay out and wire what writes into `caption`; the event. Where no source can be used, say what they need.

    read: gives the picture of a path, as part of the job that it is given. line: where the progress is told.
    """
    lacking = {source.name: source.unavailable() for source in table.SOURCES.values()}
    ready = [source for source in table.SOURCES.values() if lacking[source.name] is None]
    if not ready:
        gr.HTML(html.missing("Captions written for you", [reason for reason in lacking.values() if reason]))
        return None
    with gr.Row(equal_height=True):
        chosen = gr.Dropdown(
            [(source.title, source.name) for source in ready],
            value=ready[0].name,
            label="What writes the caption",
            show_label=False,
            container=False,
            elem_id="caption-source",
        )
        write = gr.Button("Write a caption", size="sm", elem_id="write")
        cancel = gr.Button("Cancel", size="sm", elem_id="write-cancel")
    rows: dict[str, gr.Row] = {}
    options: list[tuple[str, str]] = []
    controls: list[Component] = []
    for source in ready:
        with gr.Row(visible=source is ready[0]) as rows[source.name]:
            for option, control in option_controls(source.name, source.options).items():
                options.append((source.name, option))
                controls.append(control)
    idle: Updates = {write: gr.update(interactive=True)}

    def work(request: gr.Request, path, name, *values) -> Iterator[Updates]:
        if not path:
            yield {line: html.error(NO_PICTURE)}
            return
        source = table.get(name)
        own = {
            option: value
            for (owner_of, option), value in zip(options, values, strict=True)
            if owner_of == name
        }
        best: list[str] = []

        def write_caption(report) -> str:
            def progress(fraction: float, message: str) -> None:
                best[:] = [message] if source.usable_at_once else []
                report(fraction, message)

            return table.write(read(path, report), name, progress=progress, **set_values(source.options, own))

        def cancelled() -> Updates:
            found: Updates = {caption: best[0], line: describe_caption(best[0])} if best else {}
            return idle | {line: html.note("Cancelled.")} | found

        yield {write: gr.update(interactive=False), line: html.progress(Update(0.0, "starting"))}
        yield from follow(
            jobs.run(owner(request, "caption"), write_caption),
            line,
            lambda text: idle | {caption: text, line: describe_caption(text)},
            failed=lambda sentence: idle,
            cancelled=cancelled,
        )

    def stop(request: gr.Request) -> None:
        jobs.cancel(owner(request, "caption"))

    def show_options(name: str) -> dict[gr.Row, Any]:
        return {row: gr.update(visible=name == of) for of, row in rows.items()}

    chosen.change(show_options, chosen, list(rows.values()), **PRIVATE)
    cancel.click(stop, None, None, queue=False, **PRIVATE)
    return write.click(work, [picture, chosen, *controls], [line, caption, write], **WORK)
