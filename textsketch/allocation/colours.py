"""Chooses the colour map and the grain that fill a budget best, over descriptors and strokes that stand.

An operating point is a quantiser step and lambda, the squared error in squared steps that one bit is worth.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from textsketch.allocation.analysis import Analysis, errors
from textsketch.allocation.search import FULL, Budget
from textsketch.codestream.grids import base_shape
from textsketch.layers import Layers, Texture
from textsketch.progress import Pulse
from textsketch.texture import colour_map, grain

_LAMBDA, _LEAST_LAMBDA = 0.16, 0.06
"""A step is judged at the first, where a photograph's PSNR is flat. Bytes that the step leaves over buy a lower
one, down to the second: below it a finer step is the better buy."""
_FEW_LAMBDA = 0.6
"""What makes a map one step finer so small that it fits where the last lambda above does not: the base that
single coefficients are added to."""
_TRIALS = 8
"""Files packed to find how many coefficients fit: bisection and secants get within 5 % of any budget by then."""
_QUICK_TRIALS = 2
"""How often a quick search corrects the price of a bit."""
_LEAST_FOR_GRAIN, _LEAST_FOR_FINE_GRAIN = 100, 250
"""Bytes of a budget from which a grain map of 4, or of 12, cells along the longer side is worth its 3, or 10."""
_STEPS_AN_OCTAVE = 8
"""So many quantiser steps on, a step is twice as coarse."""
_NO_FURTHER = 0.7
"""Less than this part of a sixteenth of lambda is expected not to fit in."""
_SURE, _SURE_BYTES = 1.05, 4
"""What is expected to take this much more than there is, beside a step that is known, is not tried."""
_LEAST_SCALE, _STEEPEST = 0.6, 1.3
"""Within this factor of what was expected, and with no more from a step to the next, code lengths are those of a
photograph."""
_LEAST_LAMBDA_COSTS = 1.25
"""About how many times the bits of the first lambda above the second takes."""
_ZERO_ANYWAY = 0.6
"""A coefficient of fewer steps than this is never worth its bits."""


def finest_step(analysis: Analysis, limit_bits: float, report: Pulse, sure: float = _SURE) -> int:
    """The finest quantiser step whose estimated code length stays below `limit_bits`.

    sure: a finer step that is expected to take `sure` times the limit is not looked at.
    """
    too_fine, coarse_enough = analysis.finest - 1, colour_map.STEP_COUNT - 1
    guess = _expected_step(analysis.rough_bits, limit_bits)
    while coarse_enough - too_fine > 1:
        guess = min(max(guess, too_fine + 1), coarse_enough - 1)
        bits = analysis.quantised(guess, _LAMBDA, report)[1]
        expected = _expected_bits(analysis, guess, bits)
        if bits > limit_bits:
            too_fine = guess
        else:
            coarse_enough = guess
            if expected is not None and guess and expected[guess - 1] > sure * limit_bits:
                break
        guess = (too_fine + coarse_enough) // 2 if expected is None else _expected_step(expected, limit_bits)
    return coarse_enough


def rough_step(analysis: Analysis, limit_bits: float) -> int:
    """About what `finest_step` finds, in next to no time."""
    return max(_expected_step(analysis.rough_bits, limit_bits), analysis.finest)


def _expected_step(expected: np.ndarray, limit_bits: float) -> int:
    """The finest step that is expected to take `limit_bits` at most, or the last."""
    enough = np.flatnonzero(expected <= limit_bits)
    return int(enough[0]) if len(enough) else colour_map.STEP_COUNT - 1


def _expected_bits(analysis: Analysis, step_index: int, bits: float) -> np.ndarray | None:
    """What each step is expected to take where one is known, or None if the picture is not like a photograph."""
    rough = analysis.rough_bits
    scale = max(bits, 1) / rough[step_index]
    steepest = rough[max(step_index - 1, 0)] / rough[step_index]
    if not _LEAST_SCALE < scale < 1 / _LEAST_SCALE or steepest > _STEEPEST:
        return None
    return scale * rough


def add_grain(layers: Layers, analysis: Analysis, step_index: int | None, budget: Budget) -> Layers:
    """Add the grain that a painting lacks, over an empty colour map.

    step_index: of the painting's colour map; None for a painting without one, which needs no look at it.
    """
    if budget.most_bytes < _LEAST_FOR_GRAIN:
        return layers
    trial = layers
    if step_index is not None:
        coefficients, _ = analysis.quantised(step_index, _LAMBDA, budget.report)
        trial = replace(layers, texture=Texture(coefficients, step_index))
    strength = _roughness(trial, analysis, budget, typical=step_index is None)
    blank = np.zeros((3, *base_shape(layers.size)), np.int32)
    trial = replace(layers, texture=Texture(blank, 0, strength if strength.any() else None))
    return trial if budget.fits(trial) else layers


def _roughness(layers: Layers, analysis: Analysis, budget: Budget, *, typical: bool) -> np.ndarray:
    """The grain map for what the layers' painting lacks."""
    lacking = analysis.residual[0]
    if layers.texture is not None and layers.texture.coefficients.any():
        lacking = lacking - analysis.painted(layers)[0]
    fine = budget.most_bytes >= _LEAST_FOR_FINE_GRAIN
    return grain.measure(lacking, layers.size, fine, typical=typical)


def fill(layers: Layers, analysis: Analysis, budget: Budget) -> Layers:
    """The colour map that fills the budget best: its step first, then the price of a bit."""
    room_bits = 8 * (budget.most_bytes - budget.size_of(layers))
    step_index = finest_step(analysis, room_bits, budget.report)
    at = _Maps(layers, analysis, budget)
    # The coder adapts to the picture, so the estimate is a little off either way.
    while not budget.fits(best := at(step_index)):
        if step_index + 1 == colour_map.STEP_COUNT:
            return layers
        step_index += 1
    while step_index > analysis.finest:
        if at.is_far_over(at.expected_bytes(best, step_index - 1)):
            break
        if not budget.fits(finer := at(step_index - 1)):
            break
        best, step_index = finer, step_index - 1
    nearer = _nearest_step(analysis, step_index, budget.report)
    if nearer != step_index and budget.fits(coarser := at(nearer)):
        best, step_index = coarser, nearer
    return _cheapest_bits(best, at, budget)


def fill_quickly(layers: Layers, analysis: Analysis, budget: Budget) -> Layers:
    """A colour map that nearly fills the budget, by estimates: its step, then the price of a bit."""
    room_bits = 8 * (budget.most_bytes - budget.size_of(layers))
    step_index = finest_step(analysis, room_bits, budget.report, sure=1.0)
    at = _Maps(layers, analysis, budget)
    while not budget.fits(best := at(step_index)):
        if step_index + 1 == colour_map.STEP_COUNT:
            return layers
        step_index += 1
    return _with_grain(_cheapest_bits(best, at, budget, _QUICK_TRIALS), analysis, budget)


class _Maps:
    """The layers with their colour map at any operating point."""

    def __init__(self, layers: Layers, analysis: Analysis, budget: Budget) -> None:
        self._layers, self._analysis, self._budget = layers, analysis, budget
        self._grain = None if layers.texture is None else layers.texture.grain

    def __call__(self, step_index: int, lam: float = _LAMBDA) -> Layers:
        return replace(
            self._layers, texture=Texture(self._quantised(step_index, lam)[0], step_index, self._grain)
        )

    def expected_bytes(self, layers: Layers, step_index: int) -> float:
        """About what the file takes with another step than that of `layers`, such a map at `_LAMBDA`."""
        assert layers.texture is not None
        usual = layers.texture.step_index
        usual_bits = self._quantised(usual, _LAMBDA)[1]
        expected = _expected_bits(self._analysis, usual, usual_bits)
        bits = self._quantised(step_index, _LAMBDA)[1] if expected is None else expected[step_index]
        return self._budget.size_of(layers) + (bits - usual_bits) / 8

    def more_bytes(self, step_index: int, lam: float) -> float:
        """About how many bytes another lambda adds to the usual one."""
        return (self._quantised(step_index, lam)[1] - self._quantised(step_index, _LAMBDA)[1]) / 8

    def is_far_over(self, expected_bytes: float) -> bool:
        """Whether a file expected to take so much is sure to be beyond the budget: it is not packed."""
        return expected_bytes > _SURE * self._budget.most_bytes + _SURE_BYTES

    def _quantised(self, step_index: int, lam: float) -> tuple[np.ndarray, float]:
        return self._analysis.quantised(step_index, lam, self._budget.report)


def _cheapest_bits(usual: Layers, at: _Maps, budget: Budget, most_trials: int = 16) -> Layers:
    """The map of the same step whose bits are cheapest, in sixteenths from `_LAMBDA` to the least, and fit.

    Sizes in between are expected to lie on a line; what is expected to be beyond the budget is not tried.
    """
    assert usual.texture is not None
    step_index = usual.texture.step_index
    sixteenth = (_LAMBDA - _LEAST_LAMBDA) / 16
    usual_bytes = float(budget.size_of(usual))
    best, fits, fits_bytes = usual, 0, usual_bytes
    over, over_bytes = 16, usual_bytes * _LEAST_LAMBDA_COSTS
    for _ in range(most_trials):
        slope = max(over_bytes - fits_bytes, 1) / (over - fits)
        further = (budget.most_bytes - fits_bytes) / slope
        if over - fits <= 1 or (further < _NO_FURTHER and (fits or most_trials < 16)):
            break
        tried = min(fits + max(int(further), 1), over - 1)
        lam = _LAMBDA - tried * sixteenth
        trial, trial_bytes = at(step_index, lam), usual_bytes + at.more_bytes(step_index, lam)
        if not at.is_far_over(trial_bytes):
            trial_bytes = budget.size_of(trial)
        if trial_bytes <= budget.most_bytes:
            best, fits, fits_bytes = trial, tried, trial_bytes
            if over == 16:  # nothing was beyond the budget yet
                over_bytes = usual_bytes + (trial_bytes - usual_bytes) * over / tried
        else:
            over, over_bytes = tried, trial_bytes
    return best


def _nearest_step(analysis: Analysis, step_index: int, report: Pulse) -> int:
    """The step, this one or an up to twice as coarse one, whose colour map comes nearest to the picture.

    In drawn pictures many coefficients are equal; a coarse step that meets them beats a finer one between.
    """

    # What no step up from this one says anything of is the same error in all of them.
    step = colour_map.coefficient_step(step_index, analysis.size)
    large = analysis.coefficients[np.abs(analysis.coefficients) >= _ZERO_ANYWAY * step]

    def missed(coefficients: np.ndarray, said: np.ndarray, index: int) -> float:
        step = colour_map.coefficient_step(index, analysis.size)
        error = coefficients / step - colour_map.dequantise(said)
        return float(np.square(error).sum(dtype=np.float64)) * step**2

    def plain_error(index: int) -> float:
        """Without a look at bits."""
        scaled = large / colour_map.coefficient_step(index, analysis.size)
        return missed(large, np.trunc(scaled + np.copysign(1 - _ZERO_ANYWAY, scaled)), index)

    def error(index: int) -> float:
        return missed(analysis.coefficients, analysis.quantised(index, _LAMBDA, report)[0], index)

    nearest, least = step_index, None
    least_plain = plain_error(step_index)
    for index in range(step_index + 1, min(step_index + 1 + _STEPS_AN_OCTAVE, colour_map.STEP_COUNT)):
        if plain_error(index) < least_plain:
            least = error(step_index) if least is None else least
            found = error(index)
            if found < least:
                nearest, least = index, found
    return nearest


def fill_up(layers: Layers, analysis: Analysis, budget: Budget) -> tuple[Layers, bool]:
    """Measure the grain on what is really painted, and leave few bytes that colours could use.

    Returns also whether few were left anyway.
    """
    layers = _with_grain(layers, analysis, budget)
    full = budget.is_full(layers)
    return (layers if full else _finer(layers, analysis, budget)), full


def _with_grain(layers: Layers, analysis: Analysis, budget: Budget) -> Layers:
    """The layers with the grain that their painting really lacks, where they have grain and it fits."""
    if layers.texture is None or layers.texture.grain is None:
        return layers
    strength = _roughness(layers, analysis, budget, typical=True)
    measured = replace(layers.texture, grain=strength if strength.any() else None)
    return trial if budget.fits(trial := replace(layers, texture=measured)) else layers


def is_said(layers: Layers, analysis: Analysis) -> bool:
    """Whether the colour map is so fine that a finer one could hardly say more."""
    return layers.texture is not None and layers.texture.step_index < analysis.finest + _STEPS_AN_OCTAVE


def _finer(layers: Layers, analysis: Analysis, budget: Budget) -> Layers:
    """The layers with the coefficients of a finer colour map that gain most, as many as fit."""
    texture = layers.texture
    if texture is None:
        return layers
    best = _between(layers, texture, analysis, budget)
    if budget.is_full(best):
        return best
    if texture.step_index > analysis.finest:
        coefficients, _ = analysis.quantised(texture.step_index - 1, _FEW_LAMBDA, budget.report)
        few = Texture(coefficients, texture.step_index - 1, texture.grain)
        choices = [best, _between(layers, few, analysis, budget)]
    else:  # where all is said, a cheaper bit is not always a nearer one
        last = _between(best, best.texture or texture, analysis, budget, lam=0.0)
        choices = [layers, best, last]
    return min(choices, key=lambda each: errors(each, analysis)[0])


def _between(
    layers: Layers,
    few: Texture,
    analysis: Analysis,
    budget: Budget,
    lam: float = _LEAST_LAMBDA,
) -> Layers:
    """The layers with `few` and coefficients that a cheaper bit adds to it, as far as the budget goes."""
    best = replace(layers, texture=few)
    if not budget.fits(best):
        return layers
    many, bits = analysis.quantised(few.step_index, lam, budget.report, least_share=0.0)
    scaled = analysis.scaled(few.step_index)
    gain = (np.abs(scaled - few.coefficients) - np.abs(scaled - many)).ravel()
    gainful = np.flatnonzero(gain > 0)
    order = gainful[np.argsort(-gain[gainful], kind="stable")]
    # Secants and halves in turn. Bytes beyond the budget are estimated: coding takes longest there.
    low, low_bytes = 0, budget.size_of(best)
    high = len(order) + 1
    high_bytes = budget.size_of(replace(layers, texture=None)) + bits / 8
    aim_bytes = (FULL + 1) / 2 * budget.most_bytes
    for trial_index in range(_TRIALS):
        if high - low <= 1 or low_bytes >= FULL * budget.most_bytes:
            break
        secant = (aim_bytes - low_bytes) / max(high_bytes - low_bytes, 1)
        share = 0.5 if trial_index % 3 == 2 else secant
        middle = low + min(max(round(share * (high - low)), 1), high - low - 1)
        mixed = few.coefficients.copy()
        mixed.flat[order[:middle]] = many.flat[order[:middle]]
        trial = replace(layers, texture=replace(few, coefficients=mixed))
        trial_bytes = budget.size_of(trial)
        if trial_bytes <= budget.most_bytes:
            best, low, low_bytes = trial, middle, trial_bytes
        else:
            high, high_bytes = middle, min(trial_bytes, high_bytes)
    return best
