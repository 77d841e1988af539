"""Z-Image-Turbo (arXiv 2511.22699), a transformer that flows from noise to a picture, and its ControlNet union.

diffusers has a pipeline with the ControlNet and one that starts from a picture, but none with both; its classes
are run here as those pipelines run them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textsketch.render.diffusion import sampling
from textsketch.render.diffusion.parts import Networks, Shelf
from textsketch.render.diffusion.profiles import Profile
from textsketch.render.diffusion.task import State, Task
from textsketch.semantic import words
from textsketch.structure.kinds import kind_of

if TYPE_CHECKING:
    import torch

    from textsketch.layers import Layers

_MOST_TOKENS = 512
_TEMPLATE_TOKENS = 32
"""Room for what the chat template puts around the words."""
_LAST_WORDS = 4


def read(profile: Profile, shelf: Shelf, pose: bool) -> Networks:
    """The networks of `profile`; skeletons need no other. Raises WeightsError."""
    from diffusers import AutoencoderKL, ZImageTransformer2DModel
    from transformers import AutoTokenizer, Qwen3Model

    base = shelf.folder("z-image")
    local: dict[str, Any] = {"use_safetensors": True, "local_files_only": True}
    transformer = shelf.network(
        "transformer",
        lambda: ZImageTransformer2DModel.from_pretrained(
            base / "transformer", torch_dtype=shelf.dtype, **local
        ),
        "z-image",
    )
    return Networks(
        tokenizer=shelf.take(
            "tokenizer", lambda: AutoTokenizer.from_pretrained(base / "tokenizer"), "z-image"
        ),
        text_encoder=shelf.network(
            "text encoder",
            lambda: Qwen3Model.from_pretrained(base / "text_encoder", dtype=shelf.dtype, **local),
            "z-image",
        ),
        unet=transformer,
        vae=shelf.network(
            "VAE",
            lambda: AutoencoderKL.from_pretrained(base / "vae", torch_dtype=shelf.dtype, **local),
            "z-image",
        ),
        controlnet=shelf.network(
            "ControlNet",
            lambda: _controlnet(shelf.folder("controlnet-union-z-image"), transformer, shelf.dtype),
            "controlnet-union-z-image",
            "z-image",
        ),
        adapters={},
        safety=shelf.safety(),
        preview=None,
        scheduler_config=shelf.take(
            "scheduler",
            lambda: json.loads((base / "scheduler/scheduler_config.json").read_text("utf-8")),
            "z-image",
        ),
        device=shelf.device,
        dtype=shelf.dtype,
    )


def _controlnet(folder: Path, transformer: Any, dtype: torch.dtype) -> Any:
    """The union, a single file: what it does not tell of its shape is the transformer's."""
    from diffusers import ZImageControlNetModel
    from safetensors.torch import load_file

    (path,) = folder.glob("*.safetensors")
    state = load_file(path)
    layers = 1 + max(int(key.split(".")[1]) for key in state if key.startswith("control_layers."))
    embedder = next(
        value for key, value in state.items() if re.match(r"control_all_x_embedder\..*weight$", key)
    )
    shape = transformer.config
    network: Any = ZImageControlNetModel(
        control_layers_places=list(range(0, shape.n_layers, shape.n_layers // layers))[:layers],
        control_refiner_layers_places=list(range(shape.n_refiner_layers)),
        control_in_dim=embedder.shape[1] // shape.all_patch_size[0] ** 2,
        add_control_noise_refiner=(
            "control_noise_refiner" if "control_noise_refiner.0.before_proj.weight" in state else None
        ),
        all_patch_size=shape.all_patch_size,
        all_f_patch_size=shape.all_f_patch_size,
        dim=shape.dim,
        n_refiner_layers=shape.n_refiner_layers,
        n_heads=shape.n_heads,
        n_kv_heads=shape.n_kv_heads,
        norm_eps=shape.norm_eps,
        qk_norm=shape.qk_norm,
    )
    network.load_state_dict(state)
    return ZImageControlNetModel.from_transformer(network.to(dtype), transformer)


def paint(networks: Networks, task: Task) -> Iterator[State]:
    """Paint a task; see `networks.sampling`."""
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler

    count, guided = len(task.seeds), task.guidance > 1
    prompts, last = _prompts(networks, task)
    states = _read(networks, prompts if guided else prompts[:1])
    states = [state for state in states for _ in range(count)]  # all with the words, then all without
    scheduler = FlowMatchEulerDiscreteScheduler.from_config(networks.scheduler_config)
    timesteps = _timesteps(scheduler, task)
    channels = networks.unet.config.in_channels
    noise, _ = sampling.noise_and_generators(task.seeds, task.size, channels)
    latents = noise.to(networks.device)
    if task.painted is not None and task.strength < 1:
        left_out = int(len(timesteps) - len(timesteps) * task.strength)
        timesteps = timesteps[min(left_out, len(timesteps) - 1) :]
        scheduler.set_begin_index(len(scheduler.timesteps) - len(timesteps))
        start = sampling.encode_picture(networks, sampling.to_tensor(task.painted) * 2 - 1)
        latents = scheduler.scale_noise(start.expand_as(latents), timesteps[:1], latents)
    control = _control(networks, task, len(states))
    for step, timestep in enumerate(timesteps):
        batch = torch.cat([latents] * 2) if guided else latents
        inputs = list(batch.to(networks.dtype).unsqueeze(2).unbind(0))
        when = ((1000 - timestep) / 1000).expand(len(inputs)).to(networks.device)
        help_: dict[str, Any] = {}
        if control is not None and sampling.steers(step, len(timesteps), task.control_end):
            help_["controlnet_block_samples"] = networks.controlnet(  # type: ignore[misc]
                inputs, when, states, control, conditioning_scale=task.control
            )
        found = networks.unet(inputs, when, states, **help_)[0]
        velocity = -torch.stack([one.float() for one in found]).squeeze(2)
        if guided:
            with_prompt, without = velocity.chunk(2)
            velocity = without + task.guidance * (with_prompt - without)
        noisy = scheduler.sigmas[len(scheduler.timesteps) - len(timesteps) + step].item()
        estimate = latents - noisy * velocity
        latents = scheduler.step(velocity, timestep, latents, return_dict=False)[0]
        yield State(step + 1, len(timesteps), latents, estimate, last)


def _timesteps(scheduler: Any, task: Task) -> torch.Tensor:
    """The timesteps on the CPU, as the model was distilled: evenly spaced noise, shifted by the scheduler."""
    import torch

    config = scheduler.config
    cells = (task.size[0] // 16) * (task.size[1] // 16)
    least, most = config.get("base_image_seq_len", 256), config.get("max_image_seq_len", 4096)
    low, high = config.get("base_shift", 0.5), config.get("max_shift", 1.15)
    shift = low + (high - low) * (cells - least) / (most - least)
    sigmas = torch.linspace(1.0, 1 / task.steps, task.steps).tolist()
    scheduler.set_timesteps(sigmas=sigmas, device="cpu", mu=shift)
    return scheduler.timesteps


def last_words(networks: Networks, layers: Layers, profile: Profile, chunks: int) -> str | None:
    """The last words that are read of a caption that is cut, None where it is read as a whole."""
    return _cut(networks, words.prompt(layers))[1]


def _prompts(networks: Networks, task: Task) -> tuple[list[str], str | None]:
    """The prompt and the negative one, and the last words that are read of a caption that is cut."""
    text, last = _cut(networks, words.prompt(task.layers))
    positive = ", ".join(part for part in (text, task.profile.prompt_suffix) if part)
    return [positive, task.profile.negative_prompt], last


def _cut(networks: Networks, text: str) -> tuple[str, str | None]:
    """As much of a text as is read, and its last words, None where that is all of it."""
    tokens = networks.tokenizer(text, add_special_tokens=False).input_ids
    room = _MOST_TOKENS - _TEMPLATE_TOKENS
    if len(tokens) <= room:
        return text, None
    text = networks.tokenizer.decode(tokens[:room])
    return text, " ".join(text.split()[-_LAST_WORDS:])


def _read(networks: Networks, prompts: list[str]) -> list[torch.Tensor]:
    """The text encoder's states for each prompt, as a question in a chat: (tokens, dimensions) each."""
    states = []
    for prompt in prompts:
        asked = networks.tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=True,
        )
        tokens = networks.tokenizer(asked, max_length=_MOST_TOKENS, truncation=True, return_tensors="pt")
        found = networks.text_encoder(
            input_ids=tokens.input_ids.to(networks.device),
            attention_mask=tokens.attention_mask.to(networks.device),
            output_hidden_states=True,
        )
        states.append(found.hidden_states[-2][0].to(networks.dtype))
    return states


def _control(networks: Networks, task: Task, copies: int) -> torch.Tensor | None:
    """The sketch as a latent for the ControlNet: (copies, channels, 1, height / 8, width / 8)."""
    if task.layers.structure is None:
        return None
    import torch

    structure = task.layers.structure
    _, drawn = kind_of(structure).condition(structure, task.size, task.profile.guide)
    picture = sampling.to_tensor(drawn.convert("RGB")) * 2 - 1
    latent = sampling.encode_picture(networks, picture).to(networks.dtype).unsqueeze(2)
    # What else the newer unions read, a picture to fill in and its mask, is left out.
    missing = networks.controlnet.config.control_in_dim - latent.shape[1]  # type: ignore[union-attr]
    empty = latent.new_zeros(1, missing, *latent.shape[2:])
    return torch.cat([latent, empty], 1).expand(copies, -1, -1, -1, -1)
