"""The probability model of the colour map: a trained integer network plus what this picture teaches.

For every coefficient one network gives three logits: not zero, more than one, more than two. A small
correction per kind of coefficient is learned while coding, since no picture is quite average. A second
network gives the logit of a minus sign from the signs around; it is made odd, so that the negative of a
picture costs the same.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from textsketch.codestream import tables
from textsketch.entropy.models import MagnitudeModel, ValueCoder
from textsketch.entropy.network import LOGIT_LIMIT, IntegerNetwork
from textsketch.entropy.range_coder import PROBABILITY_ONE
from textsketch.texture.contexts import INPUT_SCALE, MAGNITUDES, Pass

_LEARNING_RATE = 4
"""How far one fully unexpected bit moves a correction, in logit units."""
_KINDS = 3


@lru_cache
def network(version: int) -> IntegerNetwork:
    """The trained network of a format version, see training/painter."""
    return IntegerNetwork(tables.load("colour_model", version))


@lru_cache
def sign_network(version: int) -> IntegerNetwork:
    """The trained network for signs of a format version, see training/painter."""
    return IntegerNetwork(tables.load("sign_model", version))


@lru_cache
def probabilities(version: int) -> list[int]:
    """16-bit probability of each logit from -LOGIT_LIMIT to LOGIT_LIMIT."""
    return tables.load("logistic", version)["probability"].tolist()


def pass_logits(part: Pass, model: IntegerNetwork) -> np.ndarray:
    """Logits (coefficients, 3) int64 of a pass, see `IntegerNetwork.logits`."""
    offset = model.offset(part.constants)
    active = part.inputs.any(axis=1)
    quiet = model.logits(np.zeros((1, MAGNITUDES)), offset)
    out = np.repeat(quiet, len(active), axis=0)
    if active.any():
        out[active] = model.logits(INPUT_SCALE[part.inputs[active]], offset)
    return out


def sign_logits(part: Pass, chosen: np.ndarray, model: IntegerNetwork) -> list[int]:
    """Logits of a minus sign for the `chosen` coefficients (flat indices) of a pass."""
    inputs = part.sign_inputs(chosen) * 256
    offset = model.offset(part.sign_constants)
    logits = (model.logits(inputs, offset) - model.logits(-inputs, offset))[:, 0]
    return np.clip(logits, -LOGIT_LIMIT, LOGIT_LIMIT).tolist()


class ColourModel:
    """Codes passes of coefficients and adapts; one object a texture.

    largest: of the magnitudes. version: of the format.
    """

    def __init__(self, largest: int, version: int) -> None:
        self._network, self._sign_network = network(version), sign_network(version)
        self._probabilities = probabilities(version)
        self._bias = [0] * (3 * 9 * _KINDS)
        self._rest = MagnitudeModel(6, largest - _KINDS, 36000)

    def code_pass(self, coder: ValueCoder, part: Pass, level_count: int) -> None:
        """Code the coefficients of a pass; fills `part.values`."""
        logits = pass_logits(part, self._network)
        table = self._probabilities
        first = (part.plane * 9 + min(level_count - 1 - part.level, 8)) * _KINDS
        bias = self._bias[first : first + _KINDS]
        wanted = None if part.wanted is None else part.wanted.ravel().tolist()
        sizes = [0] * len(logits) if wanted is None else list(map(abs, wanted))
        code_bit = coder.bit
        further = logits[:, 1:]
        # Most coefficients are zero: their one question is asked with as little ado as possible.
        zero_bias = bias[0]
        for index, logit in enumerate(logits[:, 0].tolist()):
            logit += zero_bias >> 16
            if not -LOGIT_LIMIT <= logit <= LOGIT_LIMIT:
                logit = LOGIT_LIMIT if logit > 0 else -LOGIT_LIMIT
            probability = table[logit + LOGIT_LIMIT]
            size = sizes[index]
            if not code_bit(size > 0, probability):
                zero_bias -= probability * _LEARNING_RATE
                continue
            zero_bias += (PROBABILITY_ONE - probability) * _LEARNING_RATE
            magnitude = 1
            for logit in further[index].tolist():
                logit += bias[magnitude] >> 16
                if not -LOGIT_LIMIT <= logit <= LOGIT_LIMIT:
                    logit = LOGIT_LIMIT if logit > 0 else -LOGIT_LIMIT
                probability = table[logit + LOGIT_LIMIT]
                if code_bit(size > magnitude, probability):
                    bias[magnitude] += (PROBABILITY_ONE - probability) * _LEARNING_RATE
                    magnitude += 1
                else:
                    bias[magnitude] -= probability * _LEARNING_RATE
                    break
            if magnitude == _KINDS:
                magnitude += self._rest.code(coder, max(size - _KINDS, 0))
            sizes[index] = magnitude
        bias[0] = zero_bias
        self._bias[first : first + _KINDS] = bias
        out = np.array(sizes, np.int32)
        chosen = np.nonzero(out)[0]
        if len(chosen):
            for index, logit in zip(
                chosen.tolist(), sign_logits(part, chosen, self._sign_network), strict=True
            ):
                minus = 1 if wanted is not None and wanted[index] < 0 else 0
                if code_bit(minus, table[logit + LOGIT_LIMIT]):
                    out[index] = -out[index]
        part.values[...] = out.reshape(part.values.shape)
