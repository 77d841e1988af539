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
from textsketch.entropy.range_coder import PROBABILITY_ONE, Decoder, Encoder
from textsketch.texture.contexts import DENSITY, INPUT_SCALE, Band, Pass

_LEARNING_RATE = 4
"""How far one fully unexpected bit moves a correction, in logit units."""
_KINDS = 3
_ADAPTED_AT_ONCE = 2048
_SCALE = np.concatenate([INPUT_SCALE, INPUT_SCALE[:0:-1]]).astype(np.float64)
"""`INPUT_SCALE` of a value's magnitude, by the value, -15 to 15."""
_DENSITIES = INPUT_SCALE[:, None].astype(np.float64)


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
    offset, alone = _alone(model, tuple(part.constants.items()))
    out = np.repeat(alone[:1], part.values.size, axis=0) if part.density is None else alone[part.density]
    if len(part.busy):
        out[part.busy] = model.logits(_SCALE[part.busy_inputs()], offset, part.input_columns)
    return out


def band_logits(band: Band, model: IntegerNetwork) -> np.ndarray:
    """`pass_logits` for all passes of a band, one behind the other."""
    told = [_alone(model, tuple(band.constants(index).items())) for index in range(len(band.ends))]
    alone = np.stack([logits for _, logits in told])
    out = alone[band.passes, 0 if band.density is None else band.density]
    if len(band.busy):
        offset = np.stack([offset for offset, _ in told])[band.passes[band.busy]]
        out[band.busy] = model.logits(_SCALE[band.busy_inputs()], offset, band.input_columns)
    return out


@lru_cache(maxsize=4096)
def _alone(model: IntegerNetwork, constants: tuple[tuple[int, int], ...]) -> tuple[np.ndarray, np.ndarray]:
    """The network's offset of a pass, and the logits (16, 3) of coefficients with a stroke density alone."""
    offset = model.offset(dict(constants))
    return offset, model.logits(_DENSITIES, offset, slice(DENSITY, DENSITY + 1))


def sign_logits(part: Pass, chosen: np.ndarray, model: IntegerNetwork) -> np.ndarray:
    """Logits of a minus sign for the `chosen` coefficients (flat indices) of a pass: (n,) int64."""
    offset = _sign_offset(model, tuple(part.sign_constants.items()))
    return _odd(part.sign_inputs(chosen), np.tile(offset, (len(chosen), 1)), part.sign_columns, model)


def band_sign_logits(band: Band, chosen: np.ndarray, model: IntegerNetwork) -> np.ndarray:
    """`sign_logits` for the `chosen` coefficients of a band."""
    offsets = [_sign_offset(model, tuple(band.sign_constants(i).items())) for i in range(len(band.ends))]
    offset = np.stack(offsets)[band.passes[chosen]]
    return _odd(band.sign_inputs(chosen), offset, band.sign_columns, model)


def _odd(inputs: np.ndarray, offset: np.ndarray, columns: np.ndarray, model: IntegerNetwork) -> np.ndarray:
    """What a network says of some signs minus what it says of their opposites: (n,) int64."""
    both = np.concatenate([inputs, -inputs]) * 256.0
    logits = model.logits(both, np.concatenate([offset, offset]), columns)[:, 0]
    plus, minus = logits[: len(inputs)], logits[len(inputs) :]
    return np.minimum(np.maximum(plus - minus, -LOGIT_LIMIT), LOGIT_LIMIT)


@lru_cache(maxsize=512)
def _sign_offset(model: IntegerNetwork, constants: tuple[tuple[int, int], ...]) -> np.ndarray:
    return model.offset(dict(constants))


class ColourModel:
    """Codes passes of coefficients and adapts; one object a texture.

    largest: of the magnitudes. version: of the format.
    """

    def __init__(self, largest: int, version: int) -> None:
        self._network, self._sign_network = network(version), sign_network(version)
        # In an order in which logits, negative ones too, are indices.
        self._probability = np.roll(np.array(probabilities(version)), -LOGIT_LIMIT)
        self._probabilities = self._probability.tolist()
        self._bias = [0] * (3 * 9 * _KINDS)
        self._rest = MagnitudeModel(6, largest - _KINDS, 36000)

    def encode_band(self, encoder: Encoder, band: Band, level_count: int) -> None:
        """Encode a whole band, as `decode_pass` expects its passes.

        An encoder knows all coefficients beforehand, so the probabilities of the zeros, nearly all of them, are
        found at once.
        """
        chosen = np.flatnonzero(band.wanted)
        logits = band_logits(band, self._network)
        first = self._first_bias(band, level_count)
        odds = self._adapted(logits[:, 0], band.wanted == 0, first).tolist()
        sizes, further = np.abs(band.wanted[chosen]).tolist(), logits[chosen, 1:].tolist()
        minus, sign_odds = (band.wanted[chosen] < 0).tolist(), []
        if len(chosen):
            sign_odds = self._probability[band_sign_logits(band, chosen, self._sign_network)].tolist()
        places = chosen.tolist()
        begin = of_pass = 0
        for end, last in zip(band.ends, np.searchsorted(chosen, band.ends).tolist(), strict=True):
            for which in range(of_pass, last):
                place = places[which]
                encoder.zeros(odds[begin:place])
                encoder.bit(1, odds[place])
                self._code_further(encoder, further[which], first, sizes[which])
                begin = place + 1
            encoder.zeros(odds[begin:end])
            for which in range(of_pass, last):
                encoder.bit(minus[which], sign_odds[which])
            begin, of_pass = end, last

    def decode_pass(self, decoder: Decoder, part: Pass, level_count: int) -> None:
        """Decode the coefficients of a pass into `part.values`."""
        logits = pass_logits(part, self._network)
        first = self._first_bias(part, level_count)
        further, zeros = logits[:, 1:], logits[:, 0].tolist()
        chosen, sizes, index = [], [], -1
        while True:
            index, self._bias[first] = decoder.until_one(
                zeros, index + 1, self._bias[first], self._probabilities, LOGIT_LIMIT, _LEARNING_RATE
            )
            if index == len(zeros):
                break
            chosen.append(index)
            sizes.append(self._code_further(decoder, further[index].tolist(), first, 0))
        if chosen:
            at, found = np.array(chosen), np.array(sizes)
            odds = self._probability[sign_logits(part, at, self._sign_network)].tolist()
            minus = [decoder.bit(0, probability) for probability in odds]
            part.values[np.divmod(at, part.values.shape[1])] = np.where(minus, -found, found)

    def _first_bias(self, part: Pass | Band, level_count: int) -> int:
        """Where a pass's corrections begin: of not zero, more than one, more than two."""
        return (part.plane * 9 + min(level_count - 1 - part.level, 8)) * _KINDS

    def _adapted(self, logits: np.ndarray, zeros: np.ndarray, kind: int) -> np.ndarray:
        """The probability that each coefficient is not zero, corrected while one learns which are `zeros`.

        What was learned by the last one is kept. A correction depends on all probabilities before it and hardly
        on any, so they are assumed and made anew until nothing changes, which is right from the first to the
        last: in a handful of rounds.
        """
        table = self._probability
        targets = np.where(zeros, 0, PROBABILITY_ONE)
        out = np.empty(len(logits), np.int64)
        for begin in range(0, len(logits), _ADAPTED_AT_ONCE):
            part = slice(begin, begin + _ADAPTED_AT_ONCE)
            raw, target = logits[part], targets[part]
            bias = np.full(len(raw) + 1, self._bias[kind])
            known = None
            while True:
                odds = table[np.minimum(np.maximum(raw + (bias[:-1] >> 16), -LOGIT_LIMIT), LOGIT_LIMIT)]
                if known is not None and np.array_equal(odds, known):
                    break
                known = odds
                np.cumsum((target - odds) * _LEARNING_RATE, out=bias[1:])
                bias[1:] += bias[0]
            self._bias[kind] = int(bias[-1])
            out[part] = odds
        return out

    def _code_further(self, coder: ValueCoder, logits: list[int], first: int, size: int) -> int:
        """Code how much larger than 0 a magnitude is, and return it."""
        bias, magnitude = self._bias, 1
        for logit in logits:
            kind = first + magnitude
            logit = min(max(logit + (bias[kind] >> 16), -LOGIT_LIMIT), LOGIT_LIMIT)
            probability = self._probabilities[logit]
            if not coder.bit(size > magnitude, probability):
                bias[kind] -= probability * _LEARNING_RATE
                return magnitude
            bias[kind] += (PROBABILITY_ONE - probability) * _LEARNING_RATE
            magnitude += 1
        return magnitude + self._rest.code(coder, max(size - _KINDS, 0))
