"""Full-reference metrics of learned features: LPIPS and DISTS. Both are 0 for equal pictures."""

from __future__ import annotations

import functools
import importlib.util
from typing import Any

from PIL import Image

from textsketch.measure.metrics.torch_pictures import to_tensor
from textsketch.models import checkpoints
from textsketch.models.networks import device


def lpips_problem() -> str | None:
    """What keeps `lpips` from running and the command that helps, or None."""
    return _problem("LPIPS", "lpips", "lpips", checkpoints.ALEXNET)


def dists_problem() -> str | None:
    """What keeps `dists` from running and the command that helps, or None."""
    return _problem("DISTS", "DISTS_pytorch", "dists-pytorch", checkpoints.VGG16)


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


def _problem(title: str, module: str, package: str, url: str) -> str | None:
    for needed, install in (("torch", "torch torchvision"), (module, package)):
        if importlib.util.find_spec(needed) is None:
            return f"{title} is not available: pip install {install}"
    problem = checkpoints.problem(url)
    return problem and f"{title} is not available: {problem}"


@functools.cache
def _lpips_network() -> Any:
    import lpips

    return lpips.LPIPS(net="alex", verbose=False).eval().requires_grad_(False).to(device())


@functools.cache
def _dists_network() -> Any:
    from DISTS_pytorch import DISTS

    return DISTS().eval().requires_grad_(False).to(device())
