"""Trains the brush. A step's number decides what it sees, so a run that was stopped goes on."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from textsketch.render.painter.shading_inputs import CELL
from training.brush.features import distance
from training.brush.network import Brush, Critic

PATCH_CELLS = 40
BATCH = 4
_RATE, _LAST_RATE = 3e-4, 2e-5
_CRITIC_RATE = 2e-4
_MEAN_OF_STEPS = 400
_KEEP_EVERY = 50
_DISTANCE, _CRITIC = 0.2, 0.006
"""Weights of what features say and what the critic says, beside the mean absolute error."""
_CRITIC_FROM = 200
_COMPARED = 112
"""Pixels along a side of the part of a patch whose features are compared, which is most of a step's work."""


class Pairs:
    """Random patches of training pairs; all pairs are held in memory."""

    def __init__(self, files: Sequence[Path]) -> None:
        self._pairs = []
        for file in files:
            with np.load(file) as pair:
                if min(pair["inputs"].shape[1:]) >= PATCH_CELLS:
                    self._pairs.append((pair["inputs"], pair["original"]))

    def __len__(self) -> int:
        return len(self._pairs)

    def batch(self, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The step's inputs (batch, CHANNELS, rows, columns) and originals (batch, 3, height, width), 0 to 1."""
        random = np.random.default_rng(step)
        given, originals = [], []
        for _ in range(BATCH):
            inputs, original = self._pairs[int(random.integers(len(self._pairs)))]
            row, column = (int(random.integers(side - PATCH_CELLS + 1)) for side in inputs.shape[1:])
            inputs = inputs[:, row : row + PATCH_CELLS, column : column + PATCH_CELLS]
            top, left, side = row * CELL, column * CELL, PATCH_CELLS * CELL
            original = original[top : top + side, left : left + side].transpose(2, 0, 1)
            turned = bool(random.integers(2)), bool(random.integers(2)), bool(random.integers(2))
            given.append(_turned_inputs(inputs, turned))
            originals.append(_turned(original, turned))
        return tuple(
            torch.from_numpy(np.stack(part).astype(np.float32) / 255).to(memory_format=torch.channels_last)
            for part in (given, originals)
        )  # type: ignore[return-value]


def _turned(planes: np.ndarray, how: tuple[bool, bool, bool]) -> np.ndarray:
    """Planes mirrored upside down, left to right, and along the diagonal, as asked for."""
    down, across, diagonal = how
    planes = planes[..., :: -1 if down else 1, :: -1 if across else 1]
    return planes.swapaxes(-1, -2) if diagonal else planes


def _turned_inputs(inputs: np.ndarray, how: tuple[bool, bool, bool]) -> np.ndarray:
    """The same of inputs, whose first channels are the pixels of a cell."""
    pixels = inputs[:-3].reshape(-1, CELL, CELL, *inputs.shape[1:])
    pixels = _turned(np.moveaxis(_turned(np.moveaxis(pixels, (1, 2), (-2, -1)), how), (-2, -1), (1, 2)), how)
    return np.concatenate([pixels.reshape(-1, *pixels.shape[-2:]), _turned(inputs[-3:], how)])


def train(
    pairs: Pairs,
    start: Brush,
    features: Callable[[torch.Tensor], list[torch.Tensor]],
    steps: int,
    work: Path,
    until: int | None = None,
) -> Brush | None:
    """Train `start` for so many steps, going on from `work` where a run was stopped; return its mean weights.

    features: such as `features.Features`. until: stop before this step, and return None.
    """
    brush, critic = start, Critic()
    mean = copy.deepcopy(brush)
    for part in (brush, mean):
        part.to(memory_format=torch.channels_last)
    optimisers = [
        torch.optim.Adam(brush.parameters(), _RATE, betas=(0.9, 0.99)),
        torch.optim.Adam(critic.parameters(), _CRITIC_RATE, betas=(0.5, 0.99)),
    ]
    parts = {"brush": brush, "mean": mean, "critic": critic, "first": optimisers[0], "second": optimisers[1]}
    kept, step = work / "state.pt", 0
    if kept.exists():
        state = torch.load(kept, weights_only=True)
        step = state.pop("step")
        for name, part in parts.items():
            part.load_state_dict(state[name])
    began, first, said = time.monotonic(), step, np.zeros(4)
    last = steps if until is None else min(steps, until)
    while step < last:
        given, original = pairs.batch(step)
        painting = _pixels(given)
        for group in optimisers[0].param_groups:
            group["lr"] = _LAST_RATE + (_RATE - _LAST_RATE) * 0.5 * (1 + math.cos(math.pi * step / steps))
        heard = step >= _CRITIC_FROM
        part = _part(step)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            painted = brush(given).float()
            error = (painted - original).abs().mean()
            with torch.no_grad():
                wanted = features(original[part])
            apart = distance(features(painted[part]), wanted)
            loss = error + _DISTANCE * apart
            if heard:
                critic.requires_grad_(False)
                loss = loss - _CRITIC * critic(painted, painting).float().mean()
                critic.requires_grad_(True)
        optimisers[0].zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(brush.parameters(), 0.5)
        optimisers[0].step()
        judged = torch.zeros(())
        if step >= _CRITIC_FROM // 2:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                real, made = (critic(one, painting).float() for one in (original, painted.detach()))
                judged = torch.relu(1 - real).mean() + torch.relu(1 + made).mean()
            optimisers[1].zero_grad()
            judged.backward()
            optimisers[1].step()
        share = min(1 - 1 / _MEAN_OF_STEPS, step / (step + 10))
        with torch.no_grad():
            for own, new in zip(mean.parameters(), brush.parameters(), strict=True):
                own.lerp_(new, 1 - share)
        said = 0.98 * said + 0.02 * np.array([float(one.detach()) for one in (error, apart, judged, loss)])
        step += 1
        if step % _KEEP_EVERY == 0 or step == last:
            state = {name: part.state_dict() for name, part in parts.items()} | {"step": step}
            torch.save(state, work / "state.part")
            os.replace(work / "state.part", kept)
            pace = (time.monotonic() - began) / (step - first)
            known = said / (1 - 0.98 ** (step - first))
            print(
                f"step {step} of {steps}: error {known[0]:.4f}, apart {known[1]:.4f}, critic {known[2]:.3f}, "
                f"{pace:.2f} s a step, {(steps - step) * pace / 60:.0f} min left",
                flush=True,
            )
    return mean if step >= steps else None


def _part(step: int) -> tuple[slice, ...]:
    """The part of a patch whose features are compared in a step."""
    room = PATCH_CELLS * CELL - _COMPARED
    top, left = (int(value) for value in np.random.default_rng((step, 1)).integers(0, room + 1, 2))
    return slice(None), slice(None), slice(top, top + _COMPARED), slice(left, left + _COMPARED)


def _pixels(given: torch.Tensor) -> torch.Tensor:
    """The painting in the inputs: (batch, 3, height, width)."""
    return torch.nn.functional.pixel_shuffle(given[:, : 3 * CELL**2], CELL)
