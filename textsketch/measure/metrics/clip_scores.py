"""How alike two pictures, or a picture and its caption, are to a CLIP that chooses nothing else here."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

from PIL import Image

from textsketch.measure.metrics.metric import Metric, Place
from textsketch.models import clip, weights

if TYPE_CHECKING:
    import numpy as np

_MOST_KNOWN = 8
_known: OrderedDict[object, np.ndarray] = OrderedDict()


def _image(original: Image.Image, decoded: Image.Image, caption: str) -> float:
    return float(_embedded(decoded) @ _embedded(original))


def _caption(original: Image.Image, decoded: Image.Image, caption: str) -> float | None:
    if not caption:
        return None
    return float(_embedded(decoded) @ clip.embed_captions([caption], clip.load(clip.REPORTING))[0])


def _embedded(picture: Image.Image) -> np.ndarray:
    """The picture's unit-length embedding; those of the latest pictures are kept, as each is compared twice."""
    pixels = picture.convert("RGB")
    key = pixels.size, hashlib.sha256(pixels.tobytes()).digest(), weights.places()
    found = _known.pop(key, None)
    if found is None:
        found = clip.embed_pictures([pixels], clip.load(clip.REPORTING))[0]
    _known[key] = found
    while len(_known) > _MOST_KNOWN:
        _known.popitem(last=False)
    return found


_MODEL = "CLIP ViT-B-32, laion2b_s34b_b79k, cosine"
CLIP_IMAGE = Metric(
    name="clip-image",
    title="CLIP image-image",
    model=_MODEL,
    digits=3,
    learned=True,
    measure=_image,
    reach=Place.CHART,
    unavailable=clip.unavailable,
)
CLIP_CAPTION = Metric(
    name="clip-caption",
    title="CLIP caption-image",
    model=_MODEL,
    digits=3,
    learned=True,
    measure=_caption,
    reach=Place.CHART,
    unavailable=clip.unavailable,
)
