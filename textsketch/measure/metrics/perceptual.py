"""Full-reference metrics of learned features: LPIPS and DISTS. Both are 0 for equal pictures."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from textsketch.measure.metrics.metric import Metric
from textsketch.measure.metrics.torch_pictures import to_tensor
from textsketch.models import networks, weights


def lpips(reference: Image.Image, distorted: Image.Image) -> float:
    """LPIPS v0.1 with AlexNet at full resolution.

    Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep Features as a Perceptual
    Metric", 2018.
    """
    import torch

    with torch.inference_mode():
        return float(_lpips_network()(to_tensor(reference), to_tensor(distorted), normalize=True))


def dists(reference: Image.Image, distorted: Image.Image) -> float:
    """DISTS with VGG-16 at full resolution.

    Ding, Ma, Wang, Simoncelli, "Image Quality Assessment: Unifying Structure and Texture Similarity", 2020.
    """
    import torch

    with torch.inference_mode():
        return float(_dists_network()(to_tensor(reference), to_tensor(distorted)))


def _lpips_network() -> Any:
    def read(folder: Path) -> Any:
        import lpips

        return lpips.LPIPS(net="alex", verbose=False).eval().requires_grad_(False).to(networks.device())

    return networks.load("alexnet", read)


def _dists_network() -> Any:
    def read(folder: Path) -> Any:
        from DISTS_pytorch import DISTS

        return DISTS().eval().requires_grad_(False).to(networks.device())

    return networks.load("vgg16", read)


LPIPS = Metric(
    name="lpips",
    title="LPIPS",
    model="AlexNet, lpips v0.1",
    higher=False,
    learned=True,
    measure=lambda original, decoded, caption: lpips(original, decoded),
    unavailable=partial(weights.unavailable, "LPIPS", ["alexnet"], ["torch", "torchvision", "lpips"]),
)
DISTS = Metric(
    name="dists",
    title="DISTS",
    model="VGG-16, DISTS_pytorch",
    higher=False,
    learned=True,
    measure=lambda original, decoded, caption: dists(original, decoded),
    unavailable=partial(weights.unavailable, "DISTS", ["vgg16"], ["torch", "torchvision", "DISTS_pytorch"]),
)
