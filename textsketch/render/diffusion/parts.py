"""The networks of a profile, and the shelf they are taken from: each is read once for the process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textsketch.models import networks, weights

if TYPE_CHECKING:
    import torch

GROUP = "Stable Diffusion"


@dataclass(frozen=True, eq=False)
class Networks:
    """The networks of one profile, ready to run on `device` in `dtype`.

    unet: what predicts the noise, or the velocity where it is a transformer. adapters: T2I-Adapters by what they
    read: "sketch", "color", "pose". safety is (checker, preparation). preview: a tiny autoencoder for rough
    pictures, or None. vae: turns latents into pictures; the preview's, where the whole one would take too long.
    scheduler_config: configuration of the base model's scheduler; every picture makes a scheduler of its own.
    second_tokenizer, second_text_encoder: of models that read the words twice.
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
    second_tokenizer: Any | None = None
    second_text_encoder: Any | None = None

    @property
    def stages(self) -> list[list[Any]]:
        """The networks by when they run, those of a stage together."""
        stages = [
            [self.text_encoder, self.second_text_encoder],
            [*self.adapters.values(), self.controlnet, self.unet],
            [self.vae],
            [self.safety[0]],
        ]
        return [[module for module in stage if module is not None] for stage in stages]


@dataclass
class Shelf:
    """Where the readers of the profiles take networks from, for one device and precision.

    report: called with each network's name before it is read. used: what was asked for.
    """

    device: torch.device
    dtype: torch.dtype
    report: Callable[[str], None]
    used: set[networks.Key] = field(default_factory=set)

    def folder(self, name: str) -> Path:
        """The folder of the weights `name`. Raises WeightsError if they are missing or damaged."""
        return weights.resolve(name)

    def take(self, kind: str, make: Callable[[], Any], *names: str) -> Any:
        """What `make` makes of the weights `names`, read before or now. kind: its name, for people too."""
        folders = tuple(self.folder(name) for name in names)
        key = networks.Key(names[0], f"{kind} on {self.device.type} as {self.dtype}", folders, GROUP)
        self.used.add(key)
        if not networks.is_loaded(key):
            self.report(kind)
        return networks.keep(key, make)

    def network(self, kind: str, make: Callable[[], Any], *names: str) -> Any:
        """`take` a network for inference."""
        return self.take(kind, lambda: self.ready(make()), *names)

    def ready(self, module: Any) -> Any:
        """`module` as it is used: for inference only, laid out as convolutions on CUDA like it."""
        import torch

        module = module.eval().requires_grad_(False)
        return module.to(memory_format=torch.channels_last) if self.device.type == "cuda" else module

    def safety(self) -> tuple[Any, Any]:
        """Stable Diffusion's safety checker and the preparation of pictures for it."""
        from diffusers.pipelines.stable_diffusion.safety_checker import StableDiffusionSafetyChecker
        from transformers import CLIPImageProcessor

        folder = self.folder("safety-checker")
        options: dict[str, Any] = {"dtype": self.dtype, "variant": "fp16", "use_safetensors": True}
        options["local_files_only"] = True

        def make() -> tuple[Any, Any]:
            checker = StableDiffusionSafetyChecker.from_pretrained(folder / "safety_checker", **options)
            return self.ready(checker), CLIPImageProcessor.from_pretrained(folder / "feature_extractor")

        return self.take("safety checker", make, "safety-checker")
