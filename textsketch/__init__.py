"""textsketch: a picture as caption, sketch and colour map, in the space of a sentence.

>>> import textsketch as ts
>>> encoded = ts.encode("photo.jpg", mode="three-layer", budget="1500B", caption="two parrots")
>>> decoded = ts.decode(encoded.data)
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from textsketch.errors import (
    BitstreamError,
    BudgetError,
    CaptionError,
    ImageError,
    LinkError,
    OptionError,
    RenderError,
    ServiceError,
    TextsketchError,
    WeightsError,
)

if TYPE_CHECKING:
    from textsketch import edit
    from textsketch.layers import Layers, Mode
    from textsketch.pipeline import Decoded, Encoded, decode, encode, pack, paint, unpack
    from textsketch.reflection.rounds import Reflection, reflect

__version__ = "0.1.0"

__all__ = [
    "BitstreamError",
    "BudgetError",
    "CaptionError",
    "Decoded",
    "Encoded",
    "ImageError",
    "Layers",
    "LinkError",
    "Mode",
    "OptionError",
    "Reflection",
    "RenderError",
    "ServiceError",
    "TextsketchError",
    "WeightsError",
    "decode",
    "edit",
    "encode",
    "pack",
    "paint",
    "reflect",
    "unpack",
]

_PLACES = {
    "layers": ("Layers", "Mode"),
    "reflection.rounds": ("Reflection", "reflect"),
    "pipeline": ("Decoded", "Encoded", "decode", "encode", "pack", "paint", "unpack"),
}


def __getattr__(name: str) -> Any:
    """Load what does the work once it is first asked for, so that importing textsketch takes no time."""
    if name == "edit":
        return importlib.import_module("textsketch.edit")
    for module, names in _PLACES.items():
        if name in names:
            found = globals()[name] = getattr(importlib.import_module(f"textsketch.{module}"), name)
            return found
    raise AttributeError(f"module 'textsketch' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
