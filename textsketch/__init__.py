"""textsketch: a picture as caption, sketch and colour map, in the space of a sentence.

>>> import textsketch as ts
>>> encoded = ts.encode("photo.jpg", mode="three-layer", budget="1500B", caption="two parrots")
>>> decoded = ts.decode(encoded.data)
"""

from textsketch.errors import BitstreamError, BudgetError, ImageError, TextsketchError, WeightsError
from textsketch.layers import Layers, Mode
from textsketch.pipeline import Decoded, Encoded, decode, encode

__version__ = "0.1.0"

__all__ = [
    "BitstreamError",
    "BudgetError",
    "Decoded",
    "Encoded",
    "ImageError",
    "Layers",
    "Mode",
    "TextsketchError",
    "WeightsError",
    "decode",
    "encode",
]
