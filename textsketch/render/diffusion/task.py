"""What one painting is asked for: layers, seeds, and every setting with its value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from textsketch.layers import Layers
from textsketch.options import Options, option
from textsketch.render.diffusion import condition
from textsketch.render.diffusion.profiles import Profile

if TYPE_CHECKING:
    import torch
    from PIL import Image

MOST_STEPS = 100
MOST_CHUNKS = 8


@dataclass(frozen=True)
class Settings(Options):
    """What may be chosen per picture; None takes the profile's value."""

    steps: int | None = option(None, "denoising steps", least=1, most=MOST_STEPS)
    guidance: float | None = option(None, "how closely the words are followed", least=1, most=30)
    strength: float | None = option(
        None, "how much of the colour map's picture is repainted; 1 starts from noise alone", least=0, most=1
    )
    control: float | None = option(None, "how strongly the sketch steers", least=0, most=2)
    control_end: float | None = option(None, "share of the steps that the sketch steers", least=0, most=1)
    match_colours: bool = option(True, "give the picture the colours of the colour map")
    chunks: int = option(3, "parts of 75 tokens that are read of a long caption", least=1, most=MOST_CHUNKS)
    safety: bool = option(True, "let the safety checker look at the picture", offered=False)


@dataclass(frozen=True, eq=False)
class Task:
    """A painting at `size` (width, height); see `Settings` for what is not said here.

    painted: the painter's picture of the colour map at `size`, RGB, or None where there is no colour map.
    """

    layers: Layers
    size: tuple[int, int]
    seeds: tuple[int, ...]
    profile: Profile
    steps: int
    guidance: float
    strength: float
    control: float
    control_end: float
    chunks: int
    painted: Image.Image | None

    @property
    def passes(self) -> int:
        """How often the network runs for one picture, at most."""
        return self.steps * (2 if self.guidance > 1 else 1)


class State(NamedTuple):
    """A painting after `step` of `steps`.

    latents, and estimate of those without noise: (pictures, channels, height / 8, width / 8) float32. last: the
    last words that were read of a caption that was cut, None where none was.
    """

    step: int
    steps: int
    latents: torch.Tensor
    estimate: torch.Tensor
    last: str | None


def make_task(
    layers: Layers, seeds: tuple[int, ...], profile: Profile, settings: Settings, device: str
) -> Task:
    """The task of painting `layers` on a `device` with the profile's values where `settings` has none."""
    size = condition.working_size(layers.size, profile.side)
    painted = None
    if layers.texture is not None:
        from textsketch.render.painter import painting

        painted = painting.render(layers, size, grain=False, brush=False)

    def value(chosen: float | None, usual: float) -> float:
        return float(usual if chosen is None else chosen)

    return Task(
        layers=layers,
        size=size,
        seeds=seeds,
        profile=profile,
        steps=settings.steps or profile.steps_on(device),
        guidance=value(settings.guidance, profile.guidance),
        strength=value(settings.strength, profile.strength),
        control=value(settings.control, profile.control),
        control_end=value(settings.control_end, profile.control_end),
        chunks=settings.chunks,
        painted=painted,
    )
