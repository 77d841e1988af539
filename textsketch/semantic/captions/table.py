"""The table of caption sources; the command line and the page offer what stands here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textsketch.errors import OptionError, WeightsError, quoted
from textsketch.options import fill
from textsketch.progress import Progress, ignore
from textsketch.semantic.captions import captioner, prompt_inversion, remote
from textsketch.semantic.captions.source import Source
from textsketch.semantic.captions.wording import fitted

if TYPE_CHECKING:
    from PIL import Image

SOURCES = {
    source.name: source
    for source in (captioner.FLORENCE2, captioner.BLIP, prompt_inversion.PROMPT_INVERSION, remote.SOURCE)
}
"""Every caption source by name, the one to take unless asked for another first."""


def get(name: str) -> Source:
    """The source called `name`. Raises OptionError if there is none."""
    if name not in SOURCES:
        names = ", ".join(SOURCES)
        raise OptionError(f"there is no caption source called {quoted(name)}; choose one of {names}")
    return SOURCES[name]


def write(
    picture: Image.Image,
    name: str = "florence2",
    *,
    most_bytes: int | None = None,
    progress: Progress | None = None,
    **options: object,
) -> str:
    """A caption for an RGB picture by the source called `name`; `options` are its own.

    most_bytes: what the caption may cost in a file; it then fits, in whole phrases, and is "" if none does.
    Raises OptionError if there is no such source or it does not take an option, WeightsError if it lacks
    something here, ServiceError if it asks an API that does not answer.
    """
    source = get(name)
    filled = fill(source.title, source.options, options)
    reason = None if source.remote else source.unavailable()
    if reason is not None:
        raise WeightsError(reason)
    report = progress or ignore
    if most_bytes is None:
        return source.write(picture, filled, report)
    if source.write_within is not None:
        return source.write_within(picture, filled, most_bytes, report)
    return fitted(source.write(picture, filled, report), most_bytes)
