"""Captions written for a visitor, by any source of the table that can be used here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import PIL.Image
from gradio.components import Component
from gradio.events import Dependency

from textsketch.semantic.captions import table
from textsketch.semantic.captions.source import Source
from textsketch.semantic.captions.wording import fitted
from textsketch.web import html
from textsketch.web.controls import ERRAND, NO_PICTURE, PRIVATE, WORK, Refresh, Updates, follow, owner
from textsketch.web.jobs import Jobs, Update
from textsketch.web.live_lines import describe_caption, room_for_words
from textsketch.web.option_controls import option_controls, set_values

NO_WORDS = html.note("No words were found that fit.")


@dataclass(frozen=True)
class CaptionWriter:
    """written: the event that puts a caption into the box. refresh: what shows which sources can be used.

    automatic: whether a visitor wants a caption proposed for each picture that is brought.
    """

    written: Dependency
    refresh: Refresh
    automatic: gr.Checkbox
    _jobs: Jobs
    _propose: Callable[..., Iterator[Any]]
    _inputs: list[Component]
    _outputs: list[Component]
    _proposal: gr.State
    _caption: gr.Textbox
    _line: gr.HTML

    def proposes(self, typed: str, automatic: bool) -> bool:
        """Whether a caption can be proposed for a picture that is brought, beside what is typed already."""
        return bool(_proposing(typed, automatic))

    def leave(self, request: gr.Request) -> None:
        """Stop what is being written for a visitor: there is another picture."""
        self._jobs.overtake(owner(request, "caption"))

    def propose_after(self, event: Dependency, picture: gr.Image) -> Dependency:
        """Once `event` has brought a picture for which one can be proposed, do; the last event of doing so.

        What is typed meanwhile stays.
        """
        inputs = [picture, self._caption, *self._inputs]
        outputs = [self._line, self._proposal, *self._outputs]
        proposed = event.then(self._propose, inputs, outputs, **WORK)

        def adopt(proposal: str, typed: str) -> Any:
            return gr.skip() if typed.strip() or not proposal else proposal

        return proposed.then(adopt, [self._proposal, self._caption], self._caption, **PRIVATE)


def caption_writer(
    jobs: Jobs,
    read: Callable[[str, Any], PIL.Image.Image],
    picture: gr.Image,
    caption: gr.Textbox,
    line: gr.HTML,
    room: Sequence[Component],
) -> CaptionWriter:
    """Lay out and wire what writes into `caption`; where no source can be used, say what they need.

    read: gives the picture of a path, as part of the job that it is given. line: where the progress is told.
    room: the controls that `live_lines.room_for_words` takes: what is written fits there.
    """
    ready = _ready()
    first = ready[0] if ready else None
    missing = gr.HTML(_missing())
    with gr.Column(visible=bool(ready), elem_id="caption-writer") as panel:
        with gr.Row(equal_height=True):
            chosen = gr.Dropdown(
                _titles(ready),
                value=first.name if first else None,
                label="What writes the caption",
                show_label=False,
                container=False,
                elem_id="caption-source",
            )
            write = gr.Button("Write a caption", size="sm", elem_id="write")
            cancel = gr.Button("Cancel", size="sm", elem_id="write-cancel")
        automatic = gr.Checkbox(
            True,
            label="Write one for each picture I bring",
            visible=any(source.quick for source in ready),
            elem_id="caption-automatic",
        )
    rows: dict[str, gr.Row] = {}
    options: list[tuple[str, str]] = []
    controls: list[Component] = []
    with panel:
        for source in table.SOURCES.values():
            with gr.Row(visible=source is first) as rows[source.name]:
                for option, control in option_controls(source.name, source.options).items():
                    options.append((source.name, option))
                    controls.append(control)
    proposal = gr.State("")
    idle: Updates = {write: gr.update(interactive=True)}

    def work(request: gr.Request, path, mode, preset, budget, seed, name, *values) -> Iterator[Updates]:
        if not path:
            yield {line: html.error(NO_PICTURE)}
            return
        yield from writing(request, path, (mode, preset, budget, seed), name, values, caption)

    def writing(request, path, limits, name, values, into) -> Iterator[Updates]:
        """Have a caption that fits written into a component."""
        source = table.get(name)
        own = {
            option: value
            for (owner_of, option), value in zip(options, values, strict=True)
            if owner_of == name
        }
        best: list[tuple[str, int]] = []

        def write_caption(report) -> str:
            picture = read(path, report)
            room = room_for_words(picture.size, *limits)

            def progress(fraction: float, message: str) -> None:
                best[:] = [(message, room)] if source.usable_at_once else []
                report(fraction, message)

            chosen = set_values(source.options, own)
            return table.write(picture, name, most_bytes=room, progress=progress, **chosen)

        def cancelled() -> Updates:
            kept = fitted(*best[0]) if best else ""
            found: Updates = {into: kept, line: describe_caption(kept)} if kept else {}
            return idle | {line: html.note("Cancelled.")} | found

        jobs.announce(owner(request, "caption"))
        yield {write: gr.update(interactive=False), line: html.progress(Update(0.0, "starting"))}
        yield from follow(
            jobs.run(owner(request, "caption"), write_caption, asks=source.remote),
            line,
            lambda text: idle | ({into: text, line: describe_caption(text)} if text else {line: NO_WORDS}),
            failed=lambda sentence: idle,
            cancelled=cancelled,
            overtaken=lambda: idle,
        )

    def propose(
        request: gr.Request, path, typed, automatic, mode, preset, budget, seed, name, *values
    ) -> Iterator[Updates]:
        jobs.overtake(owner(request, "caption"))
        yield {proposal: ""}
        quick = _proposing(typed, automatic)
        if not path or not quick:
            return
        writer = name if name in quick else quick[0]
        yield from writing(request, path, (mode, preset, budget, seed), writer, values, proposal)

    def stop(request: gr.Request) -> None:
        jobs.cancel(owner(request, "caption"))

    def show_options(name: str) -> dict[gr.Row, Any]:
        return {row: gr.update(visible=name == of) for of, row in rows.items()}

    chosen.change(show_options, chosen, list(rows.values()), **PRIVATE)
    cancel.click(stop, None, None, queue=False, **PRIVATE)
    written = write.click(
        work, [picture, *room, chosen, *controls], [line, caption, write], **(WORK | ERRAND)
    )

    def refresh(name: str | None) -> Updates:
        ready = _ready()
        names = [source.name for source in ready]
        if name not in names:
            name = names[0] if names else None
        about = gr.update(choices=_titles(ready), value=name)
        shown: Updates = {
            panel: gr.update(visible=bool(ready)),
            chosen: about,
            automatic: gr.update(visible=any(source.quick for source in ready)),
            missing: _missing(),
        }
        return shown | {row: gr.update(visible=name == of) for of, row in rows.items()}

    return CaptionWriter(
        written,
        Refresh(refresh, [chosen], [panel, chosen, automatic, missing, *rows.values()]),
        automatic,
        jobs,
        propose,
        [automatic, *room, chosen, *controls],
        [write],
        proposal,
        caption,
        line,
    )


def _ready() -> list[Source]:
    return [source for source in table.SOURCES.values() if source.unavailable() is None]


def _proposing(typed: str, automatic: bool) -> list[str]:
    """The sources that may write a caption for a picture that is brought, beside what is typed already."""
    return [source.name for source in _ready() if source.quick] if automatic and not typed.strip() else []


def _titles(sources: list[Source]) -> list[tuple[str, str]]:
    return [(source.title, source.name) for source in sources]


def _missing() -> str:
    """What more could write captions, and what helps."""
    reasons = [reason for source in table.SOURCES.values() if (reason := source.unavailable())]
    return html.missing("More writers of captions", reasons) if reasons else ""
