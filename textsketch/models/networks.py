"""Networks read from `weights`: each once for the whole process, whoever asks first."""

from __future__ import annotations

import contextlib
import gc
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
    """Where networks run: "cuda", "xpu" (Intel) or "mps" (Apple) if there is such a GPU, else "cpu".

    shared_gpu: whether that of a ZeroGPU Space counts, which is there only while Stable Diffusion paints.
    """
    import torch

    if zero_gpu.active():
        return "cuda" if shared_gpu and torch.cuda.is_available() else "cpu"
    kinds = {"cuda": torch.cuda, "xpu": torch.xpu, "mps": torch.backends.mps}
    return next((name for name, kind in kinds.items() if kind.is_available()), "cpu")


def free_bytes() -> int | None:
    """Bytes of the GPU's memory that can be had, those torch holds in reserve included; None on a CPU."""
    import torch

    where = device(shared_gpu=True)
    if where == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    if where == "cpu":
        return None
    gpu = getattr(torch, where)
    return gpu.mem_get_info()[0] + gpu.memory_reserved() - gpu.memory_allocated()


def empty_cache() -> None:
    """Give back the GPU memory that torch holds in reserve."""
    import torch

    where = device(shared_gpu=True)
    if where != "cpu":
        getattr(torch, where).empty_cache()


def take_gpu(rank: int) -> None:
    """Let this process use the GPU with the number `rank`, where there are several of CUDA's or Intel's kind."""
    import torch

    where = device(shared_gpu=True)
    if where in ("cuda", "xpu"):
        gpu = getattr(torch, where)
        gpu.set_device(rank % gpu.device_count())


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
        gc.collect()  # hooks and networks may hold each other
        empty_cache()


@contextlib.contextmanager
def reading(name: str, folder: Path) -> Iterator[None]:
    """Turn what comes of a damaged file into a WeightsError that names the weights and their folder."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # nearly anything, from KeyError to struct.error
        raise WeightsError(f"The weights {name!r} in {folder} cannot be read: {error}") from error
