"""Renderers: every one paints a picture from whatever layers it is given."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from PIL import Image

Renderer = Callable[..., Image.Image]

_MODULES = {"painter": "painter"}
NAMES = tuple(_MODULES)


def get_renderer(name: str) -> Renderer:
    """Return `render(layers, size=None, *, seed=None, progress=None, ...) -> PIL.Image` by name.

    Raises ValueError if there is no renderer of this name.
    """
    if name not in _MODULES:
        raise ValueError(f"unknown renderer {name!r}; choose one of {', '.join(NAMES)}")
    return import_module(f".{_MODULES[name]}", __name__).render
