"""The renderers: every one paints a picture from whatever layers it is given."""

from __future__ import annotations

from textsketch.errors import OptionError, quoted
from textsketch.render.diffusion.renderer import RENDERERS as DIFFUSION
from textsketch.render.painter.renderer import RENDERER as PAINTER
from textsketch.render.remote import RENDERER as REMOTE
from textsketch.render.renderer import Renderer

RENDERERS: list[Renderer] = [PAINTER, *DIFFUSION, REMOTE]

DEFAULT = PAINTER
"""What paints where nobody chose: it needs no download and no GPU."""


def names() -> tuple[str, ...]:
    """The renderers by name."""
    return tuple(renderer.name for renderer in RENDERERS)


def get(name: str) -> Renderer:
    """The renderer called `name`. Raises OptionError if there is none."""
    for renderer in RENDERERS:
        if renderer.name == name:
            return renderer
    raise OptionError(f"unknown renderer {quoted(name)}; choose one of {', '.join(names())}")


def preferred() -> Renderer:
    """The renderer to start with: one with a network where it is there and paints quickly, else the default."""
    from textsketch.render.diffusion import profiles

    profile = profiles.default()
    return DEFAULT if profile is None else get(profile.name)


def start_on_shared_gpu() -> None:
    """Get ready at the start of a ZeroGPU Space, where what is loaded later is loaded for every picture anew."""
    for renderer in RENDERERS:
        renderer.share_gpu()
    preferred().prepare()
