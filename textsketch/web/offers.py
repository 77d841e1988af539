"""What is missing here and can be had: one line and one button each, and the download they start."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape

import gradio as gr
from gradio.events import Dependency

from textsketch.models import clip, weights
from textsketch.render import registry
from textsketch.render.diffusion import profiles
from textsketch.semantic.captions import captioner
from textsketch.web import html
from textsketch.web.commands import code, marked_up
from textsketch.web.controls import ERRAND, PRIVATE, Refresh, Updates, follow, owner
from textsketch.web.jobs import Jobs, Update

_LIBRARIES = (
    "Its libraries are not installed: pip install -r requirements.txt brings them, 6 GB with torch for NVIDIA "
    "GPUs; without such a GPU 2 GB are enough, with this before: "
)
_OWN_MACHINE = ("127.0.0.1", "localhost", "::1")
_CPU_TORCH = "pip install torch torchvision --index-url https://download.pytorch.org/whl/cpu"


@dataclass(frozen=True)
class Feature:
    """What can be had. name: a profile or feature that entries of weights.yaml are used by.

    gives: a phrase for what a visitor has of it. unavailable() is the sentence that says what it lacks, or None.
    """

    name: str
    title: str
    gives: str
    modules: tuple[str, ...]
    unavailable: Callable[[], str | None]


CLIP = Feature(
    "clip",
    "CLIP score",
    "how alike a network finds the original and what was decoded",
    ("torch", "open_clip"),
    clip.unavailable,
)
CAPTIONS = Feature(
    "captions",
    "Captions written for you",
    "a first caption for every picture of yours",
    ("torch", "transformers"),
    captioner.FLORENCE2.unavailable,
)
PHOTOGRAPHS = Feature(
    "fast",
    "Stable Diffusion as the decoder",
    "a photograph that follows the layers",
    profiles.LIBRARIES,
    registry.get("fast").unavailable,
)
MORE_DECODERS = tuple(
    Feature(
        name,
        profiles.get(name).title,
        "another network as the decoder",
        profiles.LIBRARIES,
        registry.get(name).unavailable,
    )
    for name in profiles.NAMES
    if name != PHOTOGRAPHS.name
)


class Fetches:
    """Downloads for visitors, one at a time.

    may_fetch: False on a Space, which has what it needs, and where others than this machine's users are served.
    """

    def __init__(self) -> None:
        self._jobs = Jobs(1)
        address = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1")
        self.may_fetch = "SPACE_ID" not in os.environ and address in _OWN_MACHINE

    def offer(self, feature: Feature) -> tuple[gr.HTML, Dependency]:
        """Lay out the line and its buttons, which are there while the line offers or tells a download.

        Returns the line, for `offer_line` to be put into, and the event after which the feature may be there.
        """
        with gr.Row(elem_classes="ts-offer", equal_height=True):
            line = gr.HTML(self.offer_line(feature), elem_id=f"offer-{feature.name}")
            get = gr.Button("Get it", size="sm", scale=0, min_width=90, elem_id=f"get-{feature.name}")
            cancel = gr.Button("Cancel", size="sm", scale=0, min_width=90, elem_id=f"keep-off-{feature.name}")

        def work(request: gr.Request) -> Iterator[Updates]:
            if not self.may_fetch or feature.unavailable() is None:
                yield {line: self.offer_line(feature)}
                return
            yield {line: html.progress(Update(0.0, f"{feature.title}: starting"))}
            yield from follow(
                self._jobs.run(
                    owner(request, feature.name), lambda report: weights.fetch_group(feature.name, report)
                ),
                line,
                lambda folders: {line: html.note(f"{feature.title}: here now.")},
                failed=lambda sentence: {line: html.error(sentence) + self.offer_line(feature)},
                cancelled=lambda: {
                    line: html.note("Cancelled. What has arrived is kept.") + self.offer_line(feature)
                },
            )

        def stop(request: gr.Request) -> None:
            self._jobs.cancel(owner(request, feature.name))

        cancel.click(stop, None, None, queue=False, **PRIVATE)
        return line, get.click(work, None, line, concurrency_id="fetch", **ERRAND)

    def refresh(self, feature: Feature, line: gr.HTML) -> Refresh:
        """What takes the line of an offer away once the feature is here."""
        return Refresh(lambda: {} if self.offer_line(feature) else {line: ""}, [], [line])

    def offer_line(self, feature: Feature) -> str:
        """What the feature gives, its size and licence, or what has to be installed before; "" if it is here."""
        if feature.unavailable() is None or not self.may_fetch:
            return ""
        about = f"<b>{escape(feature.title)}</b>: {escape(feature.gives)}."
        if weights.unavailable(feature.title, (), feature.modules) is not None:
            install = marked_up(_LIBRARIES) + code(_CPU_TORCH)
            return f'<div class="ts-status ts-missing">{about} {install}</div>'
        names = [name for name in weights.group(feature.name) if not weights.is_available(name)]
        lacking = [weights.entry(name) for name in names]
        size = weights.readable(sum(one.size_bytes for one in lacking))
        licences = ", ".join(dict.fromkeys(one.licence for one in lacking))
        return (
            f'<div class="ts-status ts-missing ts-offered">{about} {size} to download, once; licence: '
            f"{escape(licences)}.</div>"
        )
