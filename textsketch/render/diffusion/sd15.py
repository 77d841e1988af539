"""Stable Diffusion 1.5's networks, with what steers them: a ControlNet or T2I-Adapters."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textsketch.render.diffusion.parts import Networks, Shelf
from textsketch.render.diffusion.profiles import Profile
from textsketch.structure.kind import Guide

if TYPE_CHECKING:
    import torch


def read(profile: Profile, shelf: Shelf, pose: bool) -> Networks:
    """The networks of `profile`; `pose` adds the adapter for skeletons. Raises WeightsError."""
    from diffusers import AutoencoderKL, AutoencoderTiny, ControlNetModel
    from transformers import CLIPTextModel, CLIPTokenizer

    base, dtype = shelf.folder("sd15"), shelf.dtype
    fp16: dict[str, Any] = {"variant": "fp16", "use_safetensors": True, "local_files_only": True}
    tiny = shelf.network(
        "preview",
        lambda: AutoencoderTiny.from_pretrained(
            shelf.folder("taesd"), torch_dtype=dtype, local_files_only=True
        ),
        "taesd",
    )
    if profile.tiny_decoder(shelf.device.type):
        vae = tiny
    else:
        vae = shelf.network(
            "VAE",
            lambda: AutoencoderKL.from_pretrained(base / "vae", torch_dtype=dtype, **fp16),
            "sd15",
        )
    lora = shelf.folder("lcm-lora") if profile.fast else None
    controlnet = None
    if profile.guide is Guide.CONTROLNET:
        controlnet = shelf.network(
            "ControlNet",
            lambda: ControlNetModel.from_pretrained(
                shelf.folder("controlnet-softedge"), torch_dtype=dtype, **fp16
            ),
            "controlnet-softedge",
        )
    wanted = {"sketch": "t2i-sketch", "color": "t2i-color"} if profile.guide is Guide.ADAPTERS else {}
    if pose:
        wanted["pose"] = "t2i-openpose"
    adapters = {
        kind: shelf.network(
            f"T2I-Adapter ({kind})", functools.partial(_t2i_adapter, shelf.folder(name), dtype), name
        )
        for kind, name in wanted.items()
    }
    return Networks(
        tokenizer=shelf.take("tokenizer", lambda: CLIPTokenizer.from_pretrained(base / "tokenizer"), "sd15"),
        text_encoder=shelf.network(
            "text encoder",
            lambda: CLIPTextModel.from_pretrained(base / "text_encoder", dtype=dtype, **fp16),
            "sd15",
        ),
        unet=shelf.network(
            "UNet", lambda: unet(base, dtype, fp16, lora), "sd15", *(["lcm-lora"] if lora else [])
        ),
        vae=vae,
        controlnet=controlnet,
        adapters=adapters,
        safety=shelf.safety(),
        preview=tiny,
        scheduler_config=shelf.take("scheduler", lambda: scheduler_config(base), "sd15"),
        device=shelf.device,
        dtype=dtype,
    )


def scheduler_config(base: Path) -> dict[str, Any]:
    """The configuration of the scheduler in the folder of a pipeline."""
    return json.loads((base / "scheduler/scheduler_config.json").read_text("utf-8"))


def unet(base: Path, dtype: torch.dtype, options: dict[str, Any], lora: Path | None) -> Any:
    """The UNet in the folder of a pipeline, with an LCM-LoRA fused into it if there is one."""
    from diffusers import UNet2DConditionModel
    from diffusers.loaders import StableDiffusionLoraLoaderMixin as Lora

    network = UNet2DConditionModel.from_pretrained(base / "unet", torch_dtype=dtype, **options)
    if lora is not None:
        state, alphas = Lora.lora_state_dict(
            str(lora),
            weight_name="pytorch_lora_weights.safetensors",
            unet_config=network.config,
            local_files_only=True,
        )
        Lora.load_lora_into_unet(state, network_alphas=alphas, unet=network, adapter_name="lcm")
        # Fused, the LoRA costs nothing at each step.
        network.fuse_lora()
        network.unload_lora()
    return network


def _t2i_adapter(folder: Path, dtype: torch.dtype) -> Any:
    from diffusers import T2IAdapter

    safe = (folder / "diffusion_pytorch_model.safetensors").exists()
    return T2IAdapter.from_pretrained(folder, torch_dtype=dtype, use_safetensors=safe, local_files_only=True)
