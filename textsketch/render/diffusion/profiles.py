"""Profiles: named sets of weights and settings with which Stable Diffusion paints layers.

`pics` is Text + Sketch (arXiv 2307.01944), `layered` the layered cross-modal codec (arXiv 2412.12982), the
fast ones are the same with LCM-LoRA (arXiv 2311.05556). Files without a sketch are painted from their text
alone by every profile (PIC).
"""

from __future__ import annotations

from dataclasses import dataclass

from textsketch.errors import WeightsError
from textsketch.models import networks, weights
from textsketch.structure.kind import Guide

_LIBRARIES = ("torch", "diffusers", "transformers", "accelerate", "peft")


@dataclass(frozen=True)
class Profile:
    """Weights and settings of one way to paint.

    steps, guidance: number of denoising steps and classifier-free guidance scale; 1 means no guidance.
    strength: how much of the painter's picture the diffusion may repaint, 0 to 1, where it starts from it.
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
    prompt_suffix: str
    negative_prompt: str

    @property
    def fast(self) -> bool:
        """Whether LCM-LoRA is used."""
        return "lcm-lora" in self.weights


STRENGTH = 0.85
"""How much of the colour map's picture the profiles with ControlNet repaint."""
_PAPER_NEGATIVE = "disfigured, deformed, low quality, lowres, b&w, blurry, Photoshop, video game, bad art"
_LONG_NEGATIVE = (
    "lowres, low quality, worst quality, jpeg artifacts, blurry, noisy, grainy, deformed, disfigured, "
    "bad anatomy, extra limbs, missing limbs, fused fingers, cropped, out of frame, duplicate, "
    "text, watermark, signature, oversaturated"
)
_BASE = ("sd15", "safety-checker")
_CONTROLNET = ("controlnet-softedge",)
_ADAPTERS = ("t2i-sketch", "t2i-color")

_PROFILES = {
    profile.name: profile
    for profile in (
        Profile(
            "fast",
            "Text + Sketch in a few steps (LCM)",
            Guide.CONTROLNET,
            "LCMScheduler",
            8,
            1.0,
            STRENGTH,
            (*_BASE, *_CONTROLNET, "lcm-lora"),
            "high quality",
            _PAPER_NEGATIVE,
        ),
        Profile(
            "pics",
            "Text + Sketch (ControlNet)",
            Guide.CONTROLNET,
            "UniPCMultistepScheduler",
            25,
            9.0,
            STRENGTH,
            (*_BASE, *_CONTROLNET),
            "high quality",
            _PAPER_NEGATIVE,
        ),
        Profile(
            "layered",
            "Layered (T2I-Adapters for sketch and colour)",
            Guide.ADAPTERS,
            "PNDMScheduler",
            50,
            7.5,
            1.0,
            (*_BASE, *_ADAPTERS),
            "high quality",
            _LONG_NEGATIVE,
        ),
        Profile(
            "fast-layered",
            "Layered in a few steps (LCM)",
            Guide.ADAPTERS,
            "LCMScheduler",
            8,
            1.0,
            1.0,
            (*_BASE, *_ADAPTERS, "lcm-lora"),
            "high quality",
            _LONG_NEGATIVE,
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
    return weights.unavailable(profile.name, profile.weights, _LIBRARIES)


def default() -> Profile | None:
    """The profile to decode with unless the user says otherwise: `fast` on a GPU, else None (the painter)."""
    fast = _PROFILES["fast"]
    if unavailable(fast) is not None:
        return None
    return fast if networks.device(shared_gpu=True) == "cuda" else None
