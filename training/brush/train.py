"""Trains a network of the brush. A step's number decides what it sees, so a run that was stopped goes on."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from textsketch.bitstream import unpack
from textsketch.layers import Layers
from textsketch.render.painter import brush_inputs, shading, shading_inputs
from textsketch.render.painter.brush_inputs import CELL
from textsketch.render.painter.painting import field
from textsketch.texture.grain import synthesise
from training.brush import losses
from training.brush.network import Shading, Sharpening

_LAST_RATE = 1e-5
_MEAN_OF_STEPS = 400
_KEEP_EVERY = 250
_LONGEST = 0.5
"""Of the gradient, as long as it may be."""
_PRECISION = 255
_NO_GRAIN = 128


@dataclass(frozen=True)
class Task:
    """What a network is trained for.

    prepare: what a file's layers and its picture become: inputs, (channels, rows, columns); the picture, of
    CELL times as many rows and columns, (height, width, 3) uint8; and grain, (height, width) int8 levels.
    planes: how many pixels of a cell each plane has in the inputs' first channels, row by row.
    loss: see `losses`. patch: cells along a side.
    """

    network: type[Sharpening] | type[Shading]
    prepare: Callable[[Layers, np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
    planes: tuple[int, ...]
    loss: Callable[..., dict[str, torch.Tensor]]
    patch: int
    batch: int
    rate: float


def _prepare_painting(layers: Layers, original: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    planes = field(layers)
    rows, columns = (side // CELL for side in original.shape[:2])
    grain, noise = np.zeros(original.shape[:2], np.int8), None
    if layers.texture is not None and layers.texture.grain is not None:
        noise = synthesise(layers.texture.grain, *original.shape[:2], layers.seed)
        grain = np.clip(np.rint(noise), -127, 127).astype(np.int8)
    given = brush_inputs.inputs(planes, layers, noise)
    whole = slice(rows * CELL), slice(columns * CELL)
    return given[:, :rows, :columns], original[whole], grain[whole]


def _prepare_sketch(layers: Layers, original: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import cv2

    height, width = shading_inputs.shape_for(layers.size)
    smaller = height < original.shape[0]
    original = cv2.resize(
        original, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    )
    given = shading_inputs.inputs(layers)
    missing = [(0, CELL * side - own) for side, own in zip(given.shape[1:], (height, width), strict=True)]
    original = np.pad(original, [*missing, (0, 0)], "edge")
    grain = np.pad(shading.grain(layers, height, width), missing, "edge")
    return given, original, np.clip(np.rint(grain), -127, 127).astype(np.int8)


SHARPENING = Task(
    Sharpening,
    _prepare_painting,
    (CELL**2,) * 5,
    losses.of_paintings,
    patch=48,
    batch=16,
    rate=3e-4,
)
SHADING = Task(Shading, _prepare_sketch, (1, 1, 1, CELL**2), losses.of_sketches, patch=80, batch=3, rate=4e-4)


def prepare(pair: Path, task: Task) -> Path:
    """Write what a network learns of a pair beside it, unless it is there, and return that file.

    It is (channels, rows, columns) uint8: the inputs' planes, red, green and blue of the picture and the grain,
    around _NO_GRAIN, pixel by pixel of a cell, then the rest of the inputs.
    """
    path = pair.with_suffix(".npy")
    if path.exists():
        return path
    with np.load(pair) as made:
        given, original, grain = task.prepare(unpack(made["sent"].tobytes()), made["original"])
    given = np.rint(given * _PRECISION).astype(np.uint8)
    seen = np.concatenate([original, (grain + np.int16(_NO_GRAIN)).astype(np.uint8)[..., None]], -1)
    rows, columns = given.shape[1:]
    seen = seen.reshape(rows, CELL, columns, CELL, 4).transpose(4, 1, 3, 0, 2).reshape(-1, rows, columns)
    planes = sum(task.planes)
    partial = path.with_suffix(f".{os.getpid()}")
    with open(partial, "wb") as file:
        np.save(file, np.concatenate([given[:planes], seen, given[planes:]]))
    os.replace(partial, path)
    return path


class Pairs(Dataset[np.ndarray]):
    """Random patches of prepared pairs, a batch a step: (batch, channels, rows, columns), see `prepare`."""

    def __init__(self, files: Sequence[Path], task: Task) -> None:
        self._task = task
        self._files = list(files)

    def __getitem__(self, step: int) -> np.ndarray:
        random, side = np.random.default_rng(step), self._task.patch
        planes = (*self._task.planes, *(CELL**2,) * 4)
        chosen: list[np.ndarray] = []
        while len(chosen) < self._task.batch:
            # Not kept: each mapped file counts as an open one, of which a process may have a thousand.
            pair = np.load(self._files[int(random.integers(len(self._files)))], mmap_mode="r")
            if min(pair.shape[1:]) < side:
                continue
            row, column = (int(random.integers(whole - side + 1)) for whole in pair.shape[1:])
            turned = bool(random.integers(2)), bool(random.integers(2)), bool(random.integers(2))
            patch = np.asarray(pair[:, row : row + side, column : column + side])
            chosen.append(turned_inputs(patch, turned, planes))
        return np.stack(chosen)

    def apart(self, batch: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The inputs, originals and grain of a batch, each (batch, channels, height, width), 0 to 1."""
        planes = sum(self._task.planes)
        given = torch.cat([batch[:, :planes], batch[:, planes + 4 * CELL**2 :]], 1) / 255
        seen = functional.pixel_shuffle(batch[:, planes : planes + 4 * CELL**2] / 255, CELL)
        return (
            given.to(memory_format=torch.channels_last),
            seen[:, :3].contiguous(memory_format=torch.channels_last),
            seen[:, 3:] - _NO_GRAIN / 255,
        )


def _turned(planes: np.ndarray, how: tuple[bool, bool, bool]) -> np.ndarray:
    """Planes mirrored upside down, left to right, and along the diagonal, as asked for."""
    down, across, diagonal = how
    planes = planes[..., :: -1 if down else 1, :: -1 if across else 1]
    return planes.swapaxes(-1, -2) if diagonal else planes


def turned_inputs(inputs: np.ndarray, how: tuple[bool, bool, bool], planes: tuple[int, ...]) -> np.ndarray:
    """The same of inputs, whose first channels are so many pixels of a cell, plane by plane."""
    parts, first = [], 0
    for count in planes:
        side = math.isqrt(count)
        pixels = inputs[first : first + count].reshape(side, side, *inputs.shape[1:])
        pixels = np.moveaxis(_turned(np.moveaxis(pixels, (0, 1), (-2, -1)), how), (-2, -1), (0, 1))
        parts.append(_turned(pixels, how).reshape(count, *_turned(inputs, how).shape[1:]))
        first += count
    return np.concatenate([*parts, _turned(inputs[first:], how)])


def train(
    task: Task,
    pairs: Pairs,
    start: Sharpening | Shading,
    networks: losses.Networks,
    steps: int,
    work: Path,
    *,
    until: int | None = None,
    device: str = "cpu",
    processes: int = 0,
) -> Sharpening | Shading | None:
    """Train `start` for so many steps, going on from `work` where a run was stopped; return its mean weights.

    networks: what guides the training. until: stop before this step, and return None. processes: that cut
    patches; 0 is this one.
    """
    networks = losses.Networks(*(_in_half(network, device) for network in networks))
    mean = copy.deepcopy(start)
    for network in (start, mean):
        network.to(device, memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(start.parameters(), task.rate, betas=(0.9, 0.99))
    parts = {"brush": start, "mean": mean, "optimiser": optimiser}
    kept, step = work / "state.pt", 0
    if kept.exists():
        state = torch.load(kept, weights_only=True, map_location=device)
        step = state.pop("step")
        for name, part in parts.items():
            part.load_state_dict(state[name])
    began, first = time.monotonic(), step
    said: dict[str, torch.Tensor] = {}
    last = steps if until is None else min(steps, until)
    batches = DataLoader(
        pairs, None, sampler=range(step, last), num_workers=processes, pin_memory=device != "cpu"
    )
    for batch in batches:
        given, original, grain = pairs.apart(batch.to(device, non_blocking=True))
        gone = max(0.0, 2 * step / steps - 1)
        rate = _LAST_RATE + (task.rate - _LAST_RATE) * 0.5 * (1 + math.cos(math.pi * gone))
        for group in optimiser.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 100)
        with torch.autocast(device, dtype=torch.bfloat16):
            painted = start(given)
        terms = task.loss(painted.float(), given, original, grain, networks, step)
        loss = torch.stack(list(terms.values())).sum()
        optimiser.zero_grad()
        loss.backward()
        length = torch.nn.utils.clip_grad_norm_(start.parameters(), _LONGEST)
        if (loss + length).isfinite():  # patches without any detail have no HaarPSI
            optimiser.step()
            share = min(1 - 1 / _MEAN_OF_STEPS, step / (step + 10))
            with torch.no_grad():
                torch._foreach_lerp_(list(mean.parameters()), list(start.parameters()), 1 - share)
            for name, term in terms.items():
                said[name] = torch.lerp(said.get(name, term).detach(), term.detach(), 0.01)
        step += 1
        if step % _KEEP_EVERY == 0 or step == last:
            state = {name: part.state_dict() for name, part in parts.items()} | {"step": step}
            torch.save(state, work / "state.part")
            os.replace(work / "state.part", kept)
            pace = (time.monotonic() - began) / (step - first)
            found = ", ".join(f"{name} {float(value):.4f}" for name, value in said.items())
            left = f"{pace:.3f} s a step, {(steps - step) * pace / 60:.0f} min left"
            print(f"step {step} of {steps}: {found}, {left}", flush=True)
    return mean if step >= steps else None


def _in_half(see: losses.Features, device: str) -> losses.Features:
    """The same features, computed in half precision."""

    def seen(picture: torch.Tensor) -> list[torch.Tensor]:
        with torch.autocast(device, dtype=torch.bfloat16):
            return see(picture)

    return seen
