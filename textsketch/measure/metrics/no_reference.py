"""Metrics that look at the decoded picture alone, by pyiqa: MUSIQ and CLIP-IQA. Higher is better."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from textsketch.measure.metrics.metric import Metric
from textsketch.measure.metrics.torch_pictures import to_tensor
from textsketch.models import networks, weights

WEIGHTS = {"musiq": "musiq", "clipiqa": "clip-rn50"}
"""The entry of weights.yaml that a metric stands on, by pyiqa's name of the metric."""


def score(image: Image.Image, name: str) -> float:
    """The score of an RGB picture. name: "musiq" (Ke et al. 2021) or "clipiqa" (Wang et al. 2023)."""
    import torch

    with torch.inference_mode():
        return float(_metric(name)(to_tensor(image)))


def _metric(name: str) -> Any:
    def read(folder: Path) -> Any:
        import pyiqa

        return pyiqa.create_metric(name, device=networks.device())

    return networks.load(WEIGHTS[name], read)


MUSIQ = Metric(
    name="musiq",
    title="MUSIQ",
    model="pyiqa, KonIQ-10k weights, no reference",
    digits=2,
    learned=True,
    measure=lambda original, decoded, caption: score(decoded, "musiq"),
    unavailable=partial(weights.unavailable, "MUSIQ", [WEIGHTS["musiq"]], ["torch", "pyiqa"]),
)
CLIP_IQA = Metric(
    name="clip-iqa",
    title="CLIP-IQA",
    model="pyiqa, CLIP RN50 (OpenAI), no reference",
    learned=True,
    measure=lambda original, decoded, caption: score(decoded, "clipiqa"),
    unavailable=partial(weights.unavailable, "CLIP-IQA", [WEIGHTS["clipiqa"]], ["torch", "pyiqa"]),
)
