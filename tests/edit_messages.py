"""Messages as the Edit tab's canvas sends them."""

import base64
import io
import json

import numpy as np
from PIL import Image


def message(do, *, picture=None, **values) -> str:
    return json.dumps({"do": do, "serial": 1, "picture": picture, **values})


def png(mask) -> str:
    """A drawing as the canvas sends it."""
    pixels = np.full((*mask.shape, 4), 255, np.uint8)
    pixels[..., 3] = 255 * mask
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def square(size=(40, 60)) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[size[0] // 4 : size[0] // 2, size[1] // 4 : size[1] // 2] = True
    return mask
