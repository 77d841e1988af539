"""Where networks wait: on the GPU, or in main memory where little of the GPU's is free."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_WORKSPACE_BYTES = 2_500_000_000
"""Left free beside the networks for what they compute."""


def place(stages: list[list[Any]], device: torch.device, free_bytes: int | None) -> None:
    """Move networks to `device`; where it has too little memory, let accelerate bring them as they run.

    stages: those of one run together. free_bytes: of the device's memory, None where that is main memory. It is
    decided anew each time: what was brought as it ran before is moved once there is room.
    """
    from accelerate.hooks import remove_hook_from_module

    if lacks_room(stages, device, free_bytes):
        offload(stages, device)
        return
    for stage in stages:
        for module in stage:
            remove_hook_from_module(module)
            module.to(device)


def lacks_room(stages: list[list[Any]], device: torch.device, free_bytes: int | None) -> bool:
    """Whether those networks that are not on `device` yet would leave it too little memory to work with."""
    waiting = sum(
        value.nbytes
        for stage in stages
        for module in stage
        for value in module.parameters()
        if value.device.type != device.type
    )
    return free_bytes is not None and waiting > 0 and free_bytes < waiting + _WORKSPACE_BYTES


def offload(stages: list[list[Any]], device: torch.device) -> None:
    """Keep networks in main memory; those of a stage come to `device` when it runs and leave at the next."""
    from accelerate import cpu_offload_with_hook
    from accelerate.hooks import remove_hook_from_module

    logging.getLogger(__name__).info("little GPU memory is free: networks wait in main memory")
    before = None
    for stage in stages:
        hook = before
        for module in stage:
            remove_hook_from_module(module)
            _, hook = cpu_offload_with_hook(module, device, before)
        before = hook
