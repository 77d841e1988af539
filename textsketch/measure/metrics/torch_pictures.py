"""Pictures as the tensors that metrics written in torch take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from textsketch.models.networks import device

if TYPE_CHECKING:
    import torch


def to_tensor(image: Image.Image) -> torch.Tensor:
    """An RGB picture as (1, 3, height, width) float32 in [0, 1], on `device()`."""
    import torch

    values = np.asarray(image.convert("RGB"), np.float32) / 255
    return torch.from_numpy(values).permute(2, 0, 1)[None].to(device())
