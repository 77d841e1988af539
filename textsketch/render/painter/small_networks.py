"""Runs the small networks that ship with the painter. Each is loaded when it is first needed."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_NETWORKS = 2


def load(file: Path) -> None:
    """Load the network in `file`, which takes a moment the first time; `run` does it otherwise."""
    _network(file, _threads())


def run(file: Path, given: np.ndarray) -> np.ndarray:
    """What the network in `file` makes of its one input, float32. Raises MemoryError."""
    from onnxruntime.capi.onnxruntime_pybind11_state import RuntimeException

    network = _network(file, _threads())
    try:
        (made,) = network.run(None, {network.get_inputs()[0].name: np.ascontiguousarray(given)})
    except RuntimeException as error:  # what it makes of every std::bad_alloc
        raise MemoryError("there is no memory for the brush") from error
    return made


def _threads() -> int:
    """How many threads OpenCV may use, which is what a process is told, but no more than it has cores."""
    import cv2

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(cv2.getNumThreads(), cores))


@lru_cache(maxsize=_NETWORKS)
def _network(file: Path, threads: int) -> InferenceSession:
    """A network; without an arena, so that what one picture took is free again for the next."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(file.read_bytes(), options, providers=["CPUExecutionProvider"])
