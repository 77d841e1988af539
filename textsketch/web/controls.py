"""What the demo's tabs share: events, and following a job."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component
from gradio.events import Dependency

from textsketch.errors import TextsketchError
from textsketch.web import html
from textsketch.web.jobs import JobCancelledError, JobOvertakenError, Jobs, Update
from textsketch.web.workers import UNFORESEEN

MAX_SIDE = 1024
"""Pictures are scaled down to this many pixels on the longer side before anything else."""

NO_PICTURE = "choose a picture first: upload one or click an example"

PRIVATE: dict[str, Any] = {
    "show_progress": "hidden",
    "api_visibility": "private",
    "trigger_mode": "multiple",
}
"""Options of an event of the page: the tabs show progress themselves, the API has its own endpoints, and a
choice made while the one before is being answered counts; Gradio's "once" would not hear it."""

LAST = PRIVATE | {"trigger_mode": "always_last"}
"""Options of an event of which only the last matters; it is answered once the one before it is."""

ERRAND = PRIVATE | {"trigger_mode": "once"}
"""Options of a button that sets off something long: pressing it twice sets it off once."""

WORK: dict[str, Any] = {"concurrency_id": "work", **PRIVATE}
"""Options of an event that computes for long; these share one queue."""

TURN = "textsketch_turn"
"""What a request's state has the number of `turn` as."""

Updates = dict[Block, Any]


def follow(
    updates: Iterator[Update],
    status: gr.HTML,
    done: Callable[[Any], Updates],
    *,
    working: Callable[[Update], Updates] = lambda update: {},
    failed: Callable[[str], Updates],
    cancelled: Callable[[], Updates] = dict,
    overtaken: Callable[[], Updates] = dict,
    first: Callable[[], Updates] = dict,
    begun: Updates | None = None,
) -> Iterator[Updates]:
    """Turn a job's updates (see `jobs.Jobs.run`) into those of components, `status` telling how far it is.

    done gets the job's result, working each update before it, failed the sentence of an error. Of a job that
    is overtaken, only what `overtaken` says: the status is that of what overtook it. first: what is said as
    well with the first of them, whichever that is. begun: the same, but nothing where the job was overtaken
    before it began: what overtook it may have ended by then.
    """
    said = first
    try:
        for update in updates:
            if update.done:
                yield said() | {status: ""} | done(update.result)
            else:
                yield said() | (begun or {}) | {status: html.progress(update)} | working(update)
            said, begun = dict, None
    except TextsketchError as error:
        yield said() | {status: html.error(str(error))} | failed(str(error))
    except JobOvertakenError:
        # The page is told an ended event's last word once more, which may then lie over what overtook it.
        yield said() | {status: gr.skip()} | overtaken()
    except JobCancelledError:
        yield said() | cancelled()
    except Exception:
        logging.getLogger(__name__).exception("a job failed")
        yield said() | {status: html.error(UNFORESEEN)} | failed(UNFORESEEN)


@dataclass(frozen=True)
class Refresh:
    """What shows what can be used here. updates: gives them for the values of `inputs`."""

    updates: Callable[..., Updates]
    inputs: Sequence[Component]
    outputs: Sequence[Block]


@dataclass(frozen=True)
class Answer:
    """What is on show: the question it answers, the status line to it, and whether it is a result."""

    question: Any = None
    status: str = ""
    good: bool = False


def comparison(
    jobs: Jobs, tab: str, question: Callable[..., Any], show: Callable[[Answer | None], Any]
) -> Callable[..., Any]:
    """A listener that tells whether the answer on show is that to the settings, unless a job is running.

    It takes an `Answer` and the settings. question: makes of the settings what an answer is to. show: makes
    updates for the answer if it is, for None if it is not.
    """

    def compare(request: gr.Request, answer: Answer, *settings) -> Any:
        if answer.question is None or jobs.running(owner(request, tab)):
            return gr.skip()
        return show(answer if question(*settings) == answer.question else None)

    return compare


def changes_of(controls: Sequence[Any]) -> list[Any]:
    """The events that tell of a new value of the controls, whoever set it.

    Not for pictures and files: theirs tell whenever anything about them is set, and setting is what the page
    does while it listens, so that each answer asks again. They have `upload` and `clear`.
    """
    return [control.change for control in controls]


def choices_of(controls: Sequence[Any]) -> list[Any]:
    """The events that tell of a choice a visitor made; of what is typed page.js tells, once typing rests."""
    listened: dict[type, str] = {gr.Slider: "release", gr.Textbox: "submit", gr.Number: "submit"}
    return [getattr(control, listened.get(type(control), "input")) for control in controls]


def on_any(
    events: Sequence[Any], listener: Callable[..., Any], inputs: Any, outputs: Any, **options: Any
) -> Dependency:
    """Call `listener` after each of the events, and once more if there were others while it was answering.

    It is one listener for all: of several, the slower answer to an older question could come last. It does not
    listen to the events themselves: to call it once more Gradio's page tells the whole event again, to all who
    listen, who in turn ask to be called once more, for ever.
    """
    return gr.on(events, None, js="() => {}", **PRIVATE).then(listener, inputs, outputs, **(LAST | options))


@dataclass(frozen=True)
class Changes:
    """All that changes some controls: their own events, and steps of the page that set a picture."""

    events: Sequence[Any]
    steps: Sequence[Dependency]

    def call(self, listener: Callable[..., Any], inputs: Any, outputs: Any) -> None:
        """Call `listener` after each of them."""
        on_any(self.events, listener, inputs, outputs)
        for step in self.steps:
            step.then(listener, inputs, outputs, **LAST)


def turn(request: gr.Request) -> int | None:
    """The number of a visitor's question in the order in which all came in, see `jobs.Jobs.overtake`."""
    return getattr(request.request.state, TURN, None) if request.request else None


def owner(request: gr.Request, tab: str) -> str:
    """Whose job it is: in one tab a visitor runs one at a time."""
    return f"{request.session_hash}/{tab}"
