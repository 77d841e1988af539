"""The Encode tab: everything between an upload and the files to take home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import yaml
from PIL import Image

from textsketch.errors import TextsketchError
from textsketch.layers import Mode
from textsketch.web import html
from textsketch.web.caption_writer import caption_writer
from textsketch.web.controls import (
    MAX_SIDE,
    NO_PICTURE,
    PRIVATE,
    SCROLL_TO,
    WORK,
    Answer,
    Changes,
    Updates,
    changes_of,
    comparison,
    follow,
    on_any,
    owner,
)
from textsketch.web.jobs import Jobs, Reporter, Update
from textsketch.web.live_lines import (
    chosen_budget,
    describe_budget,
    describe_caption,
    offered_budgets,
)
from textsketch.web.offers import CAPTIONS, CLIP, PHOTOGRAPHS
from textsketch.web.page import MALFORMED
from textsketch.web.renderer_controls import Asked, renderer_controls
from textsketch.web.result_panel import ResultPanel
from textsketch.web.results import Result, Results
from textsketch.web.shared import Current, Shared


def encode_tab(shared: Shared) -> None:
    """Lay out the tab and wire it; its controls become the current picture's."""
    jobs, results = shared.jobs, shared.results
    captions = example_captions(shared.examples)
    first = next(iter(captions))
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            picture = gr.Image(
                value=first,
                label="Picture",
                type="filepath",
                image_mode=None,
                sources=["upload", "clipboard", "webcam"],
                format="png",
                height=280,
                elem_id="picture",
            )
            picture.preprocess = _uploaded_path  # type: ignore[method-assign]
            gallery = gr.Gallery(
                list(captions),
                label="Examples",
                show_label=False,
                columns=4,
                allow_preview=False,
                object_fit="cover",
                elem_id="examples",
                buttons=[],
            )
            mode = gr.Radio(
                [mode.value for mode in Mode],
                value=Mode.THREE_LAYER.value,
                label="Mode",
                info="Text: caption and colour descriptors. Sketch: a line drawing. Third layer: a colour map.",
                elem_id="mode",
            )
            budget = gr.Radio(
                value="packet", **offered_budgets(first, "packet"), label="Bit budget", elem_id="budget"
            )
            # No minimum or maximum: the line below says in words what is wrong with a number.
            size_bytes = gr.Number(600, label="Bytes", precision=0, elem_id="bytes")
            budget_line = gr.HTML(elem_id="budget-line")
            caption_box = gr.Textbox(
                captions[first],
                label="Caption",
                lines=2,
                max_lines=4,
                placeholder="What does the picture show?",
                elem_id="caption",
            )
            caption_line = gr.HTML(describe_caption(captions[first]), elem_id="caption-line")

            def read(path: str, report: Reporter) -> Image.Image:
                return results.picture(path, MAX_SIDE, report)

            captions_offer, captions_fetched = shared.fetches.offer(CAPTIONS)
            writer = caption_writer(jobs, read, picture, caption_box, caption_line)
            run = gr.Button("Encode", variant="primary", elem_id="run")
            with gr.Accordion("Advanced", open=False):
                seed = gr.Number(0, label="Seed of the grain", precision=0)
                painter_offer, painter_fetched = shared.fetches.offer(PHOTOGRAPHS)
                renderer = renderer_controls("encode", encoding=True)
        with gr.Column(scale=5, min_width=320, elem_id="result"):
            panel = ResultPanel(shared.fetches)
    budget_line.value = describe_budget(first, Mode.THREE_LAYER, "packet", None, captions[first], 0)
    answer = gr.State(Answer())

    def question(path, mode, preset, size_bytes, caption, seed, *rendering) -> dict[str, Any]:
        asked = renderer.asked(rendering)
        return _question(path, mode, chosen_budget(preset, size_bytes), caption, seed, asked)

    def work(request: gr.Request, *settings) -> Iterator[Updates]:
        asked = question(*settings)
        idle = panel.idle() | {run: gr.update(interactive=True)}

        def answered(status: str, *, good: bool = False) -> Updates:
            return idle | panel.current(status, good) | {answer: Answer(asked, status, good)}

        if not asked["path"]:
            yield answered(html.error(NO_PICTURE))
            return
        jobs.overtake(owner(request, "scores"))
        started = panel.current(html.progress(Update(0.0, "starting")), False)
        yield started | {
            run: gr.update(interactive=False),
            answer: Answer(asked),
        }

        def job(report):
            return results.encode(**asked, max_side=MAX_SIDE, report=report)

        def done(show: Result) -> Updates:
            return answered(html.timing(show), good=True) | panel.result(show)

        yield from follow(
            jobs.run(owner(request, "encode"), job),
            panel.status,
            done,
            working=panel.working,
            failed=lambda sentence: answered(html.error(sentence)),
            cancelled=lambda: answered(html.stale("Cancelled.")),
        )

    def show(answer: Answer | None) -> Updates:
        if answer is None:
            return panel.current(html.stale("The settings have changed."), False)
        return panel.current(answer.status, answer.good)

    def stop(request: gr.Request) -> None:
        for work in ("caption", "encode"):  # a new picture first gets a caption, where one can be written
            jobs.cancel(owner(request, work))

    def score(request: gr.Request, shown: Result | None) -> Iterator[Updates]:
        """Measure with networks what is on the screen already."""
        if shown is None:
            yield {panel.scores: ""}
            return
        yield from follow(
            jobs.run(owner(request, "scores"), lambda report: results.scored(shown, report)),
            panel.scores,
            lambda figures: {panel.scores: html.scores(figures)},
            failed=lambda sentence: {},
        )

    def new_picture(request: gr.Request, path, caption, preset) -> Updates:
        jobs.overtake(owner(request, "encode"))
        return {
            caption_box: caption,
            caption_line: describe_caption(caption),
            budget: gr.update(**offered_budgets(path, preset)),
            answer: Answer(),  # encoded at once, so nothing to compare with
            panel.status: html.progress(Update(0.0, "starting")),
        }

    def pick(request: gr.Request, preset, event: gr.SelectData) -> Updates:
        if event.index >= len(captions):
            raise TextsketchError(MALFORMED)
        path = list(captions)[event.index]
        return {picture: path} | new_picture(request, path, captions[path], preset)

    def upload(request: gr.Request, path, caption, preset, shown: Answer) -> Updates:
        # The caption of another picture says nothing about this one; one just typed may.
        others = {*captions.values(), (shown.question or {}).get("caption")}
        return new_picture(request, path, "" if caption in others else caption, preset)

    def clear(preset) -> Any:
        return gr.update(**offered_budgets(None, preset))

    settings: list[Any] = [picture, mode, budget, size_bytes, caption_box, seed, *renderer.inputs]
    encode = (work, settings, [run, answer, *panel.outputs])
    compare = comparison(jobs, "encode", question, show)
    check = (compare, [answer, *settings], panel.outputs)
    # Listeners run one after the other, so this one comes first.
    for trigger in (run.click, gallery.select):
        trigger(None, js=SCROLL_TO % ("#status-bar", "#result"), **PRIVATE)
    run.click(*encode, **WORK).then(*check, **PRIVATE)
    shared.page.load(*encode, **WORK).then(*check, **PRIVATE)
    described = [caption_box, caption_line, budget, answer, panel.status]
    picked = gallery.select(pick, budget, [picture, *described], **PRIVATE)
    picked.then(*encode, trigger_mode="multiple", **WORK).then(*check, **PRIVATE)
    on_any([panel.shown.change], score, panel.shown, panel.scores)
    panel.cancel.click(stop, None, None, queue=False, **PRIVATE)
    uploaded = picture.upload(
        upload, [picture, caption_box, budget, answer], described, trigger_mode="multiple", **PRIVATE
    )
    captioned = writer.propose_after(uploaded, picture, [budget, size_bytes])
    captioned.then(*encode, trigger_mode="multiple", **WORK).then(*check, **PRIVATE)
    cleared = picture.clear(clear, budget, budget, **PRIVATE)
    on_any([caption_box.change], describe_caption, caption_box, caption_line)
    steps = [picked, uploaded, captioned, cleared, writer.written]
    budget_depends_on: list[Any] = [mode, budget, size_bytes, caption_box, seed]
    Changes(changes_of(budget_depends_on), steps).call(
        describe_budget, [picture, *budget_depends_on], budget_line
    )
    Changes(changes_of(settings[1:]), steps).call(*check)
    changes = Changes(changes_of([caption_box, seed, *renderer.inputs]), steps)
    shared.arrivals += [captions_fetched, painter_fetched, panel.fetched]
    shared.refreshes += [renderer.refresh, writer.refresh]
    for feature, line in ((CAPTIONS, captions_offer), (PHOTOGRAPHS, painter_offer), (CLIP, panel.offer)):
        shared.refreshes.append(shared.fetches.refresh(feature, line))
    panel.fetched.then(score, panel.shown, panel.scores, **PRIVATE)
    shared.current = Current(picture, caption_box, seed, renderer, changes)


def _question(path, mode, budget, caption, seed, asked: Asked) -> dict[str, Any]:
    """What `Results.encode` is asked."""
    return {
        "path": path,
        "mode": mode,
        "budget": budget,
        "caption": caption,
        "seed": int(seed or 0),
        "renderer": asked.renderer,
        "choices": asked.allocation,
        "options": asked.rendering,
    }


def warm_up(results: Results, jobs: Jobs, examples: Path) -> None:
    """Make what a visitor sees first, so that it is there at once."""
    path, caption = next(iter(example_captions(examples).items()))
    asked = _question(path, Mode.THREE_LAYER.value, "packet", caption, 0, Asked.usual())
    jobs.call(lambda report: results.encode(**asked, max_side=MAX_SIDE, report=report, keep=True), Reporter())


def example_captions(folder: Path) -> dict[str, str]:
    """The bundled pictures, path by path, with their captions."""
    captions = yaml.safe_load((folder / "captions.yaml").read_text(encoding="utf-8"))
    return {str(folder / name): caption for name, caption in captions.items()}


def _uploaded_path(payload: Any) -> str | None:
    """Hand over the uploaded file untouched: `image.reading` decodes it, with limits."""
    return payload.path if payload is not None else None
