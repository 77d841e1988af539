"""The metrics of one decoded picture, by name, each with the model it stands on and what it lacks here."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PIL import Image

from textsketch.measure.metrics import no_reference, perceptual, pixels
from textsketch.models import clip, weights

Measure = Callable[[Image.Image, Image.Image, str], float | None]
"""Takes the original, the decoded picture (RGB, of one size) and the caption."""


@dataclass(frozen=True)
class Score:
    """A metric. higher: whether more is better. model: the network and weights, or the definition.

    measure gives None where the metric does not apply to a picture. unavailable() is the sentence that says what
    is missing here, or None.
    """

    name: str
    title: str
    model: str
    unit: str
    digits: int
    higher: bool
    measure: Measure
    unavailable: Callable[[], str | None] = lambda: None

    @property
    def heading(self) -> str:
        """Title, unit and which way is better, for tables and plots."""
        unit = f" {self.unit}" if self.unit else ""
        return f"{self.title}{unit} {'↑' if self.higher else '↓'}"


def _needs(title: str, names: Sequence[str], modules: Sequence[str]) -> Callable[[], str | None]:
    return functools.partial(weights.unavailable, title, names, modules)


def _piq(name: str) -> Measure:
    def measure(original: Image.Image, decoded: Image.Image, caption: str) -> float | None:
        import piq
        import torch

        from textsketch.measure.metrics.torch_pictures import to_tensor

        if min(original.size) < 16:  # no room for the wavelets and windows
            return None
        with torch.inference_mode():
            return float(getattr(piq, name)(to_tensor(original), to_tensor(decoded), data_range=1.0))

    return measure


def _clip_image(original: Image.Image, decoded: Image.Image, caption: str) -> float:
    return clip.score(original, [decoded])[0].image_image


def _clip_caption(original: Image.Image, decoded: Image.Image, caption: str) -> float | None:
    return clip.score(original, [decoded], caption)[0].caption_image if caption else None


_CLIP = "CLIP ViT-B-32, laion2b_s34b_b79k, cosine"

SCORES = {
    score.name: score
    for score in (
        Score(
            "psnr",
            "PSNR",
            "all sRGB samples",
            "dB",
            2,
            True,
            lambda original, decoded, caption: pixels.psnr_db(original, decoded),
        ),
        Score(
            "ssim",
            "SSIM",
            "luma, Gaussian window of 11 pixels (Wang et al. 2004)",
            "",
            4,
            True,
            lambda original, decoded, caption: pixels.ssim(original, decoded),
        ),
        Score(
            "ms-ssim",
            "MS-SSIM",
            "RGB, pytorch-msssim (Wang et al. 2003)",
            "",
            4,
            True,
            lambda original, decoded, caption: pixels.ms_ssim(original, decoded),
            _needs("MS-SSIM", [], ["torch", "pytorch_msssim"]),
        ),
        Score(
            "haarpsi",
            "HaarPSI",
            "RGB, piq (Reisenhofer et al. 2018)",
            "",
            4,
            True,
            _piq("haarpsi"),
            _needs("HaarPSI", [], ["torch", "piq"]),
        ),
        Score(
            "gmsd",
            "GMSD",
            "luma, piq (Xue et al. 2014)",
            "",
            4,
            False,
            _piq("gmsd"),
            _needs("GMSD", [], ["torch", "piq"]),
        ),
        Score("clip-image", "CLIP image-image", _CLIP, "", 4, True, _clip_image, clip.unavailable),
        Score("clip-caption", "CLIP caption-image", _CLIP, "", 4, True, _clip_caption, clip.unavailable),
        Score(
            "lpips",
            "LPIPS",
            "AlexNet, lpips v0.1",
            "",
            4,
            False,
            lambda original, decoded, caption: perceptual.lpips(original, decoded),
            _needs("LPIPS", *perceptual.LPIPS_NEEDS),
        ),
        Score(
            "dists",
            "DISTS",
            "VGG-16, DISTS_pytorch",
            "",
            4,
            False,
            lambda original, decoded, caption: perceptual.dists(original, decoded),
            _needs("DISTS", *perceptual.DISTS_NEEDS),
        ),
        Score(
            "musiq",
            "MUSIQ",
            "pyiqa, KonIQ-10k weights, no reference",
            "",
            2,
            True,
            lambda original, decoded, caption: no_reference.score(decoded, "musiq"),
            _needs("MUSIQ", [no_reference.WEIGHTS["musiq"]], ["torch", "pyiqa"]),
        ),
        Score(
            "clip-iqa",
            "CLIP-IQA",
            "pyiqa, CLIP RN50 (OpenAI), no reference",
            "",
            4,
            True,
            lambda original, decoded, caption: no_reference.score(decoded, "clipiqa"),
            _needs("CLIP-IQA", [no_reference.WEIGHTS["clipiqa"]], ["torch", "pyiqa"]),
        ),
    )
}
SET_SCORES = ("fid", "kid")
"""Metrics of the whole set of pictures, see `measure.distribution`."""
NAMES = (*SCORES, *SET_SCORES)
DEFAULT = NAMES
