"""The steps of sampling Stable Diffusion, as functions of tensors.

Latents, noise and the scheduler's arithmetic are float32 and noise comes from a CPU generator, so that a
seed means the same picture on every device as far as the networks' own rounding allows.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from PIL import Image

    from textsketch.render.diffusion.networks import Networks

LATENT_SCALE = 8
"""A latent cell covers this many pixels along each side."""


@dataclass(frozen=True, eq=False)
class Conditions:
    """What steers the sampling besides the prompt; each is None or empty if it does not.

    edges: (1, 3, height, width) in [0, 1] for the ControlNet.
    features: the T2I-Adapters' feature maps, summed over the adapters.
    start: (1, 4, height / 8, width / 8) latent to start from, with `strength` of it repainted.
    """

    edges: torch.Tensor | None = None
    features: tuple[torch.Tensor, ...] = ()
    start: torch.Tensor | None = None
    strength: float = 1.0


def embed_prompts(networks: Networks, prompts: Sequence[str]) -> torch.Tensor:
    """The text encoder's states for `prompts`, cut at 77 tokens: (count, 77, dimensions)."""
    tokens = networks.tokenizer(
        list(prompts), padding="max_length", max_length=77, truncation=True, return_tensors="pt"
    )
    return networks.text_encoder(tokens.input_ids.to(networks.device))[0].to(networks.dtype)


def make_scheduler(networks: Networks, name: str) -> Any:
    """A fresh scheduler of the diffusers class `name`, configured as the base model's."""
    import diffusers

    return getattr(diffusers, name).from_config(networks.scheduler_config)


def noise_and_generators(seeds: Sequence[int], size: tuple[int, int]) -> tuple[torch.Tensor, list[Any]]:
    """Standard normal latents (count, 4, height / 8, width / 8), one CPU generator for each seed."""
    import torch

    generators = [torch.Generator("cpu").manual_seed(seed) for seed in seeds]
    shape = (1, 4, size[1] // LATENT_SCALE, size[0] // LATENT_SCALE)
    return torch.cat([torch.randn(shape, generator=generator) for generator in generators]), generators


def adapter_features(
    networks: Networks, pictures: Sequence[tuple[str, torch.Tensor]]
) -> tuple[torch.Tensor, ...]:
    """The feature maps of the named adapters for (1, channels, height, width) pictures in [0, 1], summed."""
    total: list[torch.Tensor] = []
    for name, picture in pictures:
        adapter = networks.adapters[name]
        features = adapter(picture.to(networks.device, networks.dtype))
        total = [a + b for a, b in zip(total, features, strict=True)] if total else list(features)
    return tuple(total)


def encode_picture(networks: Networks, picture: torch.Tensor) -> torch.Tensor:
    """The latent of a (1, 3, height, width) picture in [-1, 1]: (1, 4, height / 8, width / 8) float32."""
    latent = networks.vae.encode(picture.to(networks.device, networks.dtype)).latent_dist.mode()
    return latent.float() * networks.vae.config.scaling_factor


def decode_latents(networks: Networks, latents: torch.Tensor) -> torch.Tensor:
    """Pictures of latents, one at a time to bound memory: (count, 3, height, width) float32 in [0, 1]."""
    import torch

    scaled = (latents / networks.vae.config.scaling_factor).to(networks.dtype)
    pictures = [networks.vae.decode(latent[None]).sample for latent in scaled]
    return torch.cat(pictures).float().mul(0.5).add(0.5).clamp(0, 1)


def sample(
    networks: Networks,
    scheduler: Any,
    steps: int,
    guidance: float,
    embeddings: torch.Tensor,
    seeds: Sequence[int],
    size: tuple[int, int],
    conditions: Conditions,
) -> Iterator[tuple[int, int, torch.Tensor, torch.Tensor]]:
    """Denoise one latent for each seed.

    embeddings: (2, 77, dimensions), the negative prompt's and the prompt's. Yields (step, steps, latents,
    estimate of the clean latents) after every step, each (count, 4, height / 8, width / 8) float32.
    """
    import torch

    noise, generators = noise_and_generators(seeds, size)
    timesteps = _timesteps(scheduler, steps, conditions.strength if conditions.start is not None else 1.0)
    noise = noise.to(networks.device)
    if conditions.start is None:
        latents = noise * scheduler.init_noise_sigma
    else:
        scheduler.set_begin_index(len(scheduler.timesteps) - len(timesteps))
        latents = scheduler.add_noise(conditions.start.expand_as(noise), noise, timesteps[:1])
    timesteps_here = timesteps.to(networks.device)
    guided = guidance > 1
    copies = (2 if guided else 1) * len(seeds)
    # With guidance the batch is all negatives, then all positives.
    states = embeddings.repeat_interleave(len(seeds), 0) if guided else embeddings[1:].expand(copies, -1, -1)
    edges = None
    if conditions.edges is not None:
        edges = conditions.edges.to(networks.device, networks.dtype).expand(copies, -1, -1, -1)
    features = [feature.expand(copies, -1, -1, -1) for feature in conditions.features]
    alphas = scheduler.alphas_cumprod.to(networks.device)
    # Only schedulers that add noise at a step take a generator.
    takes_generator = "generator" in inspect.signature(scheduler.step).parameters
    options = {"generator": generators} if takes_generator else {}
    for step in range(len(timesteps)):
        inputs = scheduler.scale_model_input(torch.cat([latents] * 2) if guided else latents, timesteps[step])
        predicted = _predict(networks, inputs, timesteps_here[step], states, edges, features)
        if guided:
            without, with_prompt = predicted.chunk(2)
            predicted = without + guidance * (with_prompt - without)
        alpha = alphas[timesteps_here[step]]
        estimate = (latents - (1 - alpha).sqrt() * predicted) / alpha.sqrt()
        latents = scheduler.step(predicted, timesteps[step], latents, **options).prev_sample
        yield step + 1, len(timesteps), latents, estimate


def _timesteps(scheduler: Any, steps: int, strength: float) -> torch.Tensor:
    """The timesteps to run, on the CPU, where a scheduler's bookkeeping costs no wait for the GPU."""
    if "strength" in inspect.signature(scheduler.set_timesteps).parameters:
        # LCM was distilled on this many steps; a picture repainted little leaves room for few of them.
        room = max(1, int(scheduler.config.original_inference_steps * strength))
        strength = max(strength, 1 / scheduler.config.original_inference_steps)
        scheduler.set_timesteps(min(steps, room), device="cpu", strength=strength)
        return scheduler.timesteps
    scheduler.set_timesteps(steps, device="cpu")
    count = len(scheduler.timesteps)
    return scheduler.timesteps[count - max(1, round(count * strength)) :]


def _predict(
    networks: Networks,
    inputs: torch.Tensor,
    timestep: torch.Tensor,
    states: torch.Tensor,
    edges: torch.Tensor | None,
    features: Sequence[torch.Tensor],
) -> torch.Tensor:
    """The UNet's noise prediction, float32, with the ControlNet's and the adapters' help where given."""
    inputs = inputs.to(networks.dtype)
    help_: dict[str, Any] = {}
    if edges is not None and networks.controlnet is not None:
        down, middle = networks.controlnet(
            inputs, timestep, encoder_hidden_states=states, controlnet_cond=edges, return_dict=False
        )
        help_ = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
    if features:
        # The UNet takes this list apart as it goes.
        help_["down_intrablock_additional_residuals"] = list(features)
    return networks.unet(inputs, timestep, encoder_hidden_states=states, return_dict=False, **help_)[
        0
    ].float()


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
