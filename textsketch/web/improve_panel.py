"""Improve the words: rounds of painting, looking and rewriting, where something here can do them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component
from gradio.events import Dependency

from textsketch.errors import TextsketchError
from textsketch.reflection.rounds import planned, usual_renderer, usual_source
from textsketch.render import registry
from textsketch.render.renderer import Renderer
from textsketch.semantic.captions import table
from textsketch.semantic.captions.source import Source
from textsketch.service.calls import Ledger
from textsketch.web import html
from textsketch.web.controls import ERRAND, MAX_SIDE, NO_PICTURE, PRIVATE, Refresh, Updates, follow, owner
from textsketch.web.jobs import Jobs, Reporter, Update
from textsketch.web.live_lines import chosen_budget, words_that_fit
from textsketch.web.reflections import ROUNDS, Improvement
from textsketch.web.round_cards import cards
from textsketch.web.shared import Shared

_ABOUT = (
    f"Up to {ROUNDS} captions are tried within the budget: each is painted from its file, compared with the "
    "picture and written anew. The best is put into the caption's box."
)


@dataclass(frozen=True)
class ImprovePanel:
    """taken: a State that changes when words were put into the caption's box. refresh: see `Refresh`.

    outputs: what `cleared` updates.
    """

    taken: gr.State
    refresh: Refresh
    outputs: list[Component]
    _jobs: Jobs
    _status: gr.HTML
    _rounds: gr.HTML

    def cleared(self, request: gr.Request) -> Updates:
        """Nothing to show, for another picture; a visitor's rounds for the one before stop."""
        self._jobs.overtake(owner(request, "words"))
        return {self._status: "", self._rounds: ""}


def improve_panel(shared: Shared, caption: gr.Textbox, settings: Sequence[Component]) -> ImprovePanel:
    """Lay out and wire it. settings: the controls of picture, mode, preset, budget as text and seed."""
    jobs, reflections = shared.jobs, shared.reflections
    with gr.Accordion("Improve the words", open=False, visible=_possible(), elem_id="improve") as panel:
        plan = gr.HTML("", elem_id="improve-plan")
        with gr.Row(equal_height=True):
            writer = gr.Dropdown(
                label="What writes and compares", elem_id="improve-captions", **_writers(None)
            )
            painter = gr.Dropdown(label="What paints", elem_id="improve-renderer", **_painters(None))
            run = gr.Button("Improve the words", size="sm", elem_id="improve-run", min_width=150)
            cancel = gr.Button("Cancel", size="sm", elem_id="improve-cancel", scale=0, min_width=90)
        status = gr.HTML("", elem_id="improve-status")
        rounds = gr.HTML("", elem_id="improve-rounds")
    found, taken = gr.State(None), gr.State(None)
    idle: Updates = {run: gr.update(interactive=True)}

    def work(
        request: gr.Request, text, captions, renderer, path, mode, preset, budget, seed
    ) -> Iterator[Updates]:
        if not path:
            yield {status: html.error(NO_PICTURE)}
            return
        latest: list[Improvement] = []
        made = Ledger()
        asked: dict[str, Any] = {"captions": captions, "renderer": renderer}
        try:
            first = words_that_fit(path, mode, preset, budget, seed, text.strip())
            most = planned(caption=first, rounds=ROUNDS, **asked)
        except TextsketchError as error:
            yield {status: html.error(str(error))}
            return

        def shown(going_on: bool = False) -> Updates:
            said = "" if going_on else most.afterwards(made.words, made.pictures)
            return {rounds: cards(latest[0], said, going_on=going_on) if latest else html.note(said)}

        def job(report: Reporter) -> Improvement:
            return reflections.run(
                path,
                max_side=MAX_SIDE,
                report=report,
                made=made,
                mode=mode,
                budget=chosen_budget(preset, budget),
                caption=first,
                seed=int(seed or 0),
                max_calls=most.calls,
                **asked,
            )

        def working(update: Update) -> Updates:
            if update.preview is None or update.preview in latest:
                return {}
            latest[:] = [update.preview]
            return shown(going_on=True)

        def done(improvement: Improvement) -> Updates:
            latest[:] = [improvement]
            stopped = improvement.stopped
            best = html.note(f"Done: round {improvement.best} is the best.")
            said = html.error(f"stopped: {stopped}") if stopped else best
            return idle | shown() | {status: said, found: (improvement, text)}

        yield {
            run: gr.update(interactive=False),
            status: html.progress(Update(0.0, most.sentence)),
            rounds: "",
            found: None,
            plan: _about(most.sentence),
        }
        yield from follow(
            jobs.run(owner(request, "words"), job, asks=most.calls > 0),
            status,
            done,
            working=working,
            failed=lambda sentence: idle | shown(),
            cancelled=lambda: idle | shown() | {status: html.note("Cancelled. What was tried stays.")},
        )

    def adopt(improvement: tuple[Improvement, str] | None, typed: str) -> Updates:
        """Put the best words into the box; what was typed meanwhile stays."""
        if improvement is None or improvement[1] != typed:
            return {taken: gr.skip()}
        best = improvement[0].chosen
        return {caption: best.caption, taken: best.file} if best.caption != typed else {taken: gr.skip()}

    def stop(request: gr.Request) -> None:
        jobs.cancel(owner(request, "words"))

    def tell(text, captions, renderer, path, mode, preset, budget, seed) -> str:
        """What it is and costs at most with these."""
        try:
            first = words_that_fit(path, mode, preset, budget, seed, text.strip()) if path else text
            most = planned(caption=first, rounds=ROUNDS, captions=captions, renderer=renderer)
        except TextsketchError as error:
            return html.error(str(error))
        return _about(most.sentence)

    def refresh(captions: str | None, renderer: str | None) -> Updates:
        return {
            panel: gr.update(visible=_possible()),
            writer: gr.update(**_writers(captions)),
            painter: gr.update(**_painters(renderer)),
        }

    inputs: list[Component] = [caption, writer, painter, *settings]
    gr.on([panel.expand, writer.input, painter.input], tell, inputs, plan, **PRIVATE)
    cancel.click(stop, None, None, queue=False, **PRIVATE)
    asked: Dependency = run.click(
        work,
        inputs,
        [status, rounds, plan, run, found],
        concurrency_id="words",
        **ERRAND,
    )
    asked.then(adopt, [found, caption], [caption, taken], **PRIVATE)
    refreshed = Refresh(refresh, [writer, painter], [panel, writer, painter])
    return ImprovePanel(taken, refreshed, [status, rounds], jobs, status, rounds)


def _about(sentence: str) -> str:
    return html.note(f"{_ABOUT} {sentence}")


def _ready_writers() -> list[Source]:
    return [source for source in table.SOURCES.values() if source.unavailable() is None]


def _ready_painters() -> list[Renderer]:
    return [one for one in registry.RENDERERS if one.reads_words and one.unavailable() is None]


def _possible() -> bool:
    return bool(_ready_writers() and _ready_painters())


def _writers(chosen: str | None) -> dict[str, Any]:
    """What a control of the writers has: those that are here, and one of them."""
    ready = [(one.title, one.name) for one in _ready_writers()]
    return _choice(ready, chosen, usual_source)


def _painters(chosen: str | None) -> dict[str, Any]:
    ready = [(one.title, one.name) for one in _ready_painters()]
    return _choice(ready, chosen, usual_renderer)


def _choice(ready: list[tuple[str, str]], chosen: str | None, usual: Any) -> dict[str, Any]:
    names = [name for _, name in ready]
    value = chosen if chosen in names else usual() if names else None
    return {"choices": ready, "value": value, "visible": len(ready) > 1}
