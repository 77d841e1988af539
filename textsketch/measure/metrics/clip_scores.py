"""How alike two pictures, or a picture and its caption, are to a CLIP that chooses nothing else here."""

from __future__ import annotations

from PIL import Image

from textsketch.measure.metrics.metric import Metric, Place
from textsketch.models import clip


def _image(original: Image.Image, decoded: Image.Image, caption: str) -> float:
    return clip.score(original, [decoded])[0].image_image


def _caption(original: Image.Image, decoded: Image.Image, caption: str) -> float | None:
    return clip.score(original, [decoded], caption)[0].caption_image if caption else None


_MODEL = "CLIP ViT-B-32, laion2b_s34b_b79k, cosine"
CLIP_IMAGE = Metric(
    name="clip-image",
    title="CLIP image-image",
    model=_MODEL,
    learned=True,
    measure=_image,
    reach=Place.PAGE,
    unavailable=clip.unavailable,
)
CLIP_CAPTION = Metric(
    name="clip-caption",
    title="CLIP caption-image",
    model=_MODEL,
    learned=True,
    measure=_caption,
    reach=Place.PAGE,
    unavailable=clip.unavailable,
)
