"""FID and KID: how far the decoded pictures as a set are from the originals as a set.

As in the evaluation of generative codecs (Mentzer, Toderici, Tschannen, Agustsson, "High-Fidelity Generative
Image Compression", 2020, section A.7): the pictures are cut into patches of 256 pixels, then once more
shifted by 128 pixels both ways; every patch gives one feature vector. Small sets say nothing, so fewer than
`MIN_PICTURES` are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from textsketch.measure.metrics.metric import SetMetric
from textsketch.models import networks, weights

MIN_PICTURES = 50
PATCH_SIZE = 256
MODEL = "InceptionV3, pt_inception-2015-12-05"
_BATCH = 8
_KID_SUBSETS, _KID_SUBSET_SIZE = 100, 1000

Network = Callable[[np.ndarray], np.ndarray]
"""Turns patches, (count, 256, 256, 3) uint8 sRGB, into features, (count, dimensions) float."""


def unavailable(pictures: int) -> str | None:
    """What keeps FID and KID of this many pictures from being computed, or None."""
    if pictures < MIN_PICTURES:
        return f"FID and KID of {pictures} pictures say nothing: at least {MIN_PICTURES} are needed"
    return weights.unavailable("FID and KID", ["inception-fid"], ["torch", "torchvision", "piq"])


def patches(image: Image.Image) -> np.ndarray:
    """The whole patches of an RGB picture, then those shifted by half a patch: (count, 256, 256, 3) uint8."""
    pixels = np.asarray(image.convert("RGB"))
    cut = [
        pixels[top : top + PATCH_SIZE, left : left + PATCH_SIZE]
        for offset in (0, PATCH_SIZE // 2)
        for top in range(offset, pixels.shape[0] - PATCH_SIZE + 1, PATCH_SIZE)
        for left in range(offset, pixels.shape[1] - PATCH_SIZE + 1, PATCH_SIZE)
    ]
    return np.stack(cut) if cut else np.empty((0, PATCH_SIZE, PATCH_SIZE, 3), np.uint8)


def features(image: Image.Image, network: Network | None = None) -> np.ndarray:
    """The feature vector of every patch: (count, dimensions) float32. network: Inception unless given."""
    network = network or inception
    cut = patches(image)
    parts = [network(cut[start : start + _BATCH]) for start in range(0, len(cut), _BATCH)]
    return np.concatenate(parts).astype(np.float32) if parts else np.empty((0, 0), np.float32)


def inception(batch: np.ndarray) -> np.ndarray:
    """Inception's last pooled features, 2048 dimensions, of patches (count, 256, 256, 3) uint8."""
    import torch

    values = torch.from_numpy(batch).to(networks.device()).permute(0, 3, 1, 2).float() / 255
    with torch.inference_mode():
        return _inception_network()(values)[0][:, :, 0, 0].cpu().numpy()


def fid(original: Iterable[np.ndarray], decoded: Iterable[np.ndarray]) -> float:
    """Frechet distance of two sets of features given in parts (count, dimensions), read once.

    Heusel, Ramsauer, Unterthiner, Nessler, Hochreiter, "GANs Trained by a Two Time-Scale Update Rule Converge
    to a Local Nash Equilibrium", 2017: |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)).
    """
    (mean_a, covariance_a), (mean_b, covariance_b) = _moments(original), _moments(decoded)
    # The trace of (C1 C2)^(1/2) is the sum of the roots of C1 C2's eigenvalues; those of the symmetric
    # C1^(1/2) C2 C1^(1/2) are the same, real and not negative but for rounding.
    values, vectors = np.linalg.eigh(covariance_a)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.linalg.eigvalsh(root @ covariance_b @ root)
    trace = np.trace(covariance_a) + np.trace(covariance_b) - 2 * np.sqrt(np.maximum(cross, 0)).sum()
    return float(np.square(mean_a - mean_b).sum() + trace)


def kid(original: Iterable[np.ndarray], decoded: Iterable[np.ndarray]) -> float:
    """Kernel distance: the unbiased squared MMD with the kernel (x.y / d + 1)^3, mean over 100 random subsets.

    Binkowski, Sutherland, Arbel, Gretton, "Demystifying MMD GANs", 2018. The subsets, of 1000 vectors or of
    all where there are fewer, are the same in every run.
    """
    a, b = np.concatenate(list(original)), np.concatenate(list(decoded))
    size = min(len(a), len(b), _KID_SUBSET_SIZE)
    whole = size == len(a) == len(b)
    random = np.random.default_rng(0)
    estimates = [
        _squared_mmd(a[random.permutation(len(a))[:size]], b[random.permutation(len(b))[:size]])
        for _ in range(1 if whole else _KID_SUBSETS)
    ]
    return float(np.mean(estimates))


def _squared_mmd(a: np.ndarray, b: np.ndarray) -> float:
    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return (x.astype(np.float64) @ y.T / x.shape[1] + 1) ** 3

    count = len(a)
    within_a, within_b, between = kernel(a, a), kernel(b, b), kernel(a, b)
    pairs = count * (count - 1)
    same = (within_a.sum() - np.trace(within_a) + within_b.sum() - np.trace(within_b)) / pairs
    return float(same - 2 * between.mean())


def _moments(parts: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    count, total, products = 0, None, None
    for part in _double(parts):
        if total is None or products is None:
            total = np.zeros(part.shape[1])
            products = np.zeros((part.shape[1], part.shape[1]))
        count += len(part)
        total += part.sum(0)
        products += part.T @ part
    if count < 2 or total is None or products is None:
        raise ValueError("FID needs at least two patches on each side")
    mean = total / count
    return mean, (products - count * np.outer(mean, mean)) / (count - 1)


def _double(parts: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    return (part.astype(np.float64) for part in parts if len(part))


def _inception_network() -> Any:
    def read(folder: Path) -> Any:
        from piq.feature_extractors import InceptionV3

        return InceptionV3().eval().requires_grad_(False).to(networks.device())

    return networks.load("inception-fid", read)


FID = SetMetric(
    name="fid", title="FID", model=MODEL, digits=3, higher=False, measure=fid, unavailable=unavailable
)
KID = SetMetric(
    name="kid", title="KID", model=MODEL, digits=3, higher=False, measure=kid, unavailable=unavailable
)
