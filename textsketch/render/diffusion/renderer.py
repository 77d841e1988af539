"""Stable Diffusion's rows in the table of renderers: one a profile."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from textsketch.errors import WeightsError
from textsketch.layers import CANDIDATES, Layers, Mode
from textsketch.models import clip
from textsketch.options import Options, option
from textsketch.progress import Progress, Pulse, ignore, share
from textsketch.render.diffusion import networks, profiles, sampler
from textsketch.render.diffusion.profiles import Profile
from textsketch.render.diffusion.task import Settings
from textsketch.render.renderer import Preview, Renderer, only_sent
from textsketch.semantic import words
from textsketch.structure import detectors, kinds

if TYPE_CHECKING:
    from PIL import Image


def _lacks_candidates(count: int) -> str | None:
    return clip.unavailable(clip.CHOOSING, "The choice among candidates") if count > 1 else None


@dataclass(frozen=True)
class DiffusionAllocation(Options):
    """How a file is made that steers Stable Diffusion."""

    structure: str = option(
        kinds.DEFAULT.name,
        "what the sketch layer holds",
        choices=kinds.names,
        lacks=lambda name: kinds.get(name).unavailable(),
    )
    detector: str = option(
        detectors.OWN, "what finds the lines", choices=detectors.names, lacks=detectors.unavailable
    )
    candidates: int = option(
        1,
        "pictures to paint; the one CLIP finds most like the original is kept",
        choices=CANDIDATES,
        lacks=_lacks_candidates,
    )


def render(
    layers: Layers,
    size: tuple[int, int],
    options: Settings,
    *,
    profile: str,
    progress: Progress = ignore,
    preview: Preview | None = None,
) -> Image.Image:
    """Paint `layers`; see `render.renderer`.

    Raises WeightsError if the profile's weights are missing, RenderError if memory runs out, the result is no
    picture, or the safety checker holds it back.
    """
    return sampler.render(layers, size, profile=profile, settings=options, progress=progress, preview=preview)


def allocate(
    picture: Image.Image,
    mode: Mode,
    budget_bytes: int,
    caption: str,
    options: DiffusionAllocation,
    *,
    profile: str,
    seed: int = 0,
    progress: Progress = ignore,
) -> Layers:
    """Choose the layers that steer `profile`, the best of `options.candidates` seeds; see `render.renderer`."""
    from textsketch.allocation.diffusion import choose_layers
    from textsketch.bitstream import SizeMeter

    count = options.candidates
    if count > 1:
        reason = sampler.candidates_unavailable(profile)
        if reason is not None:
            raise WeightsError(reason)
    pulse = Pulse(share(progress, 0.0, 0.3 if count > 1 else 1.0))
    layers = choose_layers(
        picture,
        mode,
        budget_bytes,
        caption,
        structure=options.structure,
        detector=options.detector,
        seed=seed,
        candidate=count - 1,  # the last candidate's number costs as much as any
        size_of=SizeMeter(pulse.beat),
        progress=pulse,
    )
    if count == 1:
        return layers
    best, _ = sampler.best_of(picture, layers, count, profile=profile, progress=share(progress, 0.3, 1.0))
    return replace(layers, candidate=best)


def invents(layers: Layers, options: Settings, *, profile: Profile) -> str | None:
    """What a network adds to `layers`, and where it stopped reading; see `render.renderer`."""
    sentence = only_sent(layers)
    last = networks.last_words(profile, layers, options.chunks)
    return f"{sentence} Of the caption it read up to “{last}”." if last else sentence


def _row(profile: Profile) -> Renderer:
    unavailable: Callable[[], str | None] = functools.partial(profiles.unavailable, profile)
    return Renderer(
        name=profile.name,
        title=profile.title,
        render=functools.partial(render, profile=profile.name),
        allocate=functools.partial(allocate, profile=profile.name),
        options=Settings,
        allocation=DiffusionAllocation,
        unavailable=unavailable,
        paints_beside=False,
        prompt=lambda layers: words.prompt(layers, profile.prompt_suffix),
        invents=functools.partial(invents, profile=profile),
        share_gpu=sampler.gpu_run,
        prepare=functools.partial(sampler.prepare, profile.name),
    )


RENDERERS = tuple(_row(profiles.get(name)) for name in profiles.NAMES)
