"""Profiles: named sets of weights and settings with which Stable Diffusion and its like paint layers.

`pics` is Text + Sketch (arXiv 2307.01944), `layered` the layered cross-modal codec (arXiv 2412.12982), the
fast ones are the same with LCM-LoRA (arXiv 2311.05556); `sdxl` and `z-image` are newer and larger models. Files
without a sketch are painted from their text alone by every profile (PIC).
"""

from __future__ import annotations

from dataclasses import dataclass

from textsketch.errors import WeightsError
from textsketch.models import networks, weights
from textsketch.structure.kind import Guide

LIBRARIES = ("torch", "diffusers", "transformers", "accelerate", "peft")


@dataclass(frozen=True)
class Profile:
    """Weights and settings of one way to paint.

    family: of models, whose networks are read and run in the same way.
    side: the short side that the models paint best, in pixels.
    steps, guidance: number of denoising steps and classifier-free guidance scale; 1 means no guidance.
    strength: how much of the painter's picture of the colour map is repainted; 1 starts from noise alone.
    control, control_end: how strongly the sketch steers, and in which share of the steps.
    prompt_suffix, negative_prompt: fixed, so they cost no bytes.
    """

    name: str
    title: str
    guide: Guide
    scheduler: str
    steps: int
    guidance: float
    strength: float
    weights: tuple[str, ...]
    prompt_suffix: str = "high quality"
    negative_prompt: str = ""
    control: float = 1.0
    control_end: float = 1.0
    family: str = "sd15"
    side: int = 512

    @property
    def fast(self) -> bool:
        """Whether LCM-LoRA is used."""
        return any(name.startswith("lcm-lora") for name in self.weights)

    def steps_on(self, device: str) -> int:
        """Denoising steps on a device ("cpu", "cuda", ...): on a CPU the fast profiles make do with 4."""
        return min(self.steps, _CPU_STEPS) if self.fast and device == "cpu" else self.steps

    def tiny_decoder(self, device: str) -> bool:
        """Whether the previews' autoencoder stands in for the whole one, which takes as long as a step."""
        return self.fast and device == "cpu" and "taesd" in self.weights


_CPU_STEPS = 4
_PAPER_NEGATIVE = "disfigured, deformed, low quality, lowres, b&w, blurry, Photoshop, video game, bad art"
_LONG_NEGATIVE = (
    "lowres, low quality, worst quality, jpeg artifacts, blurry, noisy, grainy, deformed, disfigured, "
    "bad anatomy, extra limbs, missing limbs, fused fingers, cropped, out of frame, duplicate, "
    "text, watermark, signature, oversaturated"
)
_BASE = ("sd15", "safety-checker", "taesd")
_CONTROLNET = ("controlnet-softedge",)
_ADAPTERS = ("t2i-sketch", "t2i-color")
# At 0.85 the noise drowns colours of less than 128 pixels; from 0.7 down they are seen from the first step on.
_STRENGTH = 0.65
# The colour adapter's blocks of 64 pixels say less than the map; the painting says the rest.
_ADAPTERS_STRENGTH = 0.85

# Flow shifted by 3: of 0.6 of the steps the first has 0.82 of noise, and 64-pixel colours are still seen.
_FLOW_STRENGTH = 0.6

_PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            "fast",
            "Text + Sketch in a few steps (LCM)",
            Guide.CONTROLNET,
            "LCMScheduler",
            steps=8,
            guidance=1.0,
            strength=_STRENGTH,
            weights=(*_BASE, *_CONTROLNET, "lcm-lora"),
            negative_prompt=_PAPER_NEGATIVE,
            control=0.8,
            control_end=0.8,
        ),
        Profile(
            "pics",
            "Text + Sketch (ControlNet)",
            Guide.CONTROLNET,
            "UniPCMultistepScheduler",
            steps=25,
            guidance=9.0,
            strength=_STRENGTH,
            weights=(*_BASE, *_CONTROLNET),
            negative_prompt=_PAPER_NEGATIVE,
        ),
        Profile(
            "layered",
            "Layered (T2I-Adapters for sketch and colour)",
            Guide.ADAPTERS,
            "PNDMScheduler",
            steps=50,
            guidance=7.5,
            strength=_ADAPTERS_STRENGTH,
            weights=(*_BASE, *_ADAPTERS),
            negative_prompt=_LONG_NEGATIVE,
        ),
        Profile(
            "fast-layered",
            "Layered in a few steps (LCM)",
            Guide.ADAPTERS,
            "LCMScheduler",
            steps=8,
            guidance=1.0,
            strength=_ADAPTERS_STRENGTH,
            weights=(*_BASE, *_ADAPTERS, "lcm-lora"),
            negative_prompt=_LONG_NEGATIVE,
        ),
        Profile(
            "sdxl",
            "Text + Sketch by Stable Diffusion XL in a few steps (LCM)",
            Guide.CONTROLNET,
            "LCMScheduler",
            steps=8,
            guidance=1.0,
            strength=_STRENGTH,
            weights=("sdxl", "sdxl-vae", "controlnet-union-sdxl", "lcm-lora-sdxl", "safety-checker"),
            negative_prompt=_PAPER_NEGATIVE,
            control=0.8,
            control_end=0.8,
            family="sdxl",
            side=1024,
        ),
        Profile(
            "z-image",
            "Text + Sketch by Z-Image-Turbo",
            Guide.CONTROLNET,
            "FlowMatchEulerDiscreteScheduler",
            steps=8,
            guidance=1.0,
            strength=_FLOW_STRENGTH,
            weights=("z-image", "controlnet-union-z-image", "safety-checker"),
            negative_prompt=_PAPER_NEGATIVE,
            control=0.75,
            family="z-image",
            side=1024,
        ),
    )
}
NAMES = tuple(_PROFILES)


def get(name: str) -> Profile:
    """The profile called `name`. Raises WeightsError if there is none."""
    if name not in _PROFILES:
        raise WeightsError(f"There is no profile called {name!r}; choose one of {', '.join(NAMES)}.")
    return _PROFILES[name]


def unavailable(profile: Profile) -> str | None:
    """The sentence that says what `profile` lacks and which command helps, or None."""
    return weights.unavailable(profile.name, profile.weights, LIBRARIES)


def default() -> Profile | None:
    """The profile to decode with unless the user says otherwise: `fast` on a GPU, else None (the painter)."""
    fast = _PROFILES["fast"]
    if unavailable(fast) is not None:
        return None
    return fast if networks.device(shared_gpu=True) != "cpu" else None
