"""Renderers: every one paints a picture from whatever layers it is given."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from ..errors import TextsketchError
from ..layers import Layers

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


def choose_layers_for(name: str) -> Callable[..., Layers]:
    """The rate control that spends a budget for the renderer called `name`; see `rate_control.choose_layers`.

    Raises TextsketchError if there is no renderer of this name.
    """
    _check(name)
    if name == PAINTER:
        from ..rate_control import choose_layers
    else:
        from ..diffusion_rate_control import choose_layers
    return choose_layers


def get_renderer(name: str) -> Renderer:
    """Return `render(layers, size=None, *, seed=None, progress=None, ...) -> PIL.Image` by name.

    Raises TextsketchError if there is no renderer of this name.
    """
    _check(name)
    if name == PAINTER:
        from . import painter

        return painter.render
    from . import diffusion

    return functools.partial(diffusion.render, profile=name)


def _check(name: str) -> None:
    if name not in names():
        raise TextsketchError(f"unknown renderer {name!r}; choose one of {', '.join(names())}")
