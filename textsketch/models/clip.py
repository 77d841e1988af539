"""CLIP scores: how alike two pictures, or a picture and a caption, are to a CLIP model (Radford et al. 2021).

Scores of different models and weights cannot be compared, so a result names both. The CLIP that picks the
best seed or inverts prompts (`CHOOSING`) never reports: a picture chosen by a model flatters that model.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textsketch.errors import WeightsError
from textsketch.models import networks, weights

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from PIL import Image

REPORTING = "clip-vit-b-32"
"""The weights that report scores."""
CHOOSING = "clip-vit-l-14"
"""The weights that choose among candidates and invert prompts: Stable Diffusion 1.5's own CLIP."""

_lock = threading.RLock()


@dataclass(frozen=True)
class ClipScore:
    """Cosines in [-1, 1] of one picture; caption_image is None if there was no caption.

    model and tag name the architecture and the weights, as open_clip does.
    """

    image_image: float
    caption_image: float | None
    model: str
    tag: str

    def __str__(self) -> str:
        shown = f"CLIP image-image {self.image_image:.3f}"
        if self.caption_image is not None:
            shown += f", caption-image {self.caption_image:.3f}"
        return f"{shown} ({self.model}, {self.tag})"


@dataclass(frozen=True, eq=False)
class Clip:
    """A loaded open_clip model, its picture preparation and its tokeniser."""

    network: Any
    prepare: Any
    tokenise: Any
    device: str
    model: str
    tag: str


def unavailable(name: str = REPORTING, subject: str = "A CLIP score") -> str | None:
    """The sentence that says what `subject`, which needs the CLIP called `name`, lacks here, or None."""
    return weights.unavailable(subject, [name], ["torch", "open_clip"])


def score(
    original: Image.Image,
    pictures: Sequence[Image.Image],
    caption: str | None = None,
    *,
    name: str = REPORTING,
) -> list[ClipScore]:
    """Compare each of `pictures` with `original` and, if given, with `caption`, all in one pass.

    original, pictures: RGB, any sizes. Raises WeightsError if the weights or the library are not there.
    """
    clip = load(name)
    embedded = embed_pictures([original, *pictures], clip)
    to_original = embedded[1:] @ embedded[0]
    to_caption = embedded[1:] @ embed_captions([caption], clip)[0] if caption else None
    return [
        ClipScore(
            float(to_original[index]),
            None if to_caption is None else float(to_caption[index]),
            clip.model,
            clip.tag,
        )
        for index in range(len(pictures))
    ]


def embed_pictures(pictures: Sequence[Image.Image], clip: Clip) -> np.ndarray:
    """Unit-length embeddings of RGB pictures: (count, dimensions) float32."""
    import torch

    batch = torch.stack([clip.prepare(picture.convert("RGB")) for picture in pictures]).to(clip.device)
    with _lock, torch.inference_mode():
        return clip.network.encode_image(batch, normalize=True).float().cpu().numpy()


def embed_captions(captions: Sequence[str], clip: Clip) -> np.ndarray:
    """Unit-length embeddings of captions, cut at the model's context length: (count, dimensions) float32."""
    import torch

    tokens = clip.tokenise(list(captions)).to(clip.device)
    with _lock, torch.inference_mode():
        return clip.network.encode_text(tokens, normalize=True).float().cpu().numpy()


def load(name: str = REPORTING) -> Clip:
    """The model of weights.yaml called `name`, loaded once for the whole process.

    Raises WeightsError if the weights are missing or cannot be read, or open_clip is not installed.
    """
    reason = unavailable(name)
    if reason is not None:
        raise WeightsError(reason)

    def read(folder: Path) -> Clip:
        import open_clip

        source = f"local-dir:{folder}"
        device = networks.device()
        entry = weights.entry(name)
        network, _, prepare = open_clip.create_model_and_transforms(
            source,
            device=device,
            # OpenAI's weights were trained with it, whether or not the configuration beside them says so.
            force_quick_gelu=entry.tag == "openai",
        )
        tokenise = open_clip.get_tokenizer(source)
        network.eval().requires_grad_(False)
        return Clip(network, prepare, tokenise, device, entry.model, entry.tag)

    return networks.load(name, read)
