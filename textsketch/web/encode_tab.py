"""The Encode tab: everything between an upload and the files to take home."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from textsketch.errors import TextsketchError
from textsketch.layers import Mode
from textsketch.render import registry
from textsketch.web import html
from textsketch.web.caption_writer import caption_writer
from textsketch.web.commands import MALFORMED
from textsketch.web.controls import (
    MAX_SIDE,
    NO_PICTURE,
    PRIVATE,
    WORK,
    Changes,
    Updates,
    changes_of,
    choices_of,
    follow,
    on_any,
    owner,
    turn,
)
from textsketch.web.examples import example_captions, gallery
from textsketch.web.improve_panel import improve_panel
from textsketch.web.jobs import Reporter, Update
from textsketch.web.live_lines import (
    chosen_budget,
    describe_budget,
    describe_caption,
    offered_budgets,
    settings_of,
)
from textsketch.web.offers import CAPTIONS, CLIP, MORE_DECODERS, PHOTOGRAPHS
from textsketch.web.renderer_controls import Asked, renderer_controls
from textsketch.web.result_panel import ResultPanel
from textsketch.web.results import Result, Results
from textsketch.web.shared import Current, Shared

_REMEMBER = (
    "(mode, preset, budget) => window.textsketch.remember(mode, preset === 'custom' ? budget : preset)"
)
Question = dict[str, Any] | None
"""What `Results.encode` was asked for the result on show."""
_CLOSE_SETTINGS = "() => { window.textsketch.openSettings(false); }"


def encode_tab(shared: Shared) -> None:
    """Lay out the tab and wire it; its controls become the current picture's."""
    jobs, results = shared.jobs, shared.results
    captions = example_captions(shared.examples)
    first = next(iter(captions))
    with gr.Row(elem_id="workbench"):
        with gr.Column(scale=0, min_width=320, elem_id="settings"):
            gr.HTML(html.settings_toggle(), elem_id="settings-bar")
            mode = gr.Radio(
                [mode.value for mode in Mode],
                value=Mode.THREE_LAYER.value,
                label="Mode",
                elem_id="mode",
            )
            budget = gr.Radio(
                value="packet",
                **offered_budgets(first, Mode.THREE_LAYER, "packet"),
                label="Bit budget",
                elem_id="budget",
            )
            budget_text = gr.Textbox(
                "600", label="Bytes, or a rate such as 0.02 bpp", max_lines=1, elem_id="bytes"
            )
            budget_line = gr.HTML(elem_id="budget-line")
            picture = gr.Image(
                value=first,
                label="Picture",
                type="filepath",
                image_mode=None,
                sources=["upload", "clipboard", "webcam"],
                format="png",
                height=170,
                elem_id="picture",
            )
            picture.preprocess = _uploaded_path  # type: ignore[method-assign]
            examples = gallery(captions)
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

            offers = [(CAPTIONS, *shared.fetches.offer(CAPTIONS))]
            seed = gr.Number(0, label="Seed of the grain", precision=0, render=False)
            room = [mode, budget, budget_text, seed]
            writer = caption_writer(jobs, read, picture, caption_box, caption_line, room)
            offers.append((PHOTOGRAPHS, *shared.fetches.offer(PHOTOGRAPHS)))
            with gr.Accordion("Advanced", open=False, elem_id="advanced"):
                seed.render()
                renderer = renderer_controls("encode", encoding=True)
                offers += [(feature, *shared.fetches.offer(feature)) for feature in MORE_DECODERS]
        with gr.Column(scale=1, min_width=320, elem_id="result"):
            panel = ResultPanel(shared)
            improving = improve_panel(shared, caption_box, [picture, mode, budget, budget_text, seed])
            panel.lay_out_details()
    budget_line.value = describe_budget(first, Mode.THREE_LAYER, "packet", "", captions[first], 0)
    answered = gr.State(None)  # the question that the result on show answers
    uncaptioned = gr.State("")  # changes with each picture that gets a caption first
    settings: list[Any] = [picture, mode, budget, budget_text, caption_box, seed, *renderer.inputs]

    def question(shown: Result | None, before: Question, values: tuple) -> dict[str, Any]:
        """What the settings' `values` ask for."""
        path, mode, preset, budget_text, caption, seed, *rendering = values
        caption = belonging(caption, path, shown, before)
        asked = renderer.asked(rendering)
        return _question(path, mode, chosen_budget(preset, budget_text), caption, seed, asked)

    def belonging(caption: str, path: str | None, shown: Result | None, before: Question) -> str:
        """The caption, unless it is another picture's, which says nothing about this one; one just typed may.

        The page may ask for something else before it hears that the box was emptied for a new picture.
        """
        if path == _picture_of(before) or captions.get(path or "") == caption:
            return caption
        return "" if caption in {*captions.values(), shown.report.caption if shown else ""} else caption

    def work(request: gr.Request, shown: Result | None, before: Question, *values) -> Iterator[Updates]:
        yield from encode(request, shown, before, values)

    def encode(
        request: gr.Request,
        shown: Result | None,
        before: Question,
        values: tuple,
        first: Callable[[], Updates] = dict,
    ) -> Iterator[Updates]:
        """Encode what `values` ask for; what `first` gives is said as well, once the job has begun."""
        asked = question(shown, before, values)
        path = asked["path"]
        jobs.overtake(owner(request, "scores"))
        if not path:
            jobs.overtake(owner(request, "encode"), turn(request))
            nothing = panel.empty(html.note(NO_PICTURE[:1].upper() + NO_PICTURE[1:] + "."))
            yield first() | nothing | {answered: None}
            return
        jobs.announce(owner(request, "encode"), turn(request))

        def job(report: Reporter) -> Result:
            return results.encode(**asked, max_side=MAX_SIDE, report=report)

        def failed(sentence: str) -> Updates:
            if _picture_of(before) == path:  # what was on show is of this picture, with other settings
                return panel.kept(shown, html.error(sentence))
            return panel.empty(html.error(sentence)) | {answered: None}

        yield from follow(
            jobs.run(
                owner(request, "encode"),
                job,
                asks=registry.get(asked["renderer"]).remote,
                turn=turn(request),
            ),
            panel.status,
            lambda result: panel.result(result) | {answered: asked},
            working=panel.working,
            failed=failed,
            cancelled=lambda: panel.kept(
                shown, html.stale("Cancelled.") if shown else html.note("Cancelled.")
            ),
            first=first,
            begun=panel.current("", False),
        )

    def again(request: gr.Request, shown: Result | None, before: Question, *values) -> Iterator[Updates]:
        """Encode once more if the result is not that of the settings: the page gathers these before it asks,
        and what was chosen in between may have been answered first.
        """
        asked = question(shown, before, values)
        waits = jobs.running(owner(request, "encode")) or jobs.running(owner(request, "caption"))
        if before in (None, asked) or not asked["path"] or waits:
            yield {panel.status: gr.skip()}
            return
        yield from encode(request, shown, before, values)

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

    def new_picture(request: gr.Request, caption, offered: dict[str, Any]) -> Updates:
        """What changes with the picture; nothing, if another was brought after it."""
        if not jobs.is_newest(owner(request, "picture"), turn(request)):
            return {}
        writer.leave(request)
        jobs.overtake(owner(request, "encode"), turn(request))
        jobs.announce(owner(request, "encode"), turn(request))
        return {
            caption_box: caption,
            caption_line: describe_caption(caption),
            budget: gr.update(**offered),
            panel.status: html.progress(Update(0.0, "starting")),
            **improving.cleared(request),
        }

    def pick(request: gr.Request, index, mode, preset) -> Updates:
        if index not in range(len(captions)):
            raise TextsketchError(MALFORMED)
        path = list(captions)[int(index)]
        brought = new_picture(request, captions[path], offered_budgets(path, mode, preset))
        return {picture: path} | brought if brought else {picture: gr.skip()}

    def upload(
        request: gr.Request,
        automatic,
        shown: Result | None,
        before: Question,
        path,
        mode,
        preset,
        budget_text,
        caption,
        *others,
    ) -> Iterator[Updates]:
        """Take a picture, and encode it without another word from the page, unless it gets a caption first."""
        caption = belonging(caption, path, shown, before)
        offered = offered_budgets(path, mode, preset)
        preset = offered.get("value", preset)
        brought = new_picture(request, caption, offered)
        if not brought:
            yield {panel.status: gr.skip()}
            return

        def still_brought() -> Updates:
            return brought if jobs.is_newest(owner(request, "picture"), turn(request)) else {}

        brought[budget_line] = describe_budget(path, mode, preset, budget_text, caption, others[0])
        if writer.proposes(caption, automatic):
            yield brought | {uncaptioned: uuid.uuid4().hex}
            return
        yield from encode(
            request, shown, before, (path, mode, preset, budget_text, caption, *others), still_brought
        )

    def clear(request: gr.Request, mode, preset) -> Updates:
        return new_picture(request, "", offered_budgets(None, mode, preset)) or {panel.status: gr.skip()}

    def change_mode(
        request: gr.Request, shown: Result | None, before: Question, path, mode, preset, *others
    ) -> Iterator[Updates]:
        offered = offered_budgets(path, mode, preset)
        values = (path, mode, offered.get("value", preset), *others)

        def offers() -> Updates:
            newest = jobs.is_newest(owner(request, "mode"), turn(request))
            return {budget: gr.update(**offered)} if newest else {}

        offers()  # this mode was asked for; one asked for before it offers nothing any more
        yield from encode(request, shown, before, values, offers)

    def arrive(request: gr.Request, path) -> Any:
        """The settings that the page's address asks for."""
        asked_mode, preset, text = settings_of(dict(request.query_params))
        if asked_mode is None and preset is None:
            return gr.skip()
        offered = offered_budgets(path, asked_mode or Mode.THREE_LAYER, preset or "packet")
        return {
            mode: gr.skip() if asked_mode is None else asked_mode,
            budget: gr.update(**({"value": preset or "packet"} | offered)),
            budget_text: gr.skip() if text is None else text,
        }

    asking = [panel.shown, answered, *settings]
    outputs = [*panel.outputs, answered]
    new: list[Any] = [caption_box, caption_line, budget, panel.status, *improving.outputs]

    def encode_after(event: Any) -> Any:
        return event.then(work, asking, outputs, **WORK)

    picked = examples.on_choice(pick, [mode, budget], [picture, *new])
    picked.then(None, js=_CLOSE_SETTINGS, **PRIVATE)
    picture.upload(None, js=_CLOSE_SETTINGS, **PRIVATE)
    brings = [writer.automatic, *asking]
    told = list(dict.fromkeys([*new, *outputs, budget_line, uncaptioned]))
    uploaded = picture.upload(upload, brings, told, **WORK)
    captioned = writer.propose_after(uncaptioned.change(None, js="() => {}", **PRIVATE), picture)
    cleared = picture.clear(clear, [mode, budget], new, **PRIVATE)
    arrived = shared.page.load(arrive, picture, [mode, budget, budget_text], **PRIVATE)
    for step in (picked, captioned, cleared, writer.written, arrived):
        encode_after(step)
    # Gradio's page calls the listeners of an event one after the other, each once the one before has ended.
    gr.on(
        [panel.ask.click, budget.input, mode.input],
        None,
        [mode, budget, budget_text],
        js=_REMEMBER,
        **PRIVATE,
    )
    mode.input(change_mode, asking, [budget, *outputs], **WORK)
    gr.on(
        [panel.ask.click, budget.input, improving.taken.change, *choices_of(renderer.inputs)],
        work,
        asking,
        outputs,
        **WORK,
    )
    panel.cancel.click(stop, None, None, queue=False, **PRIVATE)
    on_any([panel.shown.change], score, panel.shown, panel.scores)
    on_any([panel.shown.change], again, asking, outputs, concurrency_id="work")
    on_any([caption_box.change], describe_caption, caption_box, caption_line)
    steps = [picked, uploaded, captioned, cleared, writer.written]
    budget_depends_on: list[Any] = [mode, budget, budget_text, caption_box, seed]
    Changes(changes_of(budget_depends_on), steps).call(
        describe_budget, [picture, *budget_depends_on], budget_line
    )
    changes = Changes(changes_of([caption_box, seed, *renderer.inputs]), steps)
    shared.refreshes += [renderer.refresh, writer.refresh, improving.refresh]
    for feature, line, fetched in (*offers, (CLIP, panel.offer, panel.fetched)):
        shared.arrivals.append(fetched)
        shared.refreshes.append(shared.fetches.refresh(feature, line))
    panel.fetched.then(score, panel.shown, panel.scores, **PRIVATE)
    shared.show_first = panel.begin_with
    shared.current = Current(
        picture, caption_box, seed, renderer, changes, panel.shown, panel.decode, panel.edit
    )


def _picture_of(answered: Question) -> str | None:
    """The path of the picture that was asked about."""
    return answered["path"] if answered else None


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


def first_result(results: Results, examples: Path, report: Reporter) -> Result:
    """What a visitor sees first; it is kept."""
    path, caption = next(iter(example_captions(examples).items()))
    asked = _question(path, Mode.THREE_LAYER.value, "packet", caption, 0, Asked.usual())
    return results.encode(**asked, max_side=MAX_SIDE, report=report, keep=True, watched=False)


def _uploaded_path(payload: Any) -> str | None:
    """Hand over the uploaded file untouched: `image.reading` decodes it, with limits."""
    return payload.path if payload is not None else None
