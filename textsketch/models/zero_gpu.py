"""ZeroGPU: a Space's shared GPU that is there only while a decorated function runs.

The app calls `start` before anything imports torch, and wraps what needs the GPU with `on_gpu`. Everywhere
else, on a GPU of one's own or a CPU, both leave things as they are.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from textsketch.errors import RenderError, TextsketchError

Told = TypeVar("Told")
_WORKER, _ABORTED = "ZeroGPU worker error", "GPU task aborted"


def active() -> bool:
    """Whether this process runs in a ZeroGPU Space."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "true", "t")


def start() -> None:
    """Import `spaces`, in a ZeroGPU Space only; it has to come before torch, which it patches."""
    if active():
        # It would delete the weights' files once their tensors are packed; they are looked for again.
        os.environ.setdefault("ZEROGPU_MMAP_AUTOPRUNE_PATTERN", "/nowhere/*")
        import spaces  # noqa: F401


def on_gpu(
    function: Callable[..., Iterator[Told]], seconds: Callable[..., int]
) -> Callable[..., Iterator[Told]]:
    """Make a generator function run on the shared GPU; `seconds` of the same arguments says for how long.

    What it takes and yields must be picklable. It runs in another process, from which no errors come but
    Gradio's: ours are passed on as values, and Gradio's, about quotas, become RenderErrors. In a ZeroGPU Space
    load the networks beforehand, outside of it: its process is thrown away.
    """
    if not active():
        return function
    import gradio
    import spaces

    @spaces.GPU(duration=seconds)
    @functools.wraps(function)
    def there(*arguments: Any, **options: Any) -> Iterator[Told | TextsketchError]:
        try:
            yield from function(*arguments, **options)
        except TextsketchError as error:
            yield error

    @functools.wraps(function)
    def here(*arguments: Any, **options: Any) -> Iterator[Told]:
        try:
            with contextlib.closing(there(*arguments, **options)) as work:
                for told in work:
                    if isinstance(told, TextsketchError):
                        raise told
                    yield told
        except gradio.Error as error:
            sentence = str(error.message)
            if error.title == _WORKER and sentence != _ABORTED:  # the name of an error nobody foresaw
                raise RuntimeError(sentence) from error
            raise RenderError(sentence) from error

    return here
