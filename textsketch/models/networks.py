"""Networks read from `weights`: each once for the whole process, whoever asks first."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from textsketch.errors import WeightsError
from textsketch.models import weights, zero_gpu

Network = TypeVar("Network")


class Key(NamedTuple):
    """What a loaded network is known by.

    name: the weights it is of, for people. part: tells several networks of them apart. folders: all it was read
    from. group: networks of one group can be given up together, see `forget`.
    """

    name: str
    part: str
    folders: tuple[Path, ...]
    group: str = ""


_lock = threading.RLock()
_loaded: dict[Key, object] = {}


def device(*, shared_gpu: bool = False) -> str:
    """Where networks run: "cuda" if there is a GPU, else "cpu".

    shared_gpu: whether that of a ZeroGPU Space counts, which is there only while Stable Diffusion paints.
    """
    import torch

    return "cuda" if torch.cuda.is_available() and (shared_gpu or not zero_gpu.active()) else "cpu"


def load(name: str, read: Callable[[Path], Network], *, part: str = "") -> Network:
    """What `read` makes of the folder of the weights `name`, kept from then on; see `Key` for part.

    Every caller for a name and a part must pass the same `read`. Raises WeightsError if the weights are missing
    or cannot be read.
    """
    folder = weights.resolve(name)
    return keep(Key(name, part, (folder,)), lambda: read(folder))


def keep(key: Key, make: Callable[[], Network]) -> Network:
    """What `make` makes, the first time; the same from then on. Raises WeightsError if `make` fails."""
    with _lock:
        if key not in _loaded:
            with reading(key.name, key.folders[0]):
                _loaded[key] = make()
        return _loaded[key]  # type: ignore[return-value]


def is_loaded(key: Key) -> bool:
    """Whether `keep` has the network already."""
    return key in _loaded


def forget(group: str, but: Collection[Key] = ()) -> None:
    """Give up the networks of a group, except some, and the GPU memory that they had."""
    with _lock:
        given_up = [key for key in _loaded if key.group == group and key not in but]
        for key in given_up:
            del _loaded[key]
    if given_up:
        import torch

        if torch.cuda.is_available():
            torch.cuda.empty_cache()


@contextlib.contextmanager
def reading(name: str, folder: Path) -> Iterator[None]:
    """Turn what comes of a damaged file into a WeightsError that names the weights and their folder."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # nearly anything, from KeyError to struct.error
        raise WeightsError(f"The weights {name!r} in {folder} cannot be read: {error}") from error
