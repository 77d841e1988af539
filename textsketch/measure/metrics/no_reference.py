"""Metrics that look at the decoded picture alone, by pyiqa: MUSIQ and CLIP-IQA. Higher is better."""

from __future__ import annotations

import functools
import importlib.util
from typing import Any

from PIL import Image

from textsketch.measure.metrics.torch_pictures import to_tensor
from textsketch.models import checkpoints
from textsketch.models.networks import device

_CHECKPOINTS = {"musiq": "pyiqa/musiq_koniq_ckpt-e95806b9.pth", "clipiqa": "clip/RN50.pt"}
_TITLES = {"musiq": "MUSIQ", "clipiqa": "CLIP-IQA"}


def problem(name: str) -> str | None:
    """What keeps `score(..., name)` from running and the command that helps, or None."""
    title = _TITLES[name]
    if importlib.util.find_spec("pyiqa") is None:
        return f"{title} is not available: pip install pyiqa"
    file = checkpoints.hub_folder() / _CHECKPOINTS[name]
    if not file.is_file():
        command = f"python -c \"import pyiqa; pyiqa.create_metric('{name}')\""
        return f"{title} is not available: the weights {file.name} are not here; {command} downloads them"
    return None


def score(image: Image.Image, name: str) -> float:
    """The score of an RGB picture. name: "musiq" (Ke et al. 2021) or "clipiqa" (Wang et al. 2023)."""
    import torch

    with torch.inference_mode():
        return float(_metric(name)(to_tensor(image)))


@functools.cache
def _metric(name: str) -> Any:
    import pyiqa

    return pyiqa.create_metric(name, device=device())
