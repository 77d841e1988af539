"""What a caption source is: one row of `table`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from textsketch.options import Options
from textsketch.progress import Progress

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, eq=False)
class Attempt:
    """A caption that was tried, and the RGB picture that was decoded from it."""

    caption: str
    decoded: Image.Image


@dataclass(frozen=True)
class Revision:
    """What a look at original and decode brought.

    differs: a sentence for people. caption: what to try next, "" if there is nothing new that fits. newer_wins:
    whether the newer of two attempts is more like the original, None where there was only one.
    """

    differs: str
    caption: str
    newer_wins: bool | None = None


class Revise(Protocol):
    """Looks at an RGB picture and at what was decoded from captions of it, and proposes a better caption."""

    def __call__(
        self,
        picture: Image.Image,
        best: Attempt,
        newer: Attempt | None,
        tried: Sequence[str],
        most_bytes: int,
        options: Any,
        progress: Progress,
    ) -> Revision:
        """best: the best attempt so far. newer: one to compare with it. tried: captions not to repeat.

        most_bytes: of the new caption; with 0 none is wanted.
        """


@dataclass(frozen=True)
class Source:
    """One way to have a caption written. What it writes is a proposal, which people edit like a typed one.

    summary: what it does, for --help. options: the class of its own. unavailable() is the
    sentence that says what is missing here, None if nothing. write(picture, options, progress) takes an RGB
    picture of any size and tells `progress` what is written so far; with `usable_at_once` that is a caption
    already, which one who cancels can keep. quick: it takes seconds, so that it may write without being asked.
    write_within(picture, options, most_bytes, progress): writes a caption of at most so many bytes, where the
    source can aim at that. revise: see `Revise`, where it can look at two pictures. remote: whether it asks an
    API: its calls may cost, and what it lacks may come with `options`, so it says by itself what is missing.
    """

    name: str
    title: str
    summary: str
    options: type[Options]
    unavailable: Callable[[], str | None]
    write: Callable[[Image.Image, Any, Progress], str]
    usable_at_once: bool = False
    quick: bool = False
    write_within: Callable[[Image.Image, Any, int, Progress], str] | None = None
    revise: Revise | None = None
    remote: bool = False
