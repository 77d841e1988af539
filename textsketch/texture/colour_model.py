"""The probability model of the colour map: a trained integer network plus what this picture teaches.

For every coefficient the network gives three logits: not zero, more than one, more than two. A small
correction per kind of coefficient is learned while coding, since no picture is quite average.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from textsketch.entropy.models import AdaptiveBits, BitCoder
from textsketch.entropy.network import LOGIT_LIMIT, IntegerNetwork, load_tables, probabilities
from textsketch.entropy.range_coder import PROBABILITY_BITS
from textsketch.texture.contexts import INPUT_SCALE, MAGNITUDES, Pass

_LEARNING_RATE = 4
"""How far one fully unexpected bit moves a correction, in logit units."""
_KINDS = 3


@lru_cache(maxsize=1)
def network() -> IntegerNetwork:
    """The trained network, see training/painter."""
    return IntegerNetwork(load_tables("textsketch.texture", "colour_model.npz"))


def pass_logits(part: Pass, model: IntegerNetwork | None = None) -> np.ndarray:
    """Logits (coefficients, 3) int64 of a pass, see `IntegerNetwork.logits`."""
    model = model or network()
    offset = model.offset(part.constants)
    active = part.inputs.any(axis=1)
    quiet = model.logits(np.zeros((1, MAGNITUDES)), offset)
    out = np.repeat(quiet, len(active), axis=0)
    if active.any():
        out[active] = model.logits(INPUT_SCALE[part.inputs[active]], offset)
    return out


class ColourModel:
    """Codes passes of coefficients and adapts; one object a texture."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._bias = [0] * (3 * 9 * _KINDS)
        self._more = AdaptiveBits([36000] * 12)

    def code_pass(self, coder: BitCoder, part: Pass, level_count: int) -> None:
        """Code the coefficients of a pass; fills `part.values`."""
        logits = pass_logits(part)
        table = probabilities()
        bias = self._bias
        where = (part.plane * 9 + min(level_count - 1 - part.level, 8)) * _KINDS
        wanted = None if part.wanted is None else part.wanted.ravel().tolist()
        out = []
        code_bit = coder.bit
        value = 0
        for index, (first, second, third) in enumerate(logits.tolist()):
            if wanted is not None:
                value = wanted[index]
            size = abs(value)
            magnitude = 0
            for kind, logit in enumerate((first, second, third)):
                logit += bias[where + kind] >> 16
                logit = -LOGIT_LIMIT if logit < -LOGIT_LIMIT else LOGIT_LIMIT if logit > LOGIT_LIMIT else logit
                probability = table[logit + LOGIT_LIMIT]
                bit = code_bit(1 if size > kind else 0, probability)
                bias[where + kind] += ((bit << PROBABILITY_BITS) - probability) * _LEARNING_RATE
                if not bit:
                    break
                magnitude += 1
            if not magnitude:
                out.append(0)
                continue
            if magnitude == _KINDS:
                while magnitude < self._largest and self._more.code(
                    coder, min(magnitude - _KINDS, 11), 1 if size > magnitude else 0
                ):
                    magnitude += 1
            out.append(-magnitude if code_bit(1 if value < 0 else 0, 1 << (PROBABILITY_BITS - 1)) else magnitude)
        part.values[...] = np.array(out, np.int32).reshape(part.values.shape)
