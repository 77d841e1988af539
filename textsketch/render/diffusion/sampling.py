"""The steps of sampling Stable Diffusion, as functions of tensors.

Latents, noise and the scheduler's arithmetic are float32 and noise comes from a CPU generator, so that a
seed means the same picture on every device as far as the networks' own rounding allows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from textsketch.render.diffusion import condition, prompts
from textsketch.render.diffusion.task import State
from textsketch.semantic import words
from textsketch.structure.kind import Guide
from textsketch.structure.kinds import kind_of

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from textsketch.layers import Layers
    from textsketch.render.diffusion.parts import Networks
    from textsketch.render.diffusion.profiles import Profile
    from textsketch.render.diffusion.task import Task

LATENT_SCALE = 8
"""A latent cell covers this many pixels along each side."""
_UNION_KINDS = {"pose": 0, "edges": 2}
"""The numbers of what a ControlNet union for SDXL reads: OpenPose; HED, PiDiNet and scribbles."""


@dataclass(frozen=True, eq=False)
class Words:
    """The text encoder's states for the negative prompt and the prompt: (2, tokens, dimensions).

    added: what else the UNet is told, by name, each with two rows. last: the last words that were read of a
    caption that was cut, None where none was.
    """

    states: torch.Tensor
    added: dict[str, torch.Tensor] = field(default_factory=dict)
    last: str | None = None


@dataclass(frozen=True, eq=False)
class Conditions:
    """What steers the sampling besides the prompt; each is None or empty if it does not.

    edges: (1, 3, height, width) in [0, 1] for the ControlNet; reader: what they are, "edges" or "pose".
    features: the T2I-Adapters' feature maps, summed over the adapters. later: those without the sketch's.
    start: (1, 4, height / 8, width / 8) latent to start from, with `strength` of it repainted.
    control, control_end: how strongly edges steer, as the features do already, and in which share of the steps.
    """

    edges: torch.Tensor | None = None
    reader: str = "edges"
    features: tuple[torch.Tensor, ...] = ()
    later: tuple[torch.Tensor, ...] = ()
    start: torch.Tensor | None = None
    strength: float = 1.0
    control: float = 1.0
    control_end: float = 1.0


def read_words(networks: Networks, task: Task) -> Words:
    """The words of a task's layers, and the profile's negative prompt, as the text encoders say them."""
    import torch

    def read(tokenizer: Any, encode: Callable[[torch.Tensor], Any]) -> tuple[list[Any], str | None]:
        suffix = task.profile.prompt_suffix
        positive = prompts.split(tokenizer, words.prompt(task.layers), suffix, task.chunks)
        negative = prompts.split(tokenizer, task.profile.negative_prompt, "", 1)
        return prompts.embed(tokenizer, encode, [negative, positive], networks.device), positive.last

    def join(encoded: list[torch.Tensor]) -> torch.Tensor:
        return torch.cat(encoded, 1).to(networks.dtype)

    if networks.second_text_encoder is None:
        encoded, last = read(networks.tokenizer, lambda tokens: networks.text_encoder(tokens)[0])
        return Words(join(encoded), last=last)
    first, last = read(
        networks.tokenizer, lambda tokens: networks.text_encoder(tokens, output_hidden_states=True)
    )
    second, _ = read(
        networks.second_tokenizer,
        lambda tokens: networks.second_text_encoder(tokens, output_hidden_states=True),  # type: ignore[misc]
    )
    states = torch.cat([join([one.hidden_states[-2] for one in some]) for some in (first, second)], -1)
    width, height = task.size
    # As large as it is painted, nothing cut off.
    times = torch.tensor([[height, width, 0, 0, height, width]] * 2).to(networks.device, networks.dtype)
    added = {"text_embeds": second[0].text_embeds.to(networks.dtype), "time_ids": times}
    return Words(states, added, last)


def last_words(networks: Networks, layers: Layers, profile: Profile, chunks: int) -> str | None:
    """The last words that are read of a caption that is cut, None where it is read as a whole."""
    return prompts.split(networks.tokenizer, words.prompt(layers), profile.prompt_suffix, chunks).last


def make_conditions(networks: Networks, task: Task) -> Conditions:
    """What the layers of a task say besides words, as the networks take it."""
    guide = task.profile.guide
    edges = start = None
    reader = "edges"
    sketch: list[torch.Tensor] = []
    colours: list[torch.Tensor] = []
    if task.layers.structure is not None:
        reader, drawn = kind_of(task.layers.structure).condition(task.layers.structure, task.size, guide)
        if reader not in networks.adapters and reader != "sketch":
            edges = to_tensor(drawn).expand(-1, 3, -1, -1)
        else:
            sketch = [task.control * one for one in adapter_features(networks, reader, to_tensor(drawn))]
    if task.painted is not None:
        if guide is Guide.ADAPTERS:
            blocks = condition.colour_map(task.painted, task.size)
            colours = adapter_features(networks, "color", to_tensor(blocks))
        if task.strength < 1:
            start = encode_picture(networks, to_tensor(task.painted) * 2 - 1)
    both = [a + b for a, b in zip(sketch, colours, strict=True)] if sketch and colours else sketch or colours
    return Conditions(
        edges, reader, tuple(both), tuple(colours), start, task.strength, task.control, task.control_end
    )


def make_scheduler(networks: Networks, name: str) -> Any:
    """A fresh scheduler of the diffusers class `name`, configured as the base model's."""
    import diffusers

    return getattr(diffusers, name).from_config(networks.scheduler_config)


def noise_and_generators(
    seeds: Sequence[int], size: tuple[int, int], channels: int = 4
) -> tuple[torch.Tensor, list[Any]]:
    """Standard normal latents (count, channels, height / 8, width / 8), one CPU generator for each seed."""
    import torch

    generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
    shape = (1, channels, size[1] // LATENT_SCALE, size[0] // LATENT_SCALE)
    return torch.cat([torch.randn(shape, generator=generator) for generator in generators]), generators


def adapter_features(networks: Networks, name: str, picture: torch.Tensor) -> list[torch.Tensor]:
    """The feature maps of the adapter `name` for a (1, channels, height, width) picture in [0, 1]."""
    return list(networks.adapters[name](picture.to(networks.device, networks.dtype)))


def encode_picture(networks: Networks, picture: torch.Tensor) -> torch.Tensor:
    """The latent of a (1, 3, height, width) picture in [-1, 1]: (1, 4, height / 8, width / 8) float32."""
    encoded = networks.vae.encode(picture.to(networks.device, networks.dtype))
    # TAESD's latents are not distributions.
    latent = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
    return (latent.float() - _shift(networks.vae)) * networks.vae.config.scaling_factor


def decode_latents(networks: Networks, latents: torch.Tensor, vae: Any) -> torch.Tensor:
    """Pictures of latents by one of the networks' autoencoders: (count, 3, height, width) float32 in [0, 1].

    They are decoded one at a time to bound memory.
    """
    import torch

    scaled = (latents / vae.config.scaling_factor + _shift(vae)).to(networks.dtype)
    pictures = [vae.decode(latent[None]).sample for latent in scaled]
    return torch.cat(pictures).float().mul(0.5).add(0.5).clamp(0, 1)


def _shift(vae: Any) -> float:
    """What the latents of an autoencoder lie around before they are scaled."""
    return getattr(vae.config, "shift_factor", None) or 0.0


def paint(networks: Networks, task: Task) -> Iterator[State]:
    """Paint a task with a UNet; see `networks.sampling`."""
    told = read_words(networks, task)
    conditions = make_conditions(networks, task)
    scheduler = make_scheduler(networks, task.profile.scheduler)
    for state in sample(
        networks, scheduler, task.steps, task.guidance, told, task.seeds, task.size, conditions
    ):
        yield State(*state, told.last)


def sample(
    networks: Networks,
    scheduler: Any,
    steps: int,
    guidance: float,
    told: Words,
    seeds: Sequence[int],
    size: tuple[int, int],
    conditions: Conditions,
) -> Iterator[tuple[int, int, torch.Tensor, torch.Tensor]]:
    """Denoise one latent for each seed.

    Yields (step, steps, latents, estimate of the clean latents) after every step, each
    (count, 4, height / 8, width / 8) float32.
    """
    import torch

    noise, generators = noise_and_generators(seeds, size)
    timesteps = _timesteps(scheduler, steps, conditions.strength if conditions.start is not None else 1.0)
    noise = noise.to(networks.device)
    if conditions.start is None:
        latents = noise * scheduler.init_noise_sigma
    else:
        if hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(len(scheduler.timesteps) - len(timesteps))
        latents = scheduler.add_noise(conditions.start.expand_as(noise), noise, timesteps[:1])
    timesteps_here = timesteps.to(networks.device)
    guided = guidance > 1
    copies = (2 if guided else 1) * len(seeds)

    def rows(pair: torch.Tensor) -> torch.Tensor:
        """A row for each latent of a step: with guidance all negatives, then all positives."""
        return pair.repeat_interleave(len(seeds), 0) if guided else pair[1:].expand(copies, *pair.shape[1:])

    states = rows(told.states)
    added = {name: rows(value) for name, value in told.added.items()}
    edges = None
    if conditions.edges is not None:
        edges = conditions.edges.to(networks.device, networks.dtype).expand(copies, -1, -1, -1)
    features, later = (
        [feature.expand(copies, -1, -1, -1) for feature in some]
        for some in (conditions.features, conditions.later)
    )
    alphas = scheduler.alphas_cumprod.to(networks.device)
    # Only schedulers that add noise at a step take a generator.
    takes_generator = "generator" in inspect.signature(scheduler.step).parameters
    options = {"generator": generators} if takes_generator else {}
    for step, timestep in enumerate(timesteps):
        steered = steers(step, len(timesteps), conditions.control_end)
        inputs = scheduler.scale_model_input(torch.cat([latents] * 2) if guided else latents, timestep)
        predicted = _predict(
            networks,
            inputs,
            timesteps_here[step],
            states,
            added,
            edges if steered else None,
            conditions,
            features if steered else later,
        )
        if guided:
            without, with_prompt = predicted.chunk(2)
            predicted = without + guidance * (with_prompt - without)
        alpha = alphas[timestep]  # an index on the GPU would be waited for
        estimate = (latents - (1 - alpha).sqrt() * predicted) / alpha.sqrt()
        latents = scheduler.step(predicted, timestep, latents, **options).prev_sample
        yield step + 1, len(timesteps), latents, estimate


def steers(step: int, steps: int, end: float) -> bool:
    """Whether the sketch steers step number `step`, from 0, of `steps`, where it does up to the share `end`."""
    return (step + 1) / steps <= end


def _timesteps(scheduler: Any, steps: int, strength: float) -> torch.Tensor:
    """The timesteps to run, on the CPU, where a scheduler's bookkeeping costs no wait for the GPU."""
    import torch

    if "strength" in inspect.signature(scheduler.set_timesteps).parameters:
        # LCM was distilled on this many steps; a picture repainted little leaves room for few of them.
        room = max(1, int(scheduler.config.original_inference_steps * strength))
        strength = max(strength, 1 / scheduler.config.original_inference_steps)
        scheduler.set_timesteps(min(steps, room), device="cpu", strength=strength)
        return scheduler.timesteps
    scheduler.set_timesteps(steps, device="cpu")
    timesteps = scheduler.timesteps
    if strength >= 1:
        return timesteps
    repeats = not hasattr(
        scheduler, "set_begin_index"
    )  # PNDM takes its second step twice, wherever it begins
    if repeats:
        timesteps = torch.unique(timesteps).flip(0)
    timesteps = timesteps[len(timesteps) - max(1, round(len(timesteps) * strength)) :]
    return torch.cat([timesteps[:2], timesteps[1:]]) if repeats else timesteps


def _predict(
    networks: Networks,
    inputs: torch.Tensor,
    timestep: torch.Tensor,
    states: torch.Tensor,
    added: dict[str, torch.Tensor],
    edges: torch.Tensor | None,
    conditions: Conditions,
    features: Sequence[torch.Tensor],
) -> torch.Tensor:
    """The UNet's noise prediction, float32, with the ControlNet's and the adapters' help where given."""
    inputs = inputs.to(networks.dtype)
    help_: dict[str, Any] = {"added_cond_kwargs": added} if added else {}
    if edges is not None and networks.controlnet is not None:
        down, middle = networks.controlnet(
            inputs,
            timestep,
            encoder_hidden_states=states,
            conditioning_scale=conditions.control,
            return_dict=False,
            **_controls(networks.controlnet, edges, conditions.reader),
            **help_,
        )
        help_ |= {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
    if features:
        # The UNet takes this list apart as it goes.
        help_["down_intrablock_additional_residuals"] = list(features)
    return networks.unet(inputs, timestep, encoder_hidden_states=states, return_dict=False, **help_)[
        0
    ].float()


def _controls(controlnet: Any, edges: torch.Tensor, reader: str) -> dict[str, Any]:
    """The edges as the ControlNet takes them: one for several kinds of pictures is told which it is."""
    kinds = getattr(controlnet.config, "num_control_type", None)
    if kinds is None:
        return {"controlnet_cond": edges}
    kind = edges.new_zeros(len(edges), kinds)
    kind[:, _UNION_KINDS[reader]] = 1
    return {"controlnet_cond": [edges], "control_type": kind, "control_type_idx": [_UNION_KINDS[reader]]}


def to_picture(pixels: torch.Tensor) -> Image.Image:
    """A (3, height, width) tensor in [0, 1] as an RGB picture."""
    from PIL import Image

    return Image.fromarray(pixels.mul(255).round().byte().permute(1, 2, 0).cpu().numpy())


def to_tensor(picture: Image.Image) -> torch.Tensor:
    """A picture as (1, channels, height, width) float32 in [0, 1]."""
    import numpy as np
    import torch

    pixels = np.asarray(picture, np.float32) / 255
    return torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1)[None].contiguous()
