"""The RDO quantiser: for every coefficient of a colour map the integer of least error + lambda x bits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from textsketch.codestream.tables import NEWEST
from textsketch.entropy.network import LOGIT_LIMIT, LOGIT_ONE, IntegerNetwork
from textsketch.texture.colour_map import LARGEST
from textsketch.texture.colour_model import network, pass_logits
from textsketch.texture.contexts import Pass, band_slices, passes

_ESCAPE_BITS, _SIGN_BITS = 1.1, 0.82
"""What a step of magnitude beyond 3, and a sign, cost on photographs; their adaptive models are not walked."""
_LEAST_SIZE = 0.45
"""In steps: what is smaller becomes 0."""
_ODDS = np.roll(np.arange(-LOGIT_LIMIT, LOGIT_LIMIT + 1), -LOGIT_LIMIT) / LOGIT_ONE
_MORE_BITS, _STOP_BITS = np.logaddexp(0, -_ODDS) / np.log(2), np.logaddexp(0, _ODDS) / np.log(2)
"""What the answers yes and no cost, by the logit of yes."""
LEAST_SHARE = 0.001
"""Below this share of coefficients above the step a level's zeros cost more than what it says is worth."""


def quantise(
    scaled: np.ndarray,
    shapes: list[tuple[int, int]],
    step_index: int,
    strokes: np.ndarray | None,
    *,
    lam: float,
    least_share: float = LEAST_SHARE,
    model: IntegerNetwork | None = None,
    beat: Callable[[], None] | None = None,
) -> tuple[np.ndarray, float]:
    """Quantise coefficients in units of the step, in coding order, with the coder's own probabilities.

    scaled: (3, height, width) float32. lam: lambda, the squared error, in squared steps, that one bit is worth.
    least_share: of a level's coefficients must be above the step for it, or a finer one, to be coded.
    model: the network of the format version to be written, by default the newest.
    beat: called many times a second; an exception it raises stops the work.
    Returns (integers, code length in bits, before the coder's adaptation).
    """
    out = np.zeros(scaled.shape, np.int32)
    total = 0.0
    model = model or network(NEWEST)
    finest = tuple(_finest_useful(plane, shapes, least_share) for plane in scaled)
    for part in passes(out, scaled, shapes, finest, step_index, strokes):
        logits = pass_logits(part, model)
        bits = _STOP_BITS[logits[:, 0]]
        wanted = _wanted(part)
        size = np.abs(wanted)
        rows = np.flatnonzero(size > _LEAST_SIZE)
        if len(rows):
            best, bits[rows] = _cheapest(np.minimum(size[rows], LARGEST), logits[rows].T, bits[rows], lam)
            kept = best > 0
            part.values[np.divmod(rows[kept], part.values.shape[1])] = np.copysign(
                best[kept], wanted[rows[kept]]
            )
        total += bits.sum()
        if beat is not None:
            beat()
    return out, float(total)


def _cheapest(
    size: np.ndarray, logits: np.ndarray, zero_bits: np.ndarray, lam: float
) -> tuple[np.ndarray, np.ndarray]:
    """The integers of least error + lambda x bits for some magnitudes, and their bits.

    logits: (3, n). zero_bits: what a 0 costs.
    """
    more, stop = _MORE_BITS[logits], _STOP_BITS[logits]
    one = more[0] + _SIGN_BITS
    two = one + more[1]
    cost = np.stack([zero_bits, one + stop[1], two + stop[2], two + more[2] + 0.5])
    floor = np.floor(size).astype(np.int64)
    choices = np.stack([np.zeros_like(floor), np.maximum(floor, 1), np.minimum(floor + 1, LARGEST)])
    every = np.arange(len(size))
    bits = cost[np.minimum(choices, 3), every] + _ESCAPE_BITS * np.maximum(choices - 3, 0)
    best = ((size - choices) ** 2 + lam * bits).argmin(axis=0)
    return choices[best, every], bits[best, every]


def _wanted(part: Pass) -> np.ndarray:
    """The unquantised coefficients a pass was given as its source, flat."""
    if part.wanted is None:
        raise ValueError("this pass was walked without a source")
    return part.wanted.ravel()


def _finest_useful(plane: np.ndarray, shapes: list[tuple[int, int]], least_share: float) -> int:
    """The finest level with enough coefficients near or above the step to be worth coding at all."""
    for level in range(len(shapes)):
        bands = [plane[rows, columns] for rows, columns in band_slices(shapes, level)]
        if sum(int((np.abs(band) > 1).sum()) for band in bands) > least_share * sum(
            band.size for band in bands
        ):
            return level
    return len(shapes)


def finest_levels(planes: np.ndarray, shapes: list[tuple[int, int]]) -> tuple[int, ...]:
    """Each plane's finest level with a coefficient that is not zero; len(shapes) if there is none."""
    return tuple(
        next(
            (
                level
                for level in range(len(shapes))
                if any(plane[rows, columns].any() for rows, columns in band_slices(shapes, level))
            ),
            len(shapes),
        )
        for plane in planes
    )
