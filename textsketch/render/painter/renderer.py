"""The painter's row in the table of renderers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textsketch.layers import Layers, Mode
from textsketch.options import Options, option
from textsketch.progress import Progress, Pulse, ignore
from textsketch.render.renderer import Preview, Renderer

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class PainterOptions(Options):
    """What the painter can be told."""

    grain: bool = option(True, "paint fine grain where the picture has texture")


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

    return painting.render(layers, size, grain=options.grain, progress=progress)


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
    """Choose the layers whose painting is nearest to the picture; see `render.renderer`."""
    from textsketch.allocation.painter import choose_layers
    from textsketch.bitstream import SizeMeter

    pulse = Pulse(progress)
    return choose_layers(
        picture, mode, budget_bytes, caption, seed=seed, size_of=SizeMeter(pulse.beat), progress=pulse
    )


RENDERER = Renderer(
    name="painter",
    title="Painter (embedded)",
    render=render,
    allocate=allocate,
    options=PainterOptions,
)
