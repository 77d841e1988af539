"""Loads the networks a profile paints with: once for the process, from the folders `weights` resolves.

Nothing is imported or loaded before a profile is used. Networks that two profiles share are kept when the
profile changes; the others are given up, so that memory holds one profile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from textsketch.errors import WeightsError
from textsketch.models import networks, weights
from textsketch.render.diffusion import sampling as sampling_of_unets
from textsketch.render.diffusion import sd15, sdxl, z_image
from textsketch.render.diffusion.parts import GROUP, Networks, Shelf
from textsketch.render.diffusion.placement import place
from textsketch.render.diffusion.profiles import Profile, unavailable
from textsketch.render.diffusion.task import State, Task

if TYPE_CHECKING:
    import torch

    from textsketch.layers import Layers


class Family(NamedTuple):
    """How the models of one kind are read, and how they paint a task; `read` raises WeightsError.

    last_words: of (networks, layers, profile, chunks), the last ones that are read of a caption that is cut.
    """

    read: Callable[[Profile, Shelf, bool], Networks]
    sample: Callable[[Networks, Task], Iterator[State]]
    last_words: Callable[[Networks, Layers, Profile, int], str | None]


_FAMILIES = {
    "sd15": Family(sd15.read, sampling_of_unets.paint, sampling_of_unets.last_words),
    "sdxl": Family(sdxl.read, sampling_of_unets.paint, sampling_of_unets.last_words),
    "z-image": Family(z_image.read, z_image.paint, z_image.last_words),
}
_latest: tuple[object, Networks] | None = None


def load(
    profile: Profile, *, pose: bool = False, report: Callable[[str], None] = lambda what: None
) -> Networks:
    """The networks of `profile`; `pose` adds the adapter for skeletons.

    report is called with each network's name before it is read. Those of the latest call are not looked for on
    disk again: on a Space their files may be gone by then. Raises WeightsError if something is missing or
    cannot be read.
    """
    global _latest
    found = loaded(profile, pose=pose)
    if found is not None:
        return found
    reason = unavailable(profile)
    if reason is not None:
        raise WeightsError(reason)
    import torch

    where = networks.device(shared_gpu=True)
    quiet_libraries()
    if where == "cuda":
        # Sizes repeat, so the time to try the kernels for one comes back.
        torch.backends.cudnn.benchmark = True
    shelf = Shelf(torch.device(where), _precision(profile, where), report)
    _latest = None
    ready = _FAMILIES[profile.family].read(profile, shelf, pose)
    networks.forget(GROUP, but=shelf.used)
    if ready.preview is not None:
        ready.preview.to(ready.device)
    place(ready.stages, ready.device, networks.free_bytes())
    _latest = _key(profile, pose), ready
    return ready


def loaded(profile: Profile, *, pose: bool = False) -> Networks | None:
    """The networks of `profile` if the latest `load` was of them, without a look at the disk."""
    return _latest[1] if _latest is not None and _latest[0] == _key(profile, pose) else None


def sampling(networks: Networks, task: Task) -> Iterator[State]:
    """Paint a task: yields after every step. To be run in torch's inference mode."""
    return _FAMILIES[task.profile.family].sample(networks, task)


def last_words(profile: Profile, layers: Layers, chunks: int) -> str | None:
    """The last words that `profile`, loaded latest, reads of a caption that it cuts; None where it does not."""
    found = loaded(profile) or loaded(profile, pose=True)
    if found is None:
        return None
    return _FAMILIES[profile.family].last_words(found, layers, profile, chunks)


def forget() -> None:
    """Give up every loaded network."""
    global _latest
    _latest = None
    networks.forget(GROUP)


def quiet_libraries() -> None:
    """Keep the libraries' progress bars and hints back: `report` tells what is loaded."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    diffusers_logging.disable_progress_bar()
    diffusers_logging.set_verbosity_error()  # its hints are about files nobody here can change
    transformers_logging.disable_progress_bar()


def _key(profile: Profile, pose: bool) -> object:
    return profile, pose, networks.device(shared_gpu=True), weights.places()


def _precision(profile: Profile, device: str) -> torch.dtype:
    import torch

    if profile.family == "z-image":  # its numbers are too large for float16
        return torch.bfloat16
    if device == "cpu":  # float16 is slow there
        return torch.bfloat16 if profile.fast else torch.float32
    return torch.float16
