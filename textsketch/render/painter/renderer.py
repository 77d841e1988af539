"""The painter's row in the table of renderers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textsketch.allocation.search import MOST_EFFORT
from textsketch.layers import Layers, Mode
from textsketch.options import Options, option
from textsketch.progress import Progress, Pulse, ignore
from textsketch.render.renderer import Preview, Renderer

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image


@dataclass(frozen=True)
class PainterOptions(Options):
    """What the painter can be told."""

    grain: bool = option(True, "paint fine grain where the picture has texture")
    brush: bool = option(
        True,
        "sharpen and shade the painting with a network; without it, it shows what was sent and nothing else",
    )


@dataclass(frozen=True)
class PainterAllocation(Options):
    """How hard the painter's encoder searches."""

    effort: int = option(
        MOST_EFFORT,
        "how hard to search for the best use of the bytes: 1 answers soonest",
        least=1,
        most=MOST_EFFORT,
        offered=False,
    )


def render(
    layers: Layers,
    size: tuple[int, int],
    options: PainterOptions,
    *,
    progress: Progress = ignore,
    preview: Preview | None = None,
) -> Image.Image:
    """Paint `layers`; see `render.renderer`."""
    from textsketch.render.painter import painting

    return painting.render(layers, size, grain=options.grain, brush=options.brush, progress=progress)


def invents(layers: Layers, options: PainterOptions) -> str | None:
    """What the brush does to a painting of `layers`, see `render.renderer`."""
    from textsketch.render.painter.brush import sharpens
    from textsketch.render.painter.shading import shades

    if options.brush and sharpens(layers):
        return "Sharpened by a network; the plain painting shows what was sent."
    if options.brush and shades(layers):
        return "Shaded by a network between the lines; the plain drawing shows what was sent."
    return None


def allocate(
    picture: Image.Image,
    mode: Mode,
    budget_bytes: int,
    caption: str,
    options: PainterAllocation,
    *,
    seed: int = 0,
    progress: Progress = ignore,
) -> Layers:
    """Choose the layers whose painting is nearest to the picture; see `render.renderer`."""
    from textsketch.allocation.painter import choose_layers
    from textsketch.bitstream import SizeMeter

    pulse = Pulse(progress)
    return choose_layers(
        picture,
        mode,
        budget_bytes,
        caption,
        seed=seed,
        effort=options.effort,
        size_of=SizeMeter(pulse.beat),
        shade=_shade,
        progress=pulse,
    )


def _shade(layers: Layers) -> np.ndarray | None:
    """A sketch as the brush will paint it; None if its lines are drawn."""
    from textsketch.render.painter.shading import shade, shades

    return shade(layers) if shades(layers) else None


RENDERER = Renderer(
    name="painter",
    title="Painter (embedded)",
    render=render,
    allocate=allocate,
    options=PainterOptions,
    allocation=PainterAllocation,
    invents=invents,
    plain={"brush": False},
    plain_modes=(Mode.TEXT_SKETCH, Mode.THREE_LAYER),
)
