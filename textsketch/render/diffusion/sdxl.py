"""Stable Diffusion XL with LCM-LoRA and a ControlNet that reads several kinds of pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textsketch.render.diffusion import sd15
from textsketch.render.diffusion.parts import Networks, Shelf
from textsketch.render.diffusion.profiles import Profile

if TYPE_CHECKING:
    import torch


def read(profile: Profile, shelf: Shelf, pose: bool) -> Networks:
    """The networks of `profile`; skeletons need no other. Raises WeightsError."""
    from diffusers import AutoencoderKL
    from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    base, dtype = shelf.folder("sdxl"), shelf.dtype
    fp16: dict[str, Any] = {"variant": "fp16", "use_safetensors": True, "local_files_only": True}
    return Networks(
        tokenizer=shelf.take("tokenizer", lambda: CLIPTokenizer.from_pretrained(base / "tokenizer"), "sdxl"),
        text_encoder=shelf.network(
            "text encoder",
            lambda: CLIPTextModel.from_pretrained(base / "text_encoder", dtype=dtype, **fp16),
            "sdxl",
        ),
        second_tokenizer=shelf.take(
            "second tokenizer", lambda: CLIPTokenizer.from_pretrained(base / "tokenizer_2"), "sdxl"
        ),
        second_text_encoder=shelf.network(
            "second text encoder",
            lambda: CLIPTextModelWithProjection.from_pretrained(base / "text_encoder_2", dtype=dtype, **fp16),
            "sdxl",
        ),
        unet=shelf.network(
            "UNet",
            lambda: sd15.unet(base, dtype, fp16, shelf.folder("lcm-lora-sdxl")),
            "sdxl",
            "lcm-lora-sdxl",
        ),
        vae=shelf.network(
            "VAE",
            lambda: AutoencoderKL.from_pretrained(
                shelf.folder("sdxl-vae"), torch_dtype=dtype, use_safetensors=True, local_files_only=True
            ),
            "sdxl-vae",
        ),
        controlnet=shelf.network(
            "ControlNet",
            lambda: _controlnet(shelf.folder("controlnet-union-sdxl"), dtype),
            "controlnet-union-sdxl",
        ),
        adapters={},
        safety=shelf.safety(),
        preview=None,
        scheduler_config=shelf.take("scheduler", lambda: sd15.scheduler_config(base), "sdxl"),
        device=shelf.device,
        dtype=dtype,
    )


def _controlnet(folder: Path, dtype: torch.dtype) -> Any:
    """The union, whose newer files lie beside the first ones under names of their own."""
    from diffusers import ControlNetUnionModel
    from safetensors.torch import load_file

    config = json.loads((folder / "config_promax.json").read_text("utf-8"))
    network = ControlNetUnionModel.from_config(config)
    network.load_state_dict(load_file(folder / "diffusion_pytorch_model_promax.safetensors"))
    return network.to(dtype)
