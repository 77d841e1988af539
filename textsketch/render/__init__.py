"""Renderers: every one paints a picture from whatever layers it is given."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from ..errors import TextsketchError

Renderer = Callable[..., Image.Image]
PAINTER = "painter"


@dataclass(frozen=True)
class Offer:
    """A renderer by name. problem: the sentence that says what it lacks here, or None if it can be used."""

    name: str
    title: str
    problem: str | None


def names() -> tuple[str, ...]:
    """The painter and every Stable Diffusion profile."""
    from . import profiles

    return (PAINTER, *profiles.NAMES)


def offers() -> list[Offer]:
    """Every renderer with what it lacks here; loads nothing."""
    from . import profiles

    diffusion = [Offer(o.profile.name, o.profile.title, o.problem) for o in profiles.offers()]
    return [Offer(PAINTER, "Painter (embedded)", None), *diffusion]


def get_renderer(name: str) -> Renderer:
    """Return `render(layers, size=None, *, seed=None, progress=None, ...) -> PIL.Image` by name.

    Raises TextsketchError if there is no renderer of this name.
    """
    if name not in names():
        raise TextsketchError(f"unknown renderer {name!r}; choose one of {', '.join(names())}")
    if name == PAINTER:
        from . import painter

        return painter.render
    from . import diffusion

    return functools.partial(diffusion.render, profile=name)
