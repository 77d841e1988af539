"""Loads the networks a profile paints with: once for the process, from the folders `weights` resolves.

Nothing is imported or loaded before a profile is used. Networks that two profiles share are kept when the
profile changes; the others are given up, so that memory holds one profile.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textsketch.errors import WeightsError
from textsketch.models import networks, weights
from textsketch.render.diffusion.profiles import Profile, unavailable
from textsketch.structure.kind import Guide

if TYPE_CHECKING:
    import torch

_OFFLOAD_BELOW_BYTES = 6_000_000_000  # free GPU memory with which everything stays on the GPU
_GROUP = "Stable Diffusion"


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks of one profile, ready to run on `device` in `dtype`.

    adapters: T2I-Adapters by what they read: "sketch", "color", "pose". safety is (checker, preparation).
    scheduler_config: configuration of the base model's scheduler; every picture makes a scheduler of its own.
    """

    tokenizer: Any
    text_encoder: Any
    unet: Any
    vae: Any
    controlnet: Any | None
    adapters: dict[str, Any]
    safety: tuple[Any, Any]
    preview: Any | None
    scheduler_config: dict[str, Any]
    device: torch.device
    dtype: torch.dtype


def load(
    profile: Profile, *, pose: bool = False, report: Callable[[str], None] = lambda what: None
) -> Networks:
    """The networks of `profile`; `pose` adds the adapter for skeletons.

    report is called with each network's name before it is read. Raises WeightsError if something is missing
    or cannot be read.
    """
    reason = unavailable(profile)
    if reason is not None:
        raise WeightsError(reason)
    import torch

    device = torch.device(networks.device(shared_gpu=True))
    dtype = torch.float16 if device.type == "cuda" else torch.float32
    folders = {name: weights.resolve(name) for name in profile.weights}
    used: set[networks.Key] = set()

    def part(kind: str, make: Callable[[], Any], *names: str) -> Any:
        found = tuple(folders[name] for name in names)
        key = networks.Key(names[0], f"{kind} on {device.type}", found, _GROUP)
        used.add(key)
        if not networks.is_loaded(key):
            report(kind)
        return networks.keep(key, make)

    def network(module: Any) -> Any:
        module = module.eval().requires_grad_(False)
        if device.type == "cuda":
            module = module.to(memory_format=torch.channels_last)
        return module

    from diffusers import AutoencoderKL, AutoencoderTiny, ControlNetModel
    from diffusers.utils import logging as diffusers_logging
    from transformers import CLIPTextModel, CLIPTokenizer
    from transformers.utils import logging as transformers_logging

    # `report` tells what is loaded; bars of theirs would be drawn into it.
    diffusers_logging.disable_progress_bar()
    diffusers_logging.set_verbosity_error()  # its hints are about files nobody here can change
    transformers_logging.disable_progress_bar()
    base = folders["sd15"]
    fp16: dict[str, Any] = {"variant": "fp16", "use_safetensors": True, "local_files_only": True}
    parts: dict[str, Any] = {
        "tokenizer": part("tokenizer", lambda: CLIPTokenizer.from_pretrained(base / "tokenizer"), "sd15"),
        "text_encoder": part(
            "text encoder",
            lambda: network(CLIPTextModel.from_pretrained(base / "text_encoder", dtype=dtype, **fp16)),
            "sd15",
        ),
        "vae": part(
            "VAE",
            lambda: network(AutoencoderKL.from_pretrained(base / "vae", torch_dtype=dtype, **fp16)),
            "sd15",
        ),
        "scheduler_config": part("scheduler", lambda: _scheduler_config(base), "sd15"),
        "controlnet": None,
        "adapters": {},
        "preview": None,
    }
    if profile.fast:
        lora = folders["lcm-lora"]
        parts["unet"] = part("UNet", lambda: network(_unet(base, dtype, fp16, lora)), "sd15", "lcm-lora")
    else:
        parts["unet"] = part("UNet", lambda: network(_unet(base, dtype, fp16, None)), "sd15")
    if profile.guide is Guide.CONTROLNET:
        parts["controlnet"] = part(
            "ControlNet",
            lambda: network(
                ControlNetModel.from_pretrained(folders["controlnet-softedge"], torch_dtype=dtype, **fp16)
            ),
            "controlnet-softedge",
        )
    wanted = {"sketch": "t2i-sketch", "color": "t2i-color"} if profile.guide is Guide.ADAPTERS else {}
    if pose:
        folders["t2i-openpose"] = weights.resolve("t2i-openpose")
        wanted["pose"] = "t2i-openpose"
    for kind, name in wanted.items():
        parts["adapters"][kind] = part(
            f"T2I-Adapter ({kind})",
            functools.partial(lambda folder: network(_t2i_adapter(folder, dtype)), folders[name]),
            name,
        )
    parts["safety"] = part(
        "safety checker",
        lambda: _safety(folders["safety-checker"], network, {"dtype": dtype, **fp16}),
        "safety-checker",
    )
    if weights.is_available("taesd"):
        folders["taesd"] = weights.resolve("taesd")
        parts["preview"] = part(
            "preview",
            lambda: network(
                AutoencoderTiny.from_pretrained(folders["taesd"], torch_dtype=dtype, local_files_only=True)
            ),
            "taesd",
        )
    networks.forget(_GROUP, but=used)
    _place(parts, device)
    return Networks(**parts, device=device, dtype=dtype)


def forget() -> None:
    """Give up every loaded network."""
    networks.forget(_GROUP)


def _scheduler_config(base: Path) -> dict[str, Any]:
    return json.loads((base / "scheduler/scheduler_config.json").read_text("utf-8"))


def _unet(base: Path, dtype: torch.dtype, options: dict[str, Any], lora: Path | None) -> Any:
    from diffusers import UNet2DConditionModel
    from diffusers.loaders import StableDiffusionLoraLoaderMixin as Lora

    unet = UNet2DConditionModel.from_pretrained(base / "unet", torch_dtype=dtype, **options)
    if lora is not None:
        state, alphas = Lora.lora_state_dict(
            str(lora),
            weight_name="pytorch_lora_weights.safetensors",
            unet_config=unet.config,
            local_files_only=True,
        )
        Lora.load_lora_into_unet(state, network_alphas=alphas, unet=unet, adapter_name="lcm")
        # Fused, the LoRA costs nothing at each step.
        unet.fuse_lora()
        unet.unload_lora()
    return unet


def _t2i_adapter(folder: Path, dtype: torch.dtype) -> Any:
    from diffusers import T2IAdapter

    safe = (folder / "diffusion_pytorch_model.safetensors").exists()
    return T2IAdapter.from_pretrained(folder, torch_dtype=dtype, use_safetensors=safe, local_files_only=True)


def _safety(folder: Path, network: Callable[[Any], Any], options: dict[str, Any]) -> tuple[Any, Any]:
    from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
    from transformers import CLIPImageProcessor

    checker = StableDiffusionSafetyChecker.from_pretrained(folder / "safety_checker", **options)
    return network(checker), CLIPImageProcessor.from_pretrained(folder / "feature_extractor")


def _place(parts: dict[str, Any], device: torch.device) -> None:
    """Move the networks to the GPU; where little of it is free, let accelerate bring them as they run."""
    import torch

    stages = [
        [parts["text_encoder"]],
        [*parts["adapters"].values(), parts["controlnet"], parts["unet"]],
        [parts["vae"]],
        [parts["safety"][0]],
    ]
    stages = [[module for module in stage if module is not None] for stage in stages]
    if parts["preview"] is not None:
        parts["preview"].to(device)
    modules = [module for stage in stages for module in stage]
    if device.type == "cuda":
        waiting = sum(
            value.nbytes for module in modules for value in module.parameters() if not value.is_cuda
        )
        free, _ = torch.cuda.mem_get_info(device)
        if any(hasattr(module, "_hf_hook") for module in modules) or (
            waiting and free < _OFFLOAD_BELOW_BYTES
        ):
            offload(stages, device)
            return
    for module in modules:
        module.to(device)


def offload(stages: list[list[Any]], device: torch.device) -> None:
    """Keep networks in main memory; those of a stage come to `device` when it runs and leave at the next."""
    from accelerate import cpu_offload_with_hook
    from accelerate.hooks import remove_hook_from_module

    logging.getLogger(__name__).info("little GPU memory is free: networks wait in main memory")
    before = None
    for stage in stages:
        hook = before
        for module in stage:
            remove_hook_from_module(module)
            _, hook = cpu_offload_with_hook(module, device, before)
        before = hook
