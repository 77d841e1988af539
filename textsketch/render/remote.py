"""Paints with a model over an API: from the words, and after the painter's picture where there is more."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from textsketch.layers import Layers, Mode
from textsketch.options import Options, option
from textsketch.progress import Progress, Pulse, ignore, share
from textsketch.render.painter import renderer as painter
from textsketch.render.renderer import Preview, Renderer, only_sent
from textsketch.semantic import words
from textsketch.service import pictures, settings
from textsketch.service.options import ServiceOptions
from textsketch.service.settings import VARIABLES

if TYPE_CHECKING:
    from collections.abc import Sequence

_SIZES = ((1024, 1024), (1536, 1024), (1024, 1536))
"""What models are asked for unless a size is set: most know these and no others."""
_PAINT_AFTER = (
    "Turn this rough draft into a sharp, natural picture. Keep its composition, its outlines and its colours; "
    "where it is vague, paint what belongs there"
)
_UNNAMED = "a photograph"


@dataclass(frozen=True)
class RemoteOptions(ServiceOptions):
    """Which model of which API paints."""

    image_model: str | None = option(
        None, f"the API's model that paints, instead of {VARIABLES['image_model']}", offered=False
    )
    image_size: str | None = option(
        None,
        "size to ask the model for, such as 512x512 (usually that of 1024x1024, 1536x1024 and 1024x1536 nearest "
        "in shape)",
        offered=False,
    )


def prompt(layers: Layers) -> str:
    """What the model is told: the caption and colours in words, with a draft also what to do with it."""
    said = words.prompt(layers)
    if layers.structure is None:
        return said or _UNNAMED
    return f"{_PAINT_AFTER}. It shows: {said}" if said else _PAINT_AFTER


def render(
    layers: Layers,
    size: tuple[int, int],
    options: RemoteOptions,
    *,
    progress: Progress = ignore,
    preview: Preview | None = None,
) -> Image.Image:
    """Paint `layers`; see `render.renderer`. Raises ServiceError."""
    service = options.service
    asked = service.image_size or _nearest(size, _SIZES)
    if layers.structure is None:
        painted = pictures.paint(service, prompt(layers), asked, progress)
        return _covering(painted, size)
    draft = painter.render(layers, size, painter.PainterOptions(), progress=share(progress, 0.0, 0.1))
    if preview is not None:
        preview(draft)
    # Squeezed to the shape that is asked for and back, every line stays where it was sent.
    reference = draft.resize(asked, Image.Resampling.LANCZOS)
    painted = pictures.paint(service, prompt(layers), asked, share(progress, 0.1, 1.0), reference)
    return painted.resize(size, Image.Resampling.LANCZOS)


def allocate(
    picture: Image.Image,
    mode: Mode,
    budget_bytes: int,
    caption: str,
    options: Options,
    *,
    seed: int = 0,
    progress: Progress = ignore,
) -> Layers:
    """Choose the layers that steer a painting network; see `render.renderer`."""
    from textsketch.allocation.diffusion import choose_layers
    from textsketch.bitstream import SizeMeter

    pulse = Pulse(progress)
    size_of = SizeMeter(pulse.beat)
    return choose_layers(picture, mode, budget_bytes, caption, seed=seed, size_of=size_of, progress=pulse)


def _nearest(size: tuple[int, int], sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """The one of `sizes` whose shape is most like that of `size`."""

    def unlike(other: tuple[int, int]) -> float:
        ratio = size[0] * other[1] / (size[1] * other[0])
        return max(ratio, 1 / ratio)

    return min(sizes, key=unlike)


def _covering(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle of a picture, in the shape of `size`, scaled to it."""
    scale = max(size[0] / picture.width, size[1] / picture.height)
    width, height = size[0] / scale, size[1] / scale
    left, top = (picture.width - width) / 2, (picture.height - height) / 2
    box = (max(0.0, left), max(0.0, top), min(left + width, picture.width), min(top + height, picture.height))
    return picture.resize(size, Image.Resampling.LANCZOS, box=box)


RENDERER = Renderer(
    name="api",
    title="A model over an API",
    render=render,
    allocate=allocate,
    options=RemoteOptions,
    unavailable=functools.partial(settings.lacking, "Painting over an API", "image_model"),
    paints_beside=False,
    prompt=prompt,
    invents=lambda layers, options: only_sent(layers),
    remote=True,
)
