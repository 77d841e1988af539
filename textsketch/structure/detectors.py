"""Soft edge detectors, learned and our own, and strokes taken from their maps.

A diffusion model follows the lines a person would draw: strong and long ones. Strokes are ordered so, where
the painter's encoder orders them by what they gain in PSNR.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from textsketch.errors import WeightsError
from textsketch.models import networks, weights

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

OWN = "edges"
"""Our own detector: multi-scale gradients, no weights."""
_SHORTEST_STROKE = 6
_WEAKEST_EDGE = 0.08
_TEED_FLOOR = 30
_lock = threading.RLock()


def names() -> tuple[str, ...]:
    """The detectors by name: our own first, then the learned ones."""
    return (OWN, *_LEARNED)


def unavailable(name: str) -> str | None:
    """The sentence that says what detector `name` lacks here, or None."""
    if name == OWN:
        return None
    return weights.unavailable(f"The detector {name}", [name], ["torch", "controlnet_aux"])


def edge_map(picture: Image.Image, name: str = OWN, long_side: int = 512) -> np.ndarray:
    """How strong an edge is at every pixel: (height, width) float32, 0 to 1.

    picture: RGB. It is looked at with a long side of at most `long_side` pixels and the map has that size.
    Raises WeightsError if the detector's library or weights are missing.
    """
    width, height = picture.size
    scale = min(1.0, long_side / max(width, height))
    reduced = picture.convert("RGB").resize((max(1, round(width * scale)), max(1, round(height * scale))))
    if name == OWN:
        return _gradients(np.asarray(reduced))
    if name not in _LEARNED:
        raise WeightsError(f"There is no detector called {name!r}; choose one of {', '.join(names())}.")
    reason = unavailable(name)
    if reason is not None:
        raise WeightsError(reason)
    with _lock:
        found = _LEARNED[name](_load(name), _padded(reduced))
    found = np.asarray(found, np.float32)
    if found.ndim == 3:
        found = found[..., 0]
    return np.clip(found[: reduced.height, : reduced.width] / 255, 0, 1)


def find(edges: np.ndarray, shape: tuple[int, int]) -> list[np.ndarray]:
    """Thin a soft edge map to strokes on a grid of `shape` (rows, columns), as `lines.rank` orders them.

    edges: (height, width) float, 0 to 1. Returns arrays (n, 2) of integer (row, column) cells, the best first.
    """
    import cv2

    from textsketch.structure.barriers import trace
    from textsketch.structure.lines import rank

    rows, columns = shape
    reduced = _reduce_by_maximum(np.asarray(edges, np.float32), rows, columns)
    smooth = cv2.GaussianBlur(reduced, (0, 0), 0.7).reshape(rows, columns)
    lines = [line for line in trace(_ridges(smooth)) if len(line) >= _SHORTEST_STROKE]
    return rank(lines, reduced)


def _reduce_by_maximum(edges: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Reduce a map so that thin strong lines keep their strength."""
    import cv2

    height, width = edges.shape
    reach = (max(1, width // columns), max(1, height // rows))
    if max(reach) > 1:
        edges = cv2.dilate(edges, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, reach))
    return cv2.resize(edges, (columns, rows), interpolation=cv2.INTER_AREA).reshape(rows, columns)


def _ridges(edges: np.ndarray) -> np.ndarray:
    """The crest of a soft map: maxima across the direction it bends most in, one pixel wide."""
    import cv2

    # The frame counts as strongest, so that a slope running out of the picture is no crest.
    padded = cv2.copyMakeBorder(edges, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=[1.0])
    rows, columns = edges.shape

    def shifted(down: int, right: int) -> np.ndarray:
        return padded[1 + down : 1 + down + rows, 1 + right : 1 + right + columns]

    crest = np.zeros(edges.shape, bool)
    steepest = np.full(edges.shape, -1.0, np.float32)
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        before, after = shifted(-down, -right), shifted(down, right)
        bend = (2 * edges - before - after) / (2 if down and right else 1)
        better = bend > steepest
        steepest = np.where(better, bend, steepest)
        crest = np.where(better, (edges >= before) & (edges > after), crest)
    strong = crest & (edges > 2 * _WEAKEST_EDGE)
    weak = (crest & (edges > _WEAKEST_EDGE)).astype(np.uint8)
    _, labels = cv2.connectedComponents(weak, connectivity=8)
    kept = np.unique(labels[strong])
    return np.isin(labels, kept[kept > 0])


def _gradients(pixels: np.ndarray) -> np.ndarray:
    """Largest colour gradient over two scales, saturating softly: a soft edge map without a network."""
    import cv2

    total = np.zeros(pixels.shape[:2], np.float32)
    for sigma in (1.0, 2.0):
        smooth = cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), sigma)
        across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=1 / 8).reshape(pixels.shape)
        down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=1 / 8).reshape(pixels.shape)
        total = np.maximum(total, np.hypot(across, down).max(-1) * sigma)
    return 1 - np.exp(-((total / 22) ** 2))


def _padded(picture: Image.Image) -> np.ndarray:
    """The pixels with the last row and column repeated up to a multiple of 64.

    The detectors round both sides so; without it they would return a stretched map.
    """
    pixels = np.asarray(picture)
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, -height % 64), (0, -width % 64), (0, 0)), mode="edge")


def _load(name: str) -> Any:
    def read(folder: Path) -> Any:

        return _CONSTRUCTORS[name](str(folder)).to(networks.device())

    return networks.load(name, read)


def _make_hed(folder: str) -> Any:
    from controlnet_aux import HEDdetector

    return HEDdetector.from_pretrained(folder)


def _make_pidinet(folder: str) -> Any:
    from controlnet_aux import PidiNetDetector

    return PidiNetDetector.from_pretrained(folder)


def _make_teed(folder: str) -> Any:
    from controlnet_aux import TEEDdetector

    return TEEDdetector.from_pretrained(folder, filename="MTEED.pth")


def _make_lineart(folder: str) -> Any:
    from controlnet_aux import LineartDetector

    return LineartDetector.from_pretrained(folder)


def _run(network: Any, pixels: np.ndarray) -> np.ndarray:
    side = min(pixels.shape[:2])
    return network(pixels, detect_resolution=side, image_resolution=side, output_type="np")


def _run_teed(network: Any, pixels: np.ndarray) -> np.ndarray:
    found = network(pixels, detect_resolution=min(pixels.shape[:2]), safe_steps=0, output_type="np")
    # TEED's map rests near 0.1 where there is nothing.
    return np.maximum(found.astype(np.float32) - _TEED_FLOOR, 0) * (255 / (255 - _TEED_FLOOR))


_CONSTRUCTORS: dict[str, Callable[[str], Any]] = {
    "hed": _make_hed,
    "pidinet": _make_pidinet,
    "teed": _make_teed,
    "lineart": _make_lineart,
}
_LEARNED: dict[str, Callable[[Any, np.ndarray], np.ndarray]] = {
    "hed": _run,
    "pidinet": _run,
    "teed": _run_teed,
    "lineart": _run,
}
