"""The Edit tab: the layers of a file on a canvas, changed by hand, painted anew after each touch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr

from textsketch.web import edit_requests, edit_stage, html, pictures
from textsketch.web.controls import PRIVATE, WORK, Updates, choices_of, follow, owner
from textsketch.web.edits import Edited, Sheet, least_budget
from textsketch.web.jobs import Reporter, Update
from textsketch.web.renderer_controls import renderer_controls
from textsketch.web.results import Result
from textsketch.web.shared import Shared
from textsketch.web.take_away import code_button, copy_link

_BRING = "Encode a picture and press Edit, or bring a .tsk file."
_SHOW = "() => window.textsketch.showTab('edit')"
_ARRIVE = """() => {
    if (document.querySelector('#edit')?.offsetParent) document.querySelector('#edit-arrive').click();
}"""
_TAKE = "(sheet, asked, ...more) => [sheet, window.textsketch.editor?.asked() ?? '', ...more]"
_LOST = "() => { window.textsketch.editor?.lost(); }"

Shown = tuple[Sheet, Edited, Edited]
"""What there is to show: the sheet, its original, and the version of the moment."""


def _ask(do: str, values: str = "{}") -> str:
    """The script that makes a message of a Gradio control's event; values: JavaScript over `more`."""
    return (
        "(sheet, asked, ...more) => "
        f"[sheet, window.textsketch.editor?.message('{do}', {values}) ?? '', ...more]"
    )


def edit_tab(shared: Shared) -> None:
    """Lay out the tab and wire it."""
    jobs, edits = shared.jobs, shared.edits
    with gr.Row(elem_classes="ts-workbench", elem_id="edit"):
        with gr.Column(scale=0, min_width=320, elem_classes="ts-aside"):
            file = gr.File(
                label="A .tsk file, or a photograph of a QR code",
                type="filepath",
                height=160,
                elem_id="edit-tsk",
            )
            caption = gr.Textbox("", label="Caption", lines=2, max_lines=4, elem_id="edit-caption")
            rename = gr.Button("Take this caption", size="sm", elem_id="edit-rename")
            budget = gr.Textbox(
                "",
                label="Keep within (bytes or a rate)",
                placeholder="as many as it takes",
                max_lines=1,
                elem_id="edit-budget",
            )
            other = gr.File(
                label="Colours of another picture or .tsk",
                type="filepath",
                height=160,
                elem_id="edit-other",
            )
            with gr.Row(elem_classes="ts-takers"):
                palette = gr.Button("Its palette", size="sm", min_width=60, elem_id="edit-palette")
                map_ = gr.Button("Its colour map", size="sm", min_width=60, elem_id="edit-map")
                lines = gr.Button("Its lines", size="sm", min_width=60, elem_id="edit-lines")
            renderer = renderer_controls("edit")
        with gr.Column(scale=1, min_width=320):
            with gr.Row(elem_classes="ts-status-row", equal_height=True):
                status = gr.HTML(html.note(_BRING), elem_id="edit-status")
                cancel = gr.Button("Cancel", size="sm", elem_id="edit-cancel", scale=0, min_width=90)
            gr.HTML(edit_stage.stage(), js_on_load=edit_stage.LOAD_SCRIPT, elem_id="edit-stage")
            pair = gr.HTML("", elem_id="edit-pair")
            notes = gr.HTML("", elem_id="edit-notes")
            shown = gr.State(None)
            carried = gr.HTML("", elem_id="edit-carried", render=False)
            with gr.Row(elem_classes="ts-takers"):
                tsk = gr.DownloadButton(
                    "Download .tsk", size="sm", min_width=90, interactive=False, elem_id="edit-take-tsk"
                )
                png = gr.DownloadButton(
                    "Decoded PNG", size="sm", min_width=90, interactive=False, elem_id="edit-take-png"
                )
                link = gr.HTML("", elem_id="edit-link")
                code_button(shown, carried, "edit-qr")
            carried.render()
    sheet = gr.State(None)
    scene = gr.HTML("", elem_id="edit-scene", visible="hidden")
    standing = gr.HTML("", elem_id="edit-standing", visible="hidden")
    message = gr.Textbox("", visible=False, max_length=edit_requests.LONGEST)
    ask = gr.Button("Ask", visible="hidden", elem_id="edit-ask")
    waiting = gr.Button("Show the first result", visible="hidden", elem_id="edit-arrive")

    def show(found: Shown) -> Updates:
        on, before, after = found
        label = f"Download .tsk ({len(after.data):,} B)"
        return {
            sheet: on,
            scene: edit_stage.scene(on, after),
            standing: edit_stage.standing(on),
            pair: pictures.before_after(before, after),
            notes: html.invention(after.invented),
            tsk: gr.update(value=after.files["tsk"], label=label, interactive=True),
            png: gr.update(value=after.files.get("png"), interactive=after.final),
            link: copy_link(after),
            shown: after,
            carried: "",
        }

    def painted(on: Sheet, budget: str, rendering: Any, report: Reporter) -> Shown:
        """The sheet's version of the moment as the chosen renderer paints it, after a look at it."""
        asked = renderer.asked(rendering)
        before = edits.look(on.original, on.stem, None, report)
        after = edits.look(on.data, f"{on.stem}-edited", budget.strip() or None, report)
        report.preview((on, before, after))
        before = edits.painted(before, asked.renderer, asked.rendering, report)
        return on, before, edits.painted(after, asked.renderer, asked.rendering, report)

    def followed(
        request: gr.Request, on: Sheet | None, job: Callable[[Reporter], Shown]
    ) -> Iterator[Updates]:
        """Follow a job to what it shows; a look is told once."""
        told = None

        def working(update: Update) -> Updates:
            nonlocal told
            if update.preview is None or update.preview is told:
                return {}
            told = update.preview
            return show(told)

        def failed(sentence: str) -> Updates:
            return {} if on is None else {standing: edit_stage.standing(on)}

        def cancelled() -> Updates:
            if on is not None:
                on.drop()
            return {status: html.note("Cancelled.")} | failed("")

        yield from follow(
            jobs.run(owner(request, "edit"), job),
            status,
            show,
            working=working,
            failed=failed,
            cancelled=cancelled,
        )

    def work(
        request: gr.Request, on: Sheet | None, message: str, path, budget, _, *rendering
    ) -> Iterator[Updates]:
        if on is None:
            yield {status: html.note(_BRING)}
            return
        if message:
            on.ask(edit_requests.parse(message), path)
        goes = False

        def job(report: Reporter) -> Shown:
            nonlocal goes
            goes = edits.change(on, report)
            return painted(on, budget, rendering, report)

        for updates in followed(request, on, job):
            if goes and shown in updates:
                updates[caption] = updates[shown].caption
            yield updates

    def open_file(request: gr.Request, path: str | None, *rendering) -> Iterator[Updates]:
        if not path:
            yield {status: html.note(_BRING)}
            return

        def job(report: Reporter) -> Shown:
            on = edits.open(path, report)
            return painted(on, least_budget(on.data), rendering, report)

        for updates in followed(request, None, job):
            if shown in updates:
                within = least_budget(updates[sheet].original)
                updates |= {caption: updates[shown].caption, budget: within}
            yield updates

    def open_result(request: gr.Request, result: Result | None, *rendering) -> Iterator[Updates]:
        yield from open_file(request, result.files["tsk"] if result else None, *rendering)

    def arrive(request: gr.Request, on: Sheet | None, result: Result | None, *rendering) -> Iterator[Any]:
        """Who opens the tab without a file of their own finds the Encode tab's result there."""
        if on is None and result is not None and not jobs.running(owner(request, "edit")):
            yield from open_result(request, result, *rendering)
        else:
            yield gr.skip()

    def stop(request: gr.Request) -> None:
        jobs.cancel(owner(request, "edit"))

    inputs: list[Any] = [sheet, message, other, budget, caption, *renderer.inputs]
    outputs = [sheet, status, scene, standing, pair, notes, tsk, png, link, shown, carried]
    opened = [*outputs, caption, budget]
    current = shared.current
    decoded, edit_decoded = shared.decoded
    for event, opener, brought in (
        (file.upload, open_file, [file]),
        (edit_decoded.click, open_file, [decoded]),
        (current.edit.click, open_result, [current.shown]),
        (shared.tab.select, arrive, [sheet, current.shown]),
        (waiting.click, arrive, [sheet, current.shown]),
    ):
        event(opener, [*brought, *renderer.inputs], opened, **WORK)
    current.shown.change(None, js=_ARRIVE, **PRIVATE)
    for button in (current.edit, edit_decoded):
        button.click(None, js=_SHOW, **PRIVATE)

    for event, script in (
        (ask.click, _TAKE),
        (other.upload, _ask("colours", "{way: 'palette'}")),
        (palette.click, _ask("colours", "{way: 'palette'}")),
        (map_.click, _ask("colours", "{way: 'map'}")),
        (lines.click, _ask("lines")),
        (caption.submit, _ask("caption", "{caption: more[2]}")),
        (rename.click, _ask("caption", "{caption: more[2]}")),
    ):
        asked = event(work, inputs, [*outputs, caption], js=script, **WORK)
        asked.failure(None, js=_LOST, **PRIVATE)
    repaint = [budget.submit, budget.blur, *choices_of(renderer.inputs)]
    gr.on(repaint, work, inputs, [*outputs, caption], **WORK)
    cancel.click(stop, None, None, queue=False, **PRIVATE)
    shared.refreshes.append(renderer.refresh)
