"""Networks read from `weights`: each once for the whole process, whoever asks first."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from textsketch.errors import WeightsError
from textsketch.models import weights, zero_gpu

Network = TypeVar("Network")

_lock = threading.RLock()
_loaded: dict[tuple[str, str, Path], object] = {}


def device() -> str:
    """Where networks other than Stable Diffusion's run: "cuda" if there is a GPU of one's own, else "cpu".

    A Space's shared GPU is there only while Stable Diffusion paints.
    """
    import torch

    return "cuda" if torch.cuda.is_available() and not zero_gpu.active() else "cpu"


def load(name: str, read: Callable[[Path], Network], *, part: str = "") -> Network:
    """What `read` makes of the folder of the weights `name`, kept from then on.

    part: tells several networks of the same weights apart. Every caller for a name and a part must pass the same
    `read`. Raises WeightsError if the weights are missing or cannot be read.
    """
    folder = weights.resolve(name)
    with _lock:
        key = (name, part, folder)
        if key not in _loaded:
            with reading(name, folder):
                _loaded[key] = read(folder)
        return _loaded[key]  # type: ignore[return-value]


@contextlib.contextmanager
def reading(name: str, folder: Path) -> Iterator[None]:
    """Turn what comes of a damaged file into a WeightsError that names the weights and their folder."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # nearly anything, from KeyError to struct.error
        raise WeightsError(f"The weights {name!r} in {folder} cannot be read: {error}") from error
