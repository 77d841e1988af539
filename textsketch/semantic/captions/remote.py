"""Writes captions with a vision-language model over an API, and rewrites them after a look at the decode.

The model is told what the coder's bytes are spent on, and hears what each answer costs, exactly, until one fits:
the iterative reflection of micro-bpp compression (arXiv 2402.13536).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textsketch.options import option
from textsketch.progress import Progress
from textsketch.semantic.captions.source import Attempt, Revision, Source
from textsketch.semantic.captions.wording import cleaned, cost_bytes, fitted, unwrapped
from textsketch.service import chat, settings
from textsketch.service.chat import Message, message
from textsketch.service.options import ServiceOptions
from textsketch.service.settings import VARIABLES, Service

if TYPE_CHECKING:
    from PIL import Image

MOST_TURNS = 3
"""So often a model is asked for one caption at most."""
_LETTERS_A_BYTE, _MOST_LETTERS_A_BYTE = 5, 16
"""Usually, and more than any text has."""
_HABITS = (
    "You write captions from which a picture will be painted again. A coder sends them in very few bytes; plain "
    "lower-case English in the order subject, place, light costs least: a red pagoda above trees by a misty "
    "lake. Common words cost less than rare ones; names, numbers, capitals and punctuation cost most. Write no "
    "quotation marks, no markdown and no explanation."
)
_REPLY = re.compile(r"^[\W_]*(better|differs|caption)\b[\W_]*:[\W_]*(.*)$", re.IGNORECASE)


@dataclass(frozen=True)
class RemoteOptions(ServiceOptions):
    """Which model of which API writes."""

    caption_model: str | None = option(
        None, f"the API's model that writes, instead of {VARIABLES['caption_model']}", offered=False
    )


def write(
    picture: Image.Image, options: RemoteOptions, progress: Progress, most_bytes: int | None = None
) -> str:
    """A caption of an RGB picture, of at most `most_bytes` if given. Raises ServiceError."""
    limit = "in one sentence" if most_bytes is None else _limit(most_bytes)
    asked = f"Write the caption of this picture, {limit}. Answer with the caption alone."
    messages = [message("system", _HABITS), message("user", asked, picture)]
    return _caption(options.service, messages, unwrapped, most_bytes, progress, "looking at the picture")


def write_within(picture: Image.Image, options: RemoteOptions, most_bytes: int, progress: Progress) -> str:
    """`write` as `source.Source` has it."""
    return write(picture, options, progress, most_bytes)


def revise(
    picture: Image.Image,
    best: Attempt,
    newer: Attempt | None,
    tried: Sequence[str],
    most_bytes: int,
    options: RemoteOptions,
    progress: Progress,
) -> Revision:
    """See `source.Revise`. Raises ServiceError."""
    shown: list[str | Image.Image] = ["The original:", picture]
    attempts = [best] if newer is None else [best, newer]
    for letter, attempt in zip("AB", attempts, strict=False):
        shown += [f"{letter}, painted from the caption “{attempt.caption}”:", attempt.decoded]
    lines = []
    if newer is not None:
        lines.append("BETTER: A or B, whichever is more like the original")
    lines.append(
        "DIFFERS: one sentence on what differs between the original and "
        f"{'A' if newer is None else 'the better one'}: which way things face, how many there are, colours, "
        "what was invented or left out"
    )
    if most_bytes:
        lines.append(
            f"CAPTION: a new caption of the original that avoids this, {_limit(most_bytes)}; none of these: "
            + "; ".join(f"“{caption}”" for caption in tried)
        )
    shown.append("Answer in these lines:\n" + "\n".join(lines))
    messages = [message("system", _HABITS), message("user", *shown)]
    said: dict[str, str] = {}

    def read(answer: str) -> str:
        lines = _lines(answer)
        for name, text in lines.items():
            said.setdefault(name, text)
        return unwrapped(lines.get("caption", "" if lines else answer))

    caption = _caption(
        options.service, messages, read, most_bytes or None, progress, "comparing with the original"
    )
    newer_wins = None if newer is None else said.get("better", "").strip(" *_.").upper() == "B"
    wanted = bool(most_bytes) and caption not in tried
    return Revision(cleaned(said.get("differs", "")), caption if wanted else "", newer_wins)


def _caption(
    service: Service,
    messages: list[Message],
    read: Callable[[str], str],
    most_bytes: int | None,
    progress: Progress,
    about: str,
) -> str:
    """The first caption of up to `MOST_TURNS` answers that fits, else the beginning of one; "" if none does."""
    caption = ""
    for turn in range(MOST_TURNS):
        answer = chat.ask(service, messages, progress, about)
        caption = read(answer)
        if most_bytes is None:
            break
        cost = cost_bytes(caption)
        if caption and cost <= most_bytes:
            break
        if turn + 1 < MOST_TURNS:
            about = f"shortening {cost} bytes to {most_bytes}"
            said = f"“{caption}” takes {cost} bytes" if caption else "There was no caption in this"
            shorter = f"{said}. Say it again, {_limit(most_bytes)}. Answer with the caption alone."
            messages = [*messages, message("assistant", answer), message("user", shorter)]
    if most_bytes is not None:
        if len(caption) > (most := most_bytes * _MOST_LETTERS_A_BYTE):
            caption = caption[:most].rsplit(" ", 1)[0]
        caption = fitted(caption, most_bytes)
    progress(1.0, caption)
    return caption


def _limit(most_bytes: int) -> str:
    return f"in at most {most_bytes} bytes, which is about {most_bytes * _LETTERS_A_BYTE} letters"


def _lines(answer: str) -> dict[str, str]:
    """What stands behind the words that begin the lines of an answer."""
    found = {}
    for line in answer.splitlines():
        match = _REPLY.match(line)
        if match:
            found[match[1].lower()] = match[2]
    return found


SOURCE = Source(
    "api",
    "A model over an API",
    "a caption by a vision-language model over an API that the owner has set up",
    RemoteOptions,
    functools.partial(settings.lacking, "Captions over an API", "caption_model"),
    write,
    write_within=write_within,
    revise=revise,
    remote=True,
)
