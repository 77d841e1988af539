"""HaarPSI and GMSD, full-reference metrics without networks, by piq."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PIL import Image

from textsketch.measure.metrics.metric import Metric
from textsketch.models import weights

_LEAST_SIDE = 16  # room for the wavelets and windows


def _piq(name: str) -> Callable[[Image.Image, Image.Image, str], float | None]:
    def measure(original: Image.Image, decoded: Image.Image, caption: str) -> float | None:
        import piq
        import torch

        from textsketch.measure.metrics.torch_pictures import to_tensor

        if min(original.size) < _LEAST_SIDE:
            return None
        with torch.inference_mode():
            return float(getattr(piq, name)(to_tensor(original), to_tensor(decoded), data_range=1.0))

    return measure


HAARPSI = Metric(
    name="haarpsi",
    title="HaarPSI",
    model="RGB, piq (Reisenhofer et al. 2018)",
    measure=_piq("haarpsi"),
    unavailable=partial(weights.unavailable, "HaarPSI", [], ["torch", "piq"]),
)
GMSD = Metric(
    name="gmsd",
    title="GMSD",
    model="luma, piq (Xue et al. 2014)",
    higher=False,
    measure=_piq("gmsd"),
    unavailable=partial(weights.unavailable, "GMSD", [], ["torch", "piq"]),
)
