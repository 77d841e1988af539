"""textsketch: a picture as caption, sketch and colour map, in the space of a sentence.

>>> import textsketch as ts
>>> encoded = ts.encode("photo.jpg", mode="three-layer", budget="1500B", caption="two parrots")
>>> decoded = ts.decode(encoded.data)
"""

from textsketch.errors import (
    BitstreamError,
    BudgetError,
    CaptionError,
    ImageError,
    OptionError,
    RenderError,
    TextsketchError,
    WeightsError,
)
from textsketch.layers import Layers, Mode
from textsketch.pipeline import Decoded, Encoded, decode, encode, pack, paint, unpack

__version__ = "0.1.0"

__all__ = [
    "BitstreamError",
    "BudgetError",
    "CaptionError",
    "Decoded",
    "Encoded",
    "ImageError",
    "Layers",
    "Mode",
    "OptionError",
    "RenderError",
    "TextsketchError",
    "WeightsError",
    "decode",
    "encode",
    "pack",
    "paint",
    "unpack",
]
