"""Spends a byte budget on the layers where it helps this picture most, by trying and measuring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from PIL import Image

from textsketch.codestream.grids import SKETCH_LONG_SIDES, base_level, base_shape, grid_shape, level_shapes
from textsketch.errors import BudgetError
from textsketch.image.colour_space import to_ycbcr
from textsketch.layers import Layers, Mode, Semantic, Strokes, Texture
from textsketch.semantic import descriptors as field
from textsketch.structure import contours
from textsketch.structure import strokes as stroke_finder
from textsketch.texture import colour_map, grain
from textsketch.texture.quantiser import LEAST_SHARE, quantise

SizeOf = Callable[[Layers], int]

_LINES_TO_FILL_UP = 12
_SKETCH_LONG_SIDE = 192
FAVOUR, LESS_FAVOUR = 4.0, 0.6
_MOST_DESCRIPTOR_BYTES = 160
_BITS_WEIGHTS = (0.16, 0.06)
_FULL = 0.95
_FEW = 0.6
_TRIALS = 8
_LEAST_WITHOUT_DOUBT, _MOST_TO_DESCRIBE_AGAIN = 100, 250
_LEAST_FOR_GRAIN, _LEAST_FOR_FINE_GRAIN = 100, 250


def choose_layers(
    picture: Image.Image,
    mode: Mode,
    budget_bytes: int,
    caption: str,
    *,
    seed: int = 0,
    size_of: SizeOf,
    progress: Callable[[float, str], None] | None = None,
) -> Layers:
    """Choose the layers of an RGB picture whose file, of `size_of` bytes, fits `budget_bytes`.

    Raises BudgetError, naming the smallest possible size, if nothing fits. Deterministic.
    """
    report = progress or (lambda fraction, message: None)
    planes = to_ycbcr(np.asarray(picture.convert("RGB")))
    size = picture.size
    layers = _smallest(size, mode, caption, seed)
    smallest = size_of(layers)
    if smallest > budget_bytes:
        raise too_small(mode, smallest)
    layers = _describe(layers, planes, mode, budget_bytes, size_of)
    report(0.1, "drawing the sketch")
    if mode is Mode.TEXT_SKETCH:
        layers = _sketch_only(layers, planes, budget_bytes, size_of)
        layers = _describe(layers, planes, Mode.TEXT_ONLY, budget_bytes, size_of)  # what the sketch left over
    elif mode is Mode.THREE_LAYER:
        painting = _Painting(layers, planes, budget_bytes, size_of, report)
        painting = _filled_up(painting, _smallest(size, mode, caption, seed), planes, budget_bytes, size_of)
        layers = painting.layers
    report(1.0, "encoded")
    return layers


def smallest_bytes(size: tuple[int, int], mode: Mode, caption: str, *, seed: int = 0, size_of: SizeOf) -> int:
    """Bytes of the smallest file that has all layers of `mode`, for a picture of `size` = (width, height)."""
    return size_of(_smallest(size, mode, caption, seed))


def too_small(mode: Mode, needed_bytes: int) -> BudgetError:
    """The error for a budget below `needed_bytes`, with what helps."""
    fewer = (
        "or a shorter caption" if mode is Mode.TEXT_ONLY else "a shorter caption or a mode of fewer layers"
    )
    return BudgetError(
        f"the smallest {mode} file of this picture with this caption takes {needed_bytes} bytes; choose a "
        f"larger budget (or, for a rate, a larger picture), {fewer}"
    )


def first_choice(picture: Image.Image, budget_bytes: int, *, size_of: SizeOf) -> Layers:
    """The layers of a three-layer file before a look at the bytes left over: what the tables are trained on."""
    planes = to_ycbcr(np.asarray(picture.convert("RGB")))
    smallest = _smallest(picture.size, Mode.THREE_LAYER, "", 0)
    layers = _describe(smallest, planes, Mode.THREE_LAYER, budget_bytes, size_of)
    return _Painting(layers, planes, budget_bytes, size_of, lambda fraction, message: None).layers


def _smallest(size: tuple[int, int], mode: Mode, caption: str, seed: int) -> Layers:
    structure = texture = None
    if mode is not Mode.TEXT_ONLY:
        structure = Strokes(np.zeros(grid_shape(size, _SKETCH_LONG_SIDE), bool))
    if mode is Mode.THREE_LAYER:
        texture = Texture(np.zeros((3, *base_shape(size)), np.int32), 0)
    return Layers(size, Semantic(caption), structure, texture, seed)


def _describe(layers: Layers, planes: np.ndarray, mode: Mode, budget_bytes: int, size_of: SizeOf) -> Layers:
    """Add the most descriptors that fit, in three-layer mode no more than pay."""
    room = budget_bytes - size_of(replace(layers, semantic=replace(layers.semantic, descriptors=None)))
    most = {Mode.TEXT_ONLY: room, Mode.TEXT_SKETCH: min(24, max(8, room // 4))}.get(
        mode, min(20, max(6, room // 14))
    )
    return described(layers, planes, min(most, _MOST_DESCRIPTOR_BYTES), budget_bytes, size_of)


def described(
    layers: Layers, planes: np.ndarray, most_bytes: int, budget_bytes: int, size_of: SizeOf
) -> Layers:
    """The layers with the most descriptors, of `most_bytes` or fewer, that fit; unchanged if none do."""
    for size_bytes in range(most_bytes, 0, -1):
        colours = field.from_planes(planes, size_bytes)
        trial = replace(layers, semantic=replace(layers.semantic, descriptors=colours))
        if size_of(trial) <= budget_bytes:
            return trial
    return layers


def _filled_up(
    painting: _Painting, smallest: Layers, planes: np.ndarray, budget_bytes: int, size_of: SizeOf
) -> _Painting:
    """A painting without bytes left over that could still say something, in colours or in descriptors.

    Below about a hundred bytes descriptors alone often say more than a colour map that is full.
    """
    was_full = painting.fill_up()
    if budget_bytes > _MOST_TO_DESCRIBE_AGAIN or (was_full and budget_bytes >= _LEAST_WITHOUT_DOUBT):
        return painting
    described = _describe(smallest, planes, Mode.TEXT_ONLY, budget_bytes, size_of)
    other = _Painting(described, planes, budget_bytes, size_of, lambda fraction, message: None)
    other.fill_up()
    return min(painting, other, key=lambda each: each.squared_error(each.layers))


def without_field(layers: Layers, planes: np.ndarray, level: int) -> np.ndarray:
    """What the descriptors leave over, at the picture's size halved `level` times."""
    import cv2

    rows, columns = level_shapes(layers.size[1], layers.size[0])[level]
    if level:
        reduced = [cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA) for plane in planes]
        planes = np.stack(reduced).reshape(3, rows, columns)
    return planes - field.field_planes(layers.semantic.descriptors, rows, columns, layers.size)


def _sketch_only(layers: Layers, planes: np.ndarray, budget_bytes: int, size_of: SizeOf) -> Layers:
    """The lines a person would draw, the best first; on a finer grid where a coarse one leaves bytes over."""
    for long_side in SKETCH_LONG_SIDES[SKETCH_LONG_SIDES.index(_SKETCH_LONG_SIDE) :]:
        shape = grid_shape(layers.size, long_side)
        lines = contours.detect(planes, shape)
        best = _best_lines(layers, lines, shape, budget_bytes, size_of)
        if not lines or size_of(best) >= _FULL * budget_bytes or max(shape) < long_side:
            break
    return best


def _best_lines(
    layers: Layers, lines: list[np.ndarray], shape: tuple[int, int], budget_bytes: int, size_of: SizeOf
) -> Layers:
    """As many of the lines as fit, the first ones first."""

    def drawn(chosen: list[np.ndarray]) -> Layers:
        return replace(layers, structure=Strokes(stroke_finder.draw(chosen, shape)))

    low, high = 0, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        if size_of(drawn(lines[:middle])) <= budget_bytes:
            low = middle
        else:
            high = middle - 1
    chosen = lines[:low]
    for line in lines[low : low + _LINES_TO_FILL_UP]:
        if size_of(drawn([*chosen, line])) <= budget_bytes:
            chosen.append(line)
    return drawn(chosen)


class _Painting:
    """The search for a sketch, a colour map and grain that fill the budget; the result is `layers`."""

    def __init__(
        self, layers: Layers, planes: np.ndarray, budget_bytes: int, size_of: SizeOf, report
    ) -> None:
        self._planes = planes
        self._budget_bytes = budget_bytes
        self._size_of = size_of
        self._size = layers.size
        self._base = base_level(layers.size)
        self._shapes = level_shapes(layers.size[1], layers.size[0])
        room_bits = 8 * (budget_bytes - size_of(layers))

        self._transform(layers, self._base)
        step_index = self._finest_step(0.85 * room_bits, 36)
        report(0.3, "choosing strokes")
        layers = self._add_strokes(layers, step_index)
        # Above a megapixel a reduced picture gives the same coefficients at a fraction of the cost.
        self._transform(layers, next(i for i, (h, w) in enumerate(self._shapes) if h * w <= 1 << 20))
        report(0.5, "mixing the colours")
        layers = self._add_grain(layers, step_index)
        report(0.6, "mixing the colours")
        self.layers = self._fill(layers, step_index)

    def _transform(self, layers: Layers, level: int) -> None:
        """Take over the layers' sketch: the coefficients of the picture halved `level` times."""
        self._strokes = layers.strokes
        self._level = level
        self._residual = without_field(layers, self._planes, level)
        self._wavelet = colour_map.transform(layers, *self._shapes[level])
        rows, columns = self._shapes[self._base]
        self._coefficients = self._wavelet.forward(self._residual)[:, :rows, :columns] * 2.0**level
        self._known: dict[tuple[int, float, float], tuple[np.ndarray, float]] = {}
        # At a finer step than this the largest coefficient would be cut off.
        largest = float(np.abs(self._coefficients).max()) / colour_map.LARGEST
        steps = [colour_map.coefficient_step(index, layers.size) for index in range(colour_map.STEP_COUNT)]
        self._finest = min(sum(step < largest for step in steps), colour_map.STEP_COUNT - 1)

    def _quantised(
        self, step_index: int, bits_weight: float, least_share: float = LEAST_SHARE
    ) -> tuple[np.ndarray, float]:
        key = step_index, bits_weight, least_share
        if key not in self._known:
            scaled = self._coefficients / colour_map.coefficient_step(step_index, self._size)
            self._known[key] = quantise(
                scaled,
                self._shapes[self._base :],
                step_index,
                self._strokes,
                bits_weight=bits_weight,
                least_share=least_share,
            )
        return self._known[key]

    def _finest_step(self, limit_bits: float, guess: int) -> int:
        """The finest quantiser step whose estimated code length stays below `limit_bits`."""
        too_fine, coarse_enough = self._finest - 1, colour_map.STEP_COUNT - 1
        while coarse_enough - too_fine > 1:
            bits = self._quantised(guess, _BITS_WEIGHTS[0])[1]
            if bits <= limit_bits:
                coarse_enough = guess
            else:
                too_fine = guess
            # The code length halves about every five steps.
            guess += round(5 * np.log2(max(bits, 1) / max(limit_bits, 1)))
            guess = min(max(guess, too_fine + 1), coarse_enough - 1)
        return coarse_enough

    def _add_strokes(self, layers: Layers, step_index: int) -> Layers:
        """Draw the strokes that pay at this quantiser step, with at most 40 % of the budget."""
        shape = grid_shape(layers.size, _SKETCH_LONG_SIDE)
        step = colour_map.coefficient_step(step_index, layers.size) / 2**self._level
        lines = stroke_finder.detect(self._planes[0], layers.size, _SKETCH_LONG_SIDE)
        favour = FAVOUR
        before = self._size_of(layers)
        for _ in range(6):
            chosen = stroke_finder.select(lines, self._residual, shape, step, favour)
            trial = replace(layers, structure=Strokes(stroke_finder.draw(chosen, shape)))
            if self._size_of(trial) - before <= 0.4 * (self._budget_bytes - before):
                return trial
            favour *= LESS_FAVOUR
        return layers

    def _add_grain(self, layers: Layers, step_index: int) -> Layers:
        if self._budget_bytes < _LEAST_FOR_GRAIN:
            return layers
        coefficients, _ = self._quantised(step_index, _BITS_WEIGHTS[0])
        trial = replace(layers, texture=Texture(coefficients, step_index))
        strength = self._roughness(trial, typical=False)
        blank = np.zeros_like(coefficients)
        trial = replace(layers, texture=Texture(blank, 0, strength if strength.any() else None))
        return trial if self._size_of(trial) <= self._budget_bytes else layers

    def _roughness(self, layers: Layers, *, typical: bool) -> np.ndarray:
        """The grain map for what the layers' painting lacks."""
        painted = colour_map.synthesise(layers, self._wavelet, self._level)
        fine = self._budget_bytes >= _LEAST_FOR_FINE_GRAIN
        return grain.measure(self._residual[0] - painted[0], layers.size, fine, typical=typical)

    def _fill(self, layers: Layers, guess: int) -> Layers:
        """The colour map that fills the budget best: its step first, then the price of a bit."""
        room_bits = 8 * (self._budget_bytes - self._size_of(layers))
        step_index = self._finest_step(room_bits, guess)

        def at(index: int, bits_weight: float) -> Layers:
            return self._textured(layers, index, bits_weight)

        fits = self._fits
        # The coder adapts to the picture, so the estimate is a little off either way.
        best = at(step_index, _BITS_WEIGHTS[0])
        while not fits(best):
            if step_index + 1 == colour_map.STEP_COUNT:
                return layers
            step_index += 1
            best = at(step_index, _BITS_WEIGHTS[0])
        while step_index > self._finest and fits(finer := at(step_index - 1, _BITS_WEIGHTS[0])):
            best, step_index = finer, step_index - 1
        high, low = _BITS_WEIGHTS
        for _ in range(4):
            middle = (low + high) / 2
            trial = at(step_index, middle)
            if fits(trial):
                best, high = trial, middle
            else:
                low = middle
        return best

    def _textured(self, layers: Layers, step_index: int, bits_weight: float) -> Layers:
        coefficients, _ = self._quantised(step_index, bits_weight)
        grain_map = None if layers.texture is None else layers.texture.grain
        return replace(layers, texture=Texture(coefficients, step_index, grain_map))

    def _fits(self, trial: Layers) -> bool:
        return self._size_of(trial) <= self._budget_bytes

    def fill_up(self) -> bool:
        """Measure the grain on what is really painted, and leave few bytes that colours could use.

        Returns whether few were left anyway.
        """
        layers = self.layers
        if layers.texture is not None and layers.texture.grain is not None:
            strength = self._roughness(layers, typical=True)
            measured = replace(layers.texture, grain=strength if strength.any() else None)
            if self._fits(trial := replace(layers, texture=measured)):
                layers = trial
        full = self._size_of(layers) >= _FULL * self._budget_bytes
        self.layers = layers if full else self._finer(layers)
        return full

    def _finer(self, layers: Layers) -> Layers:
        """The layers with the coefficients of a finer colour map that gain most, as many as fit."""
        if layers.texture is None:
            return layers
        step_index = layers.texture.step_index
        best = self._between(layers, layers.texture)
        if self._size_of(best) < _FULL * self._budget_bytes and step_index > self._finest:
            few = Texture(self._quantised(step_index - 1, _FEW)[0], step_index - 1, layers.texture.grain)
            best = min(best, self._between(layers, few), key=self.squared_error)
        return best

    def _between(self, layers: Layers, few: Texture) -> Layers:
        """The layers with `few` and coefficients that a cheaper bit adds to it, as far as the budget goes."""
        best = replace(layers, texture=few)
        if not self._fits(best):
            return layers
        many, bits = self._quantised(few.step_index, _BITS_WEIGHTS[1], 0.0)
        scaled = self._coefficients / colour_map.coefficient_step(few.step_index, self._size)
        gain = (np.abs(scaled - few.coefficients) - np.abs(scaled - many)).ravel()
        gainful = np.flatnonzero(gain > 0)
        order = gainful[np.argsort(-gain[gainful], kind="stable")]
        # Secants and halves in turn. Bytes beyond the budget are estimated: coding takes longest there.
        low, low_bytes = 0, self._size_of(best)
        high = len(order) + 1
        high_bytes = self._size_of(replace(layers, texture=None)) + bits / 8
        aim_bytes = (_FULL + 1) / 2 * self._budget_bytes
        for trial_index in range(_TRIALS):
            if high - low <= 1 or low_bytes >= _FULL * self._budget_bytes:
                break
            secant = (aim_bytes - low_bytes) / max(high_bytes - low_bytes, 1)
            share = 0.5 if trial_index % 3 == 2 else secant
            middle = low + min(max(round(share * (high - low)), 1), high - low - 1)
            mixed = few.coefficients.copy()
            mixed.flat[order[:middle]] = many.flat[order[:middle]]
            trial = replace(layers, texture=replace(few, coefficients=mixed))
            trial_bytes = self._size_of(trial)
            if trial_bytes <= self._budget_bytes:
                best, low, low_bytes = trial, middle, trial_bytes
            else:
                high, high_bytes = middle, min(trial_bytes, high_bytes)
        return best

    def squared_error(self, layers: Layers) -> float:
        """What the painting of `layers`, which differ from these in texture only, misses of the picture."""
        painted = colour_map.synthesise(layers, self._wavelet, self._level)
        return float(((painted - self._residual) ** 2).sum())
