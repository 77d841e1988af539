"""Paints layers with Stable Diffusion (arXiv 2307.01944, 2412.12982): the same door as the painter.

`run` is the whole work as a generator that yields after every step; `render` and `best_of` drive it. One
picture is painted at a time in a process; whoever comes second waits for its turn.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from textsketch.errors import RenderError, WeightsError
from textsketch.models import networks as loaded_networks
from textsketch.models import zero_gpu
from textsketch.progress import Progress
from textsketch.render.diffusion import colour_match, condition, pace, profiles
from textsketch.render.diffusion import networks as diffusion_networks
from textsketch.render.diffusion import sampling as diffusion_sampling
from textsketch.render.diffusion.parts import Networks
from textsketch.render.diffusion.profiles import Profile
from textsketch.render.diffusion.task import Settings, Task, make_task
from textsketch.structure.kinds import kind_of

if TYPE_CHECKING:
    from PIL import Image

    from textsketch.layers import Layers

Preview = Callable[["Image.Image"], None]
"""Called with a small, rough picture of what is coming."""

_MOST_OUTPUT_PIXELS = 1 << 26
_PREVIEW_SIDE = 256
_TRIAL_SIDE = 256
_turn = threading.Lock()


@dataclass(frozen=True, eq=False)
class Step:
    """One step of `run`: the fraction done, what is going on, maybe a preview, at the end the pictures."""

    fraction: float
    message: str
    preview: Image.Image | None = None
    pictures: tuple[Image.Image, ...] = ()


def render(
    layers: Layers,
    size: tuple[int, int] | None = None,
    *,
    profile: str = "fast",
    settings: Settings | None = None,
    progress: Progress | None = None,
    preview: Preview | None = None,
) -> Image.Image:
    """Paint `layers` as an RGB picture of `size` (width, height), by default the original's.

    The seed is that of the candidate the encoder chose. Raises WeightsError if the profile's weights are
    missing, RenderError if memory runs out, the result is no picture, or the safety checker holds it back.
    """
    work = gpu_run()(
        layers,
        size,
        seeds=(layers.candidate_seed(),),
        profile=profile,
        settings=settings,
        previews=preview is not None,
    )
    return _finish(work, progress, preview)[0]


def best_of(
    original: Image.Image,
    layers: Layers,
    count: int,
    *,
    profile: str = "fast",
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> tuple[int, list[float]]:
    """Paint `layers` with `count` seeds and choose the one CLIP finds most like `original`.

    The candidates' seeds are layers.seed, layers.seed + 1 and so on. Returns the index of the best, 0 to
    count - 1, and every candidate's CLIP image-image cosine. The CLIP that chooses, `measure.clip.CHOOSING`,
    is never the one that reports.
    """
    from textsketch.models import clip

    chooser = clip.load(clip.CHOOSING)
    seeds = tuple(layers.candidate_seed(index) for index in range(count))
    work = gpu_run()(layers, seeds=seeds, profile=profile, settings=settings)
    pictures = _finish(work, progress, None)
    embedded = clip.embed_pictures([original, *pictures], chooser)
    scores = [float(score) for score in embedded[1:] @ embedded[0]]
    return max(range(count), key=scores.__getitem__), scores


def candidates_unavailable(profile: str) -> str | None:
    """The sentence that says what `best_of` lacks here, or None."""
    from textsketch.models import clip

    choice = "The choice among candidates"
    return profiles.unavailable(profiles.get(profile)) or clip.unavailable(clip.CHOOSING, choice)


def prepare(profile: str) -> None:
    """Load the networks of `profile` now, so that the first picture does not wait for them."""
    with _turn:
        diffusion_networks.load(profiles.get(profile))


def run(
    layers: Layers,
    size: tuple[int, int] | None = None,
    *,
    seeds: Sequence[int],
    profile: str = "fast",
    settings: Settings | None = None,
    previews: bool = False,
) -> Iterator[Step]:
    """Paint one picture for each of `seeds`; the last step has them. Closing the generator cancels the work.

    Raises what `render` raises.
    """
    settings = settings or Settings()
    chosen = profiles.get(profile)
    if diffusion_networks.loaded(chosen) is None and (reason := profiles.unavailable(chosen)) is not None:
        raise WeightsError(reason)
    while not _turn.acquire(timeout=0.05):
        yield Step(0.0, "Waiting for another picture to be finished")
    try:
        with _errors():
            yield from _run(layers, size or layers.size, tuple(seeds), chosen, settings, previews)
    finally:
        _turn.release()


@functools.cache
def gpu_run() -> Callable[..., Iterator[Step]]:
    """`run`; in a ZeroGPU Space, where this must first be called at start-up, on the shared GPU."""

    return zero_gpu.on_gpu(run, duration_seconds)


def duration_seconds(
    layers: Layers,
    *_: object,
    seeds: Sequence[int],
    profile: str = "fast",
    settings: Settings | None = None,
    **__: object,
) -> int:
    """A generous estimate of the seconds that `run` takes with the same arguments on a shared GPU."""
    chosen = profiles.get(profile)
    steps = (settings or Settings()).steps or chosen.steps
    width, height = condition.working_size(layers.size, chosen.side)
    passes = steps * (2 if chosen.guidance > 1 else 1) * len(seeds) * width * height / (512 * 512)
    return round(15 + 0.12 * passes)


def _finish(
    work: Iterator[Step], progress: Progress | None, preview: Preview | None
) -> tuple[Image.Image, ...]:
    pictures: tuple[Image.Image, ...] = ()
    with contextlib.closing(work):  # type: ignore[type-var]
        for step in work:
            if progress is not None:
                progress(step.fraction, step.message)
            if preview is not None and step.preview is not None:
                preview(step.preview)
            pictures = step.pictures
    return pictures


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    import torch

    try:
        yield
    except (RuntimeError, MemoryError) as error:
        # Apple's and Intel's GPUs have no class of error of their own for it.
        if not isinstance(error, torch.OutOfMemoryError | MemoryError) and "out of memory" not in str(error):
            raise
        loaded_networks.empty_cache()
        raise RenderError(
            "There is not enough memory for this picture: choose fewer candidates or use the painter."
        ) from error


def _run(
    layers: Layers,
    size: tuple[int, int],
    seeds: tuple[int, ...],
    profile: Profile,
    settings: Settings,
    previews: bool,
) -> Iterator[Step]:
    import torch

    messages: list[str] = []
    yield Step(0.0, "Loading Stable Diffusion")
    steers = None if layers.structure is None else kind_of(layers.structure).steers
    networks = diffusion_networks.load(
        profile, pose=steers == "pose" and profile.family == "sd15", report=messages.append
    )
    device = networks.device.type
    yield Step(0.03, f"Loaded {', '.join(messages)}" if messages else "Preparing")
    task = make_task(layers, seeds, profile, settings, device)
    if device == "cpu":
        if not pace.known(profile.name, device):
            yield Step(0.04, "Timing a step")
            _time_a_step(networks, task)
        # Reading the words, the start and the end take as long as some passes, most of it for the decoder.
        passes = task.passes + (1 if profile.tiny_decoder(device) else 4)
        told = pace.phrase(pace.estimate(profile.name, device, passes * _pixels(task)))
        yield Step(0.05, f"This takes {told}" if told else "Preparing")
    # inference_mode is not entered around a yield: it is a setting of the thread, not of this generator.
    with torch.inference_mode():
        painting = diffusion_networks.sampling(networks, task)
    latents, note, began = torch.empty(0), "", pace.clock()
    while True:
        with torch.inference_mode():
            state = next(painting, None)
            if state is None:
                break
            step, total, latents, estimate = state.step, state.steps, state.latents, state.estimate
            small = _preview(networks, estimate[0]) if previews and step < total else None
        spent = pace.clock() - began
        if device == "cpu":
            pixels = step * _pixels(task) * task.passes // task.steps
            pace.remember(profile.name, device, spent, pixels)
        left = pace.phrase(spent / step * (total - step))
        note = f"; of the caption it reads up to “{state.last}”" if state.last else ""
        message = f"Step {step} of {total}" + (f", {left} left" if left else "") + note
        yield Step(0.05 + 0.85 * step / total, message, small)
    with torch.inference_mode():
        pixels_found = diffusion_sampling.decode_latents(networks, latents, networks.vae)
        if not bool(torch.isfinite(pixels_found).all()):
            raise RenderError(
                "Stable Diffusion gave numbers that are no picture; try another seed or profile."
            )
        pictures = tuple(diffusion_sampling.to_picture(picture) for picture in pixels_found)
    if settings.match_colours and task.painted is not None:
        pictures = tuple(colour_match.matched(picture, task.painted, layers) for picture in pictures)
    yield Step(0.93, "Checking the picture")
    if settings.safety:
        with torch.inference_mode():
            flagged = _held_back(networks, pictures)
        if all(flagged):
            raise RenderError("The safety checker holds this picture back; try another seed or the painter.")
        # Among several candidates a flagged one turns black, which no similarity chooses.
        pictures = tuple(
            picture.point(lambda value: 0) if flag else picture
            for picture, flag in zip(pictures, flagged, strict=True)
        )
    yield Step(1.0, f"Done{note}", None, tuple(_fit(picture, size) for picture in pictures))


def _pixels(task: Task) -> int:
    """Pixels of one pass over all pictures of a task."""
    return task.size[0] * task.size[1] * len(task.seeds)


def _time_a_step(networks: Networks, task: Task) -> None:
    """Learn the pace by the second step of a small picture, which is painted for nothing.

    Before the first the words are read, and a network's first pass takes longer than the others.
    """
    import torch

    side = min(_TRIAL_SIDE, *task.size)
    trial = replace(task, size=(side, side), seeds=task.seeds[:1], steps=2, painted=None)
    with torch.inference_mode():
        painting = diffusion_networks.sampling(networks, trial)
        next(painting)
        began = pace.clock()
        next(painting)
    passes = trial.passes // trial.steps
    pace.remember(task.profile.name, networks.device.type, pace.clock() - began, passes * _pixels(trial))


def _preview(networks: Networks, estimate: Any) -> Image.Image | None:
    """A quick decoding of a latent, at most 256 pixels a side, by the tiny autoencoder if there is one.

    None where the whole one would have to be brought to the GPU for it.
    """
    if networks.preview is None and hasattr(networks.vae, "_hf_hook"):
        return None
    import torch

    side = max(estimate.shape[-2:]) * diffusion_sampling.LATENT_SCALE
    latent = estimate[None]
    if side > _PREVIEW_SIDE:
        shrink = _PREVIEW_SIDE / side
        latent = torch.nn.functional.interpolate(latent, scale_factor=shrink, mode="area")
    pixels = diffusion_sampling.decode_latents(networks, latent, networks.preview or networks.vae)
    return diffusion_sampling.to_picture(pixels[0].nan_to_num())


def _held_back(networks: Networks, pictures: Sequence[Image.Image]) -> list[bool]:
    """What the safety checker flags."""
    import torch

    checker, prepare_pictures = networks.safety
    inputs = prepare_pictures(list(pictures), return_tensors="pt").pixel_values
    # The checker blackens what it flags; only its verdict is wanted here.
    _, flagged = checker(
        clip_input=inputs.to(networks.device, networks.dtype), images=torch.zeros(len(pictures), 1)
    )
    return [bool(flag) for flag in flagged]


def _fit(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    from PIL import Image

    width, height = size
    excess = (width * height / _MOST_OUTPUT_PIXELS) ** 0.5
    if excess > 1:
        width, height = max(1, int(width / excess)), max(1, int(height / excess))
    return (
        picture
        if picture.size == (width, height)
        else picture.resize((width, height), Image.Resampling.LANCZOS)
    )
