"""Renderers: every one paints a picture from whatever layers it is given."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from textsketch.errors import TextsketchError
from textsketch.layers import Layers

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
    from textsketch.render.diffusion import profiles

    return (PAINTER, *profiles.NAMES)


def offers() -> list[Offer]:
    """Every renderer with what it lacks here; loads nothing."""
    from textsketch.render.diffusion import profiles

    sampler = [Offer(o.profile.name, o.profile.title, o.problem) for o in profiles.offers()]
    return [Offer(PAINTER, "Painter (embedded)", None), *sampler]


def choose_layers_for(name: str) -> Callable[..., Layers]:
    """The rate control that spends a budget for the renderer called `name`; see `allocation.painter`.

    Raises TextsketchError if there is no renderer of this name.
    """
    _check(name)
    if name == PAINTER:
        from textsketch.allocation.painter import choose_layers
    else:
        from textsketch.allocation.diffusion import choose_layers
    return choose_layers


def get_renderer(name: str) -> Renderer:
    """Return `render(layers, size=None, *, seed=None, progress=None, ...) -> PIL.Image` by name.

    Raises TextsketchError if there is no renderer of this name.
    """
    _check(name)
    if name == PAINTER:
        from textsketch.render.painter import painting

        return painting.render
    from textsketch.render.diffusion import sampler

    return functools.partial(sampler.render, profile=name)


def _check(name: str) -> None:
    if name not in names():
        raise TextsketchError(f"unknown renderer {name!r}; choose one of {', '.join(names())}")
