"""What a caption source is: one row of `table`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textsketch.options import Options
from textsketch.progress import Progress

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Source:
    """One way to have a caption written. What it writes is a proposal, which people edit like a typed one.

    summary: what it does, for --help. options: the class of its own. unavailable() is the
    sentence that says what is missing here, None if nothing. write(picture, options, progress) takes an RGB
    picture of any size and tells `progress` what is written so far; with `usable_at_once` that is a caption
    already, which one who cancels can keep. quick: it takes seconds, so that it may write without being asked.
    """

    name: str
    title: str
    summary: str
    options: type[Options]
    unavailable: Callable[[], str | None]
    write: Callable[[Image.Image, Any, Progress], str]
    usable_at_once: bool = False
    quick: bool = False
