"""ZeroGPU: a Space's shared GPU that is there only while a decorated function runs.

The app calls `start` before anything imports torch, and wraps what needs the GPU with `on_gpu`. Everywhere
else, on a GPU of one's own or a CPU, both leave things as they are.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any


def active() -> bool:
    """Whether this process runs in a ZeroGPU Space."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "true", "t")


def start() -> None:
    """Import `spaces`, in a ZeroGPU Space only; it has to come before torch, which it patches."""
    if active():
        import spaces  # noqa: F401


def on_gpu(function: Callable[..., Any], seconds: Callable[..., int]) -> Callable[..., Any]:
    """Make `function` run on the shared GPU; `seconds` of the same arguments says how long to reserve it.

    function may be a generator function; what it takes and yields must be picklable. In a ZeroGPU Space load
    the networks beforehand, outside of it, with `sampler.prepare`: its process is thrown away.
    """
    if not active():
        return function
    import spaces

    return spaces.GPU(duration=seconds)(function)
