"""What the demo's tabs share: the decoder's controls, the picture slider, and following a job."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from textsketch import options
from textsketch.errors import TextsketchError
from textsketch.layers import CANDIDATES
from textsketch.models import clip
from textsketch.render import registry
from textsketch.render.diffusion import profiles
from textsketch.structure import detectors, kinds
from textsketch.web import html
from textsketch.web.jobs import JobCancelledError, JobOvertakenError, Update
from textsketch.web.workers import UNFORESEEN

MAX_SIDE = 1024
"""Pictures are scaled down to this many pixels on the longer side before anything else."""

NO_PICTURE = "choose a picture first: upload one or click an example"

PRIVATE: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""Options of an event of the page: the tabs show progress themselves, and the API has its own endpoints."""

WORK: dict[str, Any] = {"concurrency_id": "work", **PRIVATE}
"""Options of an event that computes for long; these share one queue."""

SCROLL_TO = """() => {
  const top = document.querySelector("%s").getBoundingClientRect().top;
  if (top < 0 || top > innerHeight / 2)
    document.querySelector("%s").scrollIntoView({behavior: "smooth", block: "start"});
}"""

Updates = dict[Component, Any]


def follow(
    updates: Iterator[Update],
    status: gr.HTML,
    done: Callable[[Any], Updates],
    *,
    working: Callable[[Update], Updates] = lambda update: {},
    failed: Callable[[str], Updates],
    cancelled: Callable[[], Updates] = dict,
) -> Iterator[Updates]:
    """Turn a job's updates (see `jobs.Jobs.run`) into those of components, `status` telling how far it is.

    done gets the job's result, working each update before it, failed the sentence of an error. A job that is
    overtaken ends without a word.
    """
    try:
        for update in updates:
            if update.done:
                yield {status: ""} | done(update.result)
            else:
                yield {status: html.progress(update)} | working(update)
    except TextsketchError as error:
        yield {status: html.error(str(error))} | failed(str(error))
    except JobOvertakenError:
        return  # what overtook it answers
    except JobCancelledError:
        yield cancelled()
    except Exception:
        logging.getLogger(__name__).exception("a job failed")
        yield {status: html.error(UNFORESEEN)} | failed(UNFORESEEN)


def on_change(controls: Sequence[Component], listener: Callable[..., Any], inputs: Any, outputs: Any) -> None:
    """Call `listener` when one of the controls changes.

    It is one listener for all: of several, the slower answer to an older question could come last.
    """
    changes = [control.change for control in controls]  # type: ignore[attr-defined]
    gr.on(changes, listener, inputs, outputs, trigger_mode="always_last", **PRIVATE)


def owner(request: gr.Request, tab: str) -> str:
    """Whose job it is: in one tab a visitor runs one at a time."""
    return f"{request.session_hash}/{tab}"


def picture_slider(label: str, *, max_height: int, elem_id: str) -> gr.ImageSlider:
    """Two pictures of the same size under a divider, shown without loss."""
    return gr.ImageSlider(
        label=label,
        type="filepath",
        format="png",
        show_label=False,
        interactive=False,
        max_height=max_height,
        elem_id=elem_id,
        buttons=["fullscreen"],
    )


def first_decoder() -> str:
    """The renderer a visitor starts with."""
    return registry.preferred().name


def decoder_controls(tab: str, *, encoding: bool = False) -> tuple[gr.Dropdown, list[Component]]:
    """Which renderer paints, and Stable Diffusion's own controls where one of its profiles can be used.

    Those that cannot are named with what they lack. The list is what `decoder_options` takes, steps and
    strength; with `encoding` also what `encoder_choices` takes, structure, detector and candidates.
    """
    reasons = {renderer.name: renderer.unavailable() for renderer in registry.RENDERERS}
    ready = [(one.title, one.name) for one in registry.RENDERERS if reasons[one.name] is None]
    decoder = gr.Dropdown(
        ready,
        value=first_decoder(),
        label="Decoder",
        info="The painter runs anywhere. Stable Diffusion paints a photograph that follows the layers.",
        elem_id=f"{tab}-decoder",
    )
    with gr.Column(visible=len(ready) > 1, elem_id=f"{tab}-diffusion", elem_classes="ts-group"):
        gr.HTML('<h3 class="ts-group-title">Stable Diffusion</h3>')
        steps = gr.Number(
            0, label="Steps (0: the profile's)", minimum=0, maximum=100, precision=0,
            elem_id=f"{tab}-steps",
        )  # fmt: skip
        strength = gr.Slider(
            0.05, 1, profiles.STRENGTH, step=0.05, label="Strength", elem_id=f"{tab}-strength",
            info="How much of the colour map's picture is repainted, by the profiles with ControlNet.",
        )  # fmt: skip
        controls: list[Component] = [steps, strength]
        if encoding:
            controls += _encoder_controls()
    lacking = [reason for reason in reasons.values() if reason is not None]
    if lacking:
        gr.HTML(html.missing("Stable Diffusion as the decoder", lacking))
    return decoder, controls


def _encoder_controls() -> list[Component]:
    """How the encoder spends the bytes for Stable Diffusion; what lacks weights is named."""
    reasons = {kind.name: kind.unavailable() for kind in kinds.KINDS}
    found = {name: detectors.unavailable(name) for name in detectors.names()}
    choosing = clip.unavailable(clip.CHOOSING, "The choice among candidates")
    structure = gr.Radio(
        [name for name, reason in reasons.items() if reason is None],
        value=kinds.DEFAULT.name, label="Structure", info="What the sketch layer holds.",
        elem_id="structure",
    )  # fmt: skip
    detector = gr.Dropdown(
        [name for name, reason in found.items() if reason is None], value=detectors.OWN,
        label="Detector of lines", elem_id="detector",
    )  # fmt: skip
    candidates = gr.Radio(
        list(CANDIDATES), value=1, label="Candidates", visible=choosing is None, elem_id="candidates",
        info="Paint several and keep the one that CLIP finds most like the original.",
    )  # fmt: skip
    lacking = [reason for reason in (*reasons.values(), *found.values(), choosing) if reason is not None]
    if lacking:
        gr.HTML(html.missing("More structures, detectors and candidates", lacking))
    return [structure, detector, candidates]


def decoder_options(decoder: str, grain: bool, steps: float | None, strength: float | None) -> dict[str, Any]:
    """What `pipeline.decode` passes on to the renderer. Steps 0, an empty field too: the profile's own."""
    values = {"grain": grain, "steps": int(steps) if steps else None, "strength": strength}
    return options.taken(registry.get(decoder).options, values)


def encoder_choices(decoder: str, structure: str, detector: str, candidates: int) -> dict[str, Any]:
    """What `pipeline.encode` takes for a Stable Diffusion renderer alone."""
    values = {"structure": structure, "detector": detector, "candidates": int(candidates)}
    return options.taken(registry.get(decoder).allocation, values)
