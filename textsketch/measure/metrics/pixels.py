"""Full-reference metrics that need no weights: PSNR, SSIM and, where its library is there, MS-SSIM."""

from __future__ import annotations

import importlib.util
from functools import partial

import numpy as np
from PIL import Image

from textsketch.measure.metrics.metric import Metric, Place
from textsketch.models import weights

MS_SSIM_MIN_SIDE = 161  # five scales of an 11-pixel window


def psnr_db(reference: Image.Image, distorted: Image.Image) -> float:
    """Peak signal-to-noise ratio over all sRGB samples in dB; infinite for equal pictures.

    Both pictures are RGB and of one size, which ValueError enforces here and in `ssim`.
    """
    a, b = _pair(reference, distorted)
    mean_squared_error = float(np.mean(np.square(a.astype(np.float32) - b)))
    return float("inf") if mean_squared_error == 0 else 10 * float(np.log10(255**2 / mean_squared_error))


def ssim(reference: Image.Image, distorted: Image.Image) -> float:
    """Structural similarity of the luma, in [-1, 1], 1 for equal pictures.

    Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural
    similarity", 2004: Gaussian window of 11 pixels, sigma 1.5, K1 = 0.01, K2 = 0.03; mean over the
    positions where the whole window lies inside (over all where the picture is smaller than a window).
    """
    import cv2

    _pair(reference, distorted)
    x, y = (np.asarray(image.convert("L"), np.float64) for image in (reference, distorted))

    def blur(values: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(values, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT)

    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_x, mean_y = blur(x), blur(y)
    variance_x = blur(x * x) - mean_x**2
    variance_y = blur(y * y) - mean_y**2
    covariance = blur(x * y) - mean_x * mean_y
    similarity = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    )
    inside = similarity[5:-5, 5:-5]
    return float((inside if inside.size else similarity).mean())


def ms_ssim(reference: Image.Image, distorted: Image.Image) -> float | None:
    """Multi-scale SSIM of the RGB channels by pytorch-msssim, in [0, 1].

    None where the library is not installed or a side is under `MS_SSIM_MIN_SIDE` pixels.
    """
    if importlib.util.find_spec("pytorch_msssim") is None or min(reference.size) < MS_SSIM_MIN_SIDE:
        return None
    import torch
    from pytorch_msssim import ms_ssim as torch_ms_ssim

    a, b = (
        torch.from_numpy(np.array(values, np.float32)).permute(2, 0, 1)[None]
        for values in _pair(reference, distorted)
    )
    return float(torch_ms_ssim(a, b, data_range=255))


def _pair(reference: Image.Image, distorted: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    if reference.size != distorted.size or reference.mode != "RGB" or distorted.mode != "RGB":
        raise ValueError(
            f"metrics compare RGB pictures of one size, not {reference.mode} {reference.size} "
            f"with {distorted.mode} {distorted.size}"
        )
    return np.asarray(reference), np.asarray(distorted)


PSNR = Metric(
    name="psnr",
    title="PSNR",
    model="all sRGB samples",
    unit="dB",
    digits=2,
    measure=lambda original, decoded, caption: psnr_db(original, decoded),
    reach=Place.CHART,
)
SSIM = Metric(
    name="ssim",
    title="SSIM",
    model="luma, Gaussian window of 11 pixels (Wang et al. 2004)",
    measure=lambda original, decoded, caption: ssim(original, decoded),
    reach=Place.CHART,
)
MS_SSIM = Metric(
    name="ms-ssim",
    title="MS-SSIM",
    model="RGB, pytorch-msssim (Wang et al. 2003)",
    measure=lambda original, decoded, caption: ms_ssim(original, decoded),
    reach=Place.COMPARISON,
    unavailable=partial(weights.unavailable, "MS-SSIM", [], ["torch", "pytorch_msssim"]),
)
