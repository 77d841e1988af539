"""Spends a byte budget on the layers where it helps this picture most, by trying and measuring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from PIL import Image

from textsketch.codestream.grids import SKETCH_LONG_SIDES, base_level, base_shape, grid_shape, level_shapes
from textsketch.errors import BudgetError
from textsketch.image.colour_space import to_srgb, to_ycbcr
from textsketch.layers import Layers, Mode, Semantic, Strokes, Texture
from textsketch.progress import Progress, Pulse, ignore
from textsketch.semantic import descriptors
from textsketch.structure import contours
from textsketch.structure import strokes as stroke_finder
from textsketch.structure.line_drawing import soften_strokes
from textsketch.texture import colour_map, grain
from textsketch.texture.quantiser import LEAST_SHARE, quantise
from textsketch.texture.wavelet import StrokeWavelet

SizeOf = Callable[[Layers], int]

_LINES_TO_FILL_UP = 12
_SKETCH_LONG_SIDE = 192
FAVOUR, LESS_FAVOUR = 4.0, 0.6
_MOST_DESCRIPTOR_BYTES = 160
_DESCRIPTOR_BYTES = (6, 20)
_ROOM_PER_DESCRIPTOR_BYTE = 14
"""A painting has one byte of descriptors for so many, within the bounds above."""
_BITS_WEIGHTS = (0.16, 0.06)
_FULL = 0.95
_FEW = 0.6
_TRIALS = 8
_LEAST_WITHOUT_DOUBT, _MOST_TO_DESCRIBE_AGAIN = 100, 250
_LEAST_FOR_GRAIN, _LEAST_FOR_FINE_GRAIN = 100, 250
_STEPS_AN_OCTAVE = 8
_SOFTENING_IN_DOUBT = 1.02
"""Strokes whose softening adds more than this to the painting's error may be worse than none."""
_MOST_PIXELS = 1 << 20
"""Above a megapixel a reduced picture gives the same coefficients at a fraction of the cost."""


def choose_layers(
    picture: Image.Image,
    mode: Mode,
    budget_bytes: int,
    caption: str,
    *,
    seed: int = 0,
    size_of: SizeOf,
    progress: Progress = ignore,
) -> Layers:
    """Choose the layers of an RGB picture whose file, of `size_of` bytes, fits `budget_bytes`.

    Raises BudgetError, naming the smallest possible size, if nothing fits. Deterministic.
    """
    report = Pulse.of(progress)
    smallest = _smallest(picture.size, mode, caption, seed)
    smallest_bytes = size_of(smallest)
    if smallest_bytes > budget_bytes:
        raise too_small(mode, smallest_bytes)
    report(0.0, "looking at the colours")
    budget = _Budget(Subject(to_ycbcr(np.asarray(picture.convert("RGB")))), budget_bytes, size_of, report)
    layers = _describe(smallest, mode, budget)
    report(0.1, "drawing the sketch")
    if mode is Mode.TEXT_SKETCH:
        layers = _sketch_only(layers, budget)
        layers = _describe(layers, Mode.TEXT_ONLY, budget)  # what the sketch left over
    elif mode is Mode.THREE_LAYER:
        layers = _best_painting(layers, smallest, budget)
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
    budget = _Budget(Subject(planes), budget_bytes, size_of, Pulse())
    smallest = _smallest(picture.size, Mode.THREE_LAYER, "", 0)
    return _painted(_describe(smallest, Mode.THREE_LAYER, budget), budget).layers


@dataclass(frozen=True, eq=False)
class Subject:
    """The picture, as planes of `colour_space.to_ycbcr`, and what is found out about it only once."""

    planes: np.ndarray

    @cached_property
    def describer(self) -> descriptors.Describer:
        """Describes the picture's colours in as many bytes as there are."""
        return descriptors.Describer(self.planes)

    @cached_property
    def lines(self) -> list[np.ndarray]:
        """The lines that strokes of a painting are taken from."""
        rows, columns = self.planes.shape[1:]
        return stroke_finder.detect(self.planes[0], (columns, rows), _SKETCH_LONG_SIDE)


@dataclass(frozen=True, eq=False)
class _Budget:
    """What every step of a search needs: the picture, the bytes, what measures them, and who is told."""

    subject: Subject
    most_bytes: int
    measure: SizeOf
    report: Pulse

    def size_of(self, layers: Layers) -> int:
        self.report.beat()
        return self.measure(layers)

    def fits(self, layers: Layers) -> bool:
        return self.size_of(layers) <= self.most_bytes

    def is_full(self, layers: Layers) -> bool:
        return self.size_of(layers) >= _FULL * self.most_bytes


def _smallest(size: tuple[int, int], mode: Mode, caption: str, seed: int) -> Layers:
    structure = texture = None
    if mode is not Mode.TEXT_ONLY:
        structure = Strokes(np.zeros(grid_shape(size, _SKETCH_LONG_SIDE), bool))
    if mode is Mode.THREE_LAYER:
        texture = Texture(np.zeros((3, *base_shape(size)), np.int32), 0)
    return Layers(size, Semantic(caption), structure, texture, seed)


def _describe(layers: Layers, mode: Mode, budget: _Budget) -> Layers:
    """Add the most descriptors that fit, in three-layer mode no more than pay."""
    bare = replace(layers, semantic=replace(layers.semantic, descriptors=None))
    room = budget.most_bytes - budget.size_of(bare)
    least, most = _DESCRIPTOR_BYTES
    most = {Mode.TEXT_ONLY: room, Mode.TEXT_SKETCH: min(24, max(8, room // 4))}.get(
        mode, min(most, max(least, room // _ROOM_PER_DESCRIPTOR_BYTE))
    )
    most = min(most, _MOST_DESCRIPTOR_BYTES)
    return described(layers, budget.subject, most, budget.most_bytes, budget.size_of)


def described(
    layers: Layers, subject: Subject, most_bytes: int, budget_bytes: int, size_of: SizeOf
) -> Layers:
    """The layers with the most descriptors, of `most_bytes` or fewer, that fit; unchanged if none do."""
    tried = None
    for size_bytes in range(most_bytes, 0, -1):
        colours = subject.describer.within(size_bytes)
        if colours == tried:
            continue
        tried = colours
        trial = replace(layers, semantic=replace(layers.semantic, descriptors=colours))
        if size_of(trial) <= budget_bytes:
            return trial
    return layers


def without_field(layers: Layers, planes: np.ndarray, level: int) -> np.ndarray:
    """What the descriptors leave over, at the picture's size halved `level` times."""
    import cv2

    rows, columns = level_shapes(layers.size[1], layers.size[0])[level]
    if level:
        reduced = [cv2.resize(plane, (columns, rows), interpolation=cv2.INTER_AREA) for plane in planes]
        planes = np.stack(reduced).reshape(3, rows, columns)
    return planes - descriptors.field_planes(layers.semantic.descriptors, rows, columns, layers.size)


def _sketch_only(layers: Layers, budget: _Budget) -> Layers:
    """The lines a person would draw, the best first; on a finer grid where a coarse one leaves bytes over."""
    for long_side in SKETCH_LONG_SIDES[SKETCH_LONG_SIDES.index(_SKETCH_LONG_SIDE) :]:
        shape = grid_shape(layers.size, long_side)
        budget.report.beat()
        lines = contours.detect(budget.subject.planes, shape)
        best = _best_lines(layers, lines, shape, budget)
        if not lines or budget.is_full(best) or max(shape) < long_side:
            break
    return best


def _best_lines(layers: Layers, lines: list[np.ndarray], shape: tuple[int, int], budget: _Budget) -> Layers:
    """As many of the lines as fit, the first ones first."""

    def drawn(chosen: list[np.ndarray]) -> Layers:
        return replace(layers, structure=Strokes(stroke_finder.draw(chosen, shape)))

    low, high = 0, len(lines)
    while low < high:
        middle = (low + high + 1) // 2
        if budget.fits(drawn(lines[:middle])):
            low = middle
        else:
            high = middle - 1
    chosen = lines[:low]
    for line in lines[low : low + _LINES_TO_FILL_UP]:
        if budget.fits(drawn([*chosen, line])):
            chosen.append(line)
    return drawn(chosen)


@dataclass(frozen=True, eq=False)
class _Analysis:
    """The picture under some descriptors and strokes: what a colour map of it is chosen from.

    size, strokes: of the layers. level: how often the picture was halved. residual: (3, height, width) float32
    planes of it without the descriptors' field. wavelet: of the strokes. shapes: of the levels that are coded.
    coefficients: (3, rows, columns) float32. finest: index of the finest step at which the largest of them is
    not cut off.
    """

    size: tuple[int, int]
    strokes: np.ndarray | None
    level: int
    residual: np.ndarray
    wavelet: StrokeWavelet
    shapes: list[tuple[int, int]]
    coefficients: np.ndarray
    finest: int
    _known: dict[tuple[int, float, float], tuple[np.ndarray, float]] = field(default_factory=dict)

    def quantised(
        self, step_index: int, bits_weight: float, report: Pulse, least_share: float = LEAST_SHARE
    ) -> tuple[np.ndarray, float]:
        """See `quantise`; nothing is done twice."""
        key = step_index, bits_weight, least_share
        if key not in self._known:
            self._known[key] = quantise(
                self.scaled(step_index),
                self.shapes,
                step_index,
                self.strokes,
                bits_weight=bits_weight,
                least_share=least_share,
                beat=report.beat,
            )
        return self._known[key]

    def scaled(self, step_index: int) -> np.ndarray:
        """The coefficients in units of a step."""
        return self.coefficients / colour_map.coefficient_step(step_index, self.size)


def _analyse(layers: Layers, planes: np.ndarray, most_pixels: int | None) -> _Analysis:
    """Transform the picture, halved until it has at most `most_pixels` or, by None, as far as is coded."""
    all_shapes = level_shapes(layers.size[1], layers.size[0])
    base = base_level(layers.size)
    level = base
    if most_pixels is not None:
        level = next(index for index, (h, w) in enumerate(all_shapes) if h * w <= most_pixels)
    residual = without_field(layers, planes, level)
    wavelet = colour_map.transform(layers, *all_shapes[level])
    rows, columns = all_shapes[base]
    coefficients = wavelet.forward(residual)[:, :rows, :columns] * 2.0**level
    largest = float(np.abs(coefficients).max()) / colour_map.LARGEST
    steps = [colour_map.coefficient_step(index, layers.size) for index in range(colour_map.STEP_COUNT)]
    finest = min(sum(step < largest for step in steps), colour_map.STEP_COUNT - 1)
    return _Analysis(
        layers.size, layers.strokes, level, residual, wavelet, all_shapes[base:], coefficients, finest
    )


def _best_painting(layers: Layers, smallest: Layers, budget: _Budget) -> Layers:
    """The painting that misses least of the picture among the usual one and, where it is in doubt, others.

    Below about a hundred bytes, and where colours have nothing more to say, descriptors alone often say more.
    Strokes are chosen by what they save; what their softening costs is seen only in the painting.
    """
    painting, was_full = _filled_up(_painted(layers, budget), budget)
    few = budget.most_bytes <= _MOST_TO_DESCRIBE_AGAIN
    if (few and not (was_full and budget.most_bytes >= _LEAST_WITHOUT_DOUBT)) or not budget.is_full(
        painting.layers
    ):
        rich = _describe(smallest, Mode.TEXT_ONLY, budget)
        other, _ = _filled_up(_painted(rich, budget), budget)
        painting = min(painting, other, key=_missed)
    if _is_said(painting, budget):
        for other in _with_other_descriptors(painting, smallest, budget):
            painting = min(painting, other, key=_missed)
    if _softening_costs(painting):
        bare = replace(painting.layers, structure=smallest.structure, texture=smallest.texture)
        other, _ = _filled_up(_painted(bare, budget, strokes=False), budget)
        painting = min(painting, other, key=_missed)
    return painting.layers


def _is_said(painting: _Painting, budget: _Budget) -> bool:
    """Whether a small file says all there is to say, so that quality hangs on how its colours round."""
    texture, size_bytes = painting.layers.texture, budget.size_of(painting.layers)
    return (
        texture is not None
        and texture.step_index < painting.analysis.finest + _STEPS_AN_OCTAVE
        and size_bytes < min(_FULL * budget.most_bytes, _DESCRIPTOR_BYTES[1] * _ROOM_PER_DESCRIPTOR_BYTE)
    )


def _with_other_descriptors(painting: _Painting, smallest: Layers, budget: _Budget) -> Iterator[_Painting]:
    """Paintings over the descriptors that smaller budgets have."""
    seen = {painting.layers.semantic.descriptors}
    for size_bytes in range(_DESCRIPTOR_BYTES[0], _DESCRIPTOR_BYTES[1] + 1):
        layers = described(smallest, budget.subject, size_bytes, budget.most_bytes, budget.size_of)
        if layers.semantic.descriptors not in seen:
            seen.add(layers.semantic.descriptors)
            yield _filled_up(_painted(layers, budget), budget)[0]


@dataclass(frozen=True, eq=False)
class _Painting:
    """Layers whose texture was chosen from an analysis."""

    layers: Layers
    analysis: _Analysis


def _missed(painting: _Painting) -> float:
    """The squared error of what is painted without grain, as sRGB samples."""
    return _errors(painting)[0]


def _errors(painting: _Painting) -> tuple[float, float]:
    """The squared error of a painting without grain, as sRGB samples, with softened strokes and without."""
    layers, analysis = painting.layers, painting.analysis
    rows, columns = analysis.residual.shape[1:]
    below = descriptors.field_planes(layers.semantic.descriptors, rows, columns, layers.size)
    planes = below + colour_map.synthesise(layers, analysis.wavelet, analysis.level)
    picture = to_srgb(analysis.residual + below)

    def error() -> float:
        return float(np.square(np.subtract(to_srgb(planes), picture, dtype=np.float32)).sum(dtype=np.float64))

    plain = error()
    if layers.strokes is None or not layers.strokes.any():
        return plain, plain
    soften_strokes(planes, layers.strokes)
    return error(), plain


def _softening_costs(painting: _Painting) -> bool:
    """Whether the painting would be much nearer to the picture, were its strokes not softened."""
    strokes = painting.layers.strokes
    if strokes is None or not strokes.any():
        return False
    softened, plain = _errors(painting)
    return softened > _SOFTENING_IN_DOUBT * plain


def _painted(layers: Layers, budget: _Budget, *, strokes: bool = True) -> _Painting:
    """Choose a sketch, a colour map and grain that fill the budget."""
    planes = budget.subject.planes
    room_bits = 8 * (budget.most_bytes - budget.size_of(layers))
    analysis = _analyse(layers, planes, None)
    step_index = _finest_step(analysis, 0.85 * room_bits, 36, budget.report)
    budget.report(0.3, "choosing strokes")
    if strokes:
        layers = _add_strokes(layers, analysis, step_index, budget)
    analysis = _analyse(layers, planes, _MOST_PIXELS)
    budget.report(0.5, "mixing the colours")
    layers = _add_grain(layers, analysis, step_index, budget)
    budget.report(0.6, "mixing the colours")
    return _Painting(_fill(layers, analysis, step_index, budget), analysis)


def _finest_step(analysis: _Analysis, limit_bits: float, guess: int, report: Pulse) -> int:
    """The finest quantiser step whose estimated code length stays below `limit_bits`."""
    too_fine, coarse_enough = analysis.finest - 1, colour_map.STEP_COUNT - 1
    while coarse_enough - too_fine > 1:
        bits = analysis.quantised(guess, _BITS_WEIGHTS[0], report)[1]
        if bits <= limit_bits:
            coarse_enough = guess
        else:
            too_fine = guess
        # The code length halves about every five steps.
        guess += round(5 * np.log2(max(bits, 1) / max(limit_bits, 1)))
        guess = min(max(guess, too_fine + 1), coarse_enough - 1)
    return coarse_enough


def _add_strokes(layers: Layers, analysis: _Analysis, step_index: int, budget: _Budget) -> Layers:
    """Draw the strokes that pay at this quantiser step, with at most 40 % of the budget."""
    shape = grid_shape(layers.size, _SKETCH_LONG_SIDE)
    step = colour_map.coefficient_step(step_index, layers.size) / 2**analysis.level
    favour = FAVOUR
    before = budget.size_of(layers)
    for _ in range(6):
        chosen = stroke_finder.select(budget.subject.lines, analysis.residual, shape, step, favour)
        trial = replace(layers, structure=Strokes(stroke_finder.draw(chosen, shape)))
        if budget.size_of(trial) - before <= 0.4 * (budget.most_bytes - before):
            return trial
        favour *= LESS_FAVOUR
    return layers


def _add_grain(layers: Layers, analysis: _Analysis, step_index: int, budget: _Budget) -> Layers:
    """Add the grain that a painting at this quantiser step lacks, over an empty colour map."""
    if budget.most_bytes < _LEAST_FOR_GRAIN:
        return layers
    coefficients, _ = analysis.quantised(step_index, _BITS_WEIGHTS[0], budget.report)
    trial = replace(layers, texture=Texture(coefficients, step_index))
    strength = _roughness(trial, analysis, budget, typical=False)
    blank = np.zeros_like(coefficients)
    trial = replace(layers, texture=Texture(blank, 0, strength if strength.any() else None))
    return trial if budget.fits(trial) else layers


def _roughness(layers: Layers, analysis: _Analysis, budget: _Budget, *, typical: bool) -> np.ndarray:
    """The grain map for what the layers' painting lacks."""
    painted = colour_map.synthesise(layers, analysis.wavelet, analysis.level)
    fine = budget.most_bytes >= _LEAST_FOR_FINE_GRAIN
    return grain.measure(analysis.residual[0] - painted[0], layers.size, fine, typical=typical)


def _fill(layers: Layers, analysis: _Analysis, guess: int, budget: _Budget) -> Layers:
    """The colour map that fills the budget best: its step first, then the price of a bit."""
    room_bits = 8 * (budget.most_bytes - budget.size_of(layers))
    step_index = _finest_step(analysis, room_bits, guess, budget.report)
    grain_map = None if layers.texture is None else layers.texture.grain

    def at(index: int, bits_weight: float) -> Layers:
        coefficients, _ = analysis.quantised(index, bits_weight, budget.report)
        return replace(layers, texture=Texture(coefficients, index, grain_map))

    # The coder adapts to the picture, so the estimate is a little off either way.
    best = at(step_index, _BITS_WEIGHTS[0])
    while not budget.fits(best):
        if step_index + 1 == colour_map.STEP_COUNT:
            return layers
        step_index += 1
        best = at(step_index, _BITS_WEIGHTS[0])
    while step_index > analysis.finest and budget.fits(finer := at(step_index - 1, _BITS_WEIGHTS[0])):
        best, step_index = finer, step_index - 1
    nearer = _nearest_step(analysis, step_index, budget.report)
    if nearer != step_index and budget.fits(coarser := at(nearer, _BITS_WEIGHTS[0])):
        best, step_index = coarser, nearer
    high, low = _BITS_WEIGHTS
    for _ in range(4):
        middle = (low + high) / 2
        trial = at(step_index, middle)
        if budget.fits(trial):
            best, high = trial, middle
        else:
            low = middle
    return best


def _nearest_step(analysis: _Analysis, step_index: int, report: Pulse) -> int:
    """The step, this one or an up to twice as coarse one, whose colour map comes nearest to the picture.

    In drawn pictures many coefficients are equal; a coarse step that meets them beats a finer one between.
    """

    def error(index: int, coefficients: np.ndarray) -> float:
        step = colour_map.coefficient_step(index, analysis.size)
        missed = analysis.scaled(index) - colour_map.dequantise(coefficients)
        return float(np.square(missed).sum(dtype=np.float64)) * step**2

    nearest = step_index
    least = error(step_index, analysis.quantised(step_index, _BITS_WEIGHTS[0], report)[0])
    for index in range(step_index + 1, min(step_index + 1 + _STEPS_AN_OCTAVE, colour_map.STEP_COUNT)):
        scaled = analysis.scaled(index)
        # No coefficient below 0.6 is worth its bits, so this is the least error there can be.
        if error(index, np.trunc(scaled + np.copysign(0.4, scaled))) < least:
            found = error(index, analysis.quantised(index, _BITS_WEIGHTS[0], report)[0])
            if found < least:
                nearest, least = index, found
    return nearest


def _filled_up(painting: _Painting, budget: _Budget) -> tuple[_Painting, bool]:
    """Measure the grain on what is really painted, and leave few bytes that colours could use.

    Returns also whether few were left anyway.
    """
    layers, analysis = painting.layers, painting.analysis
    if layers.texture is not None and layers.texture.grain is not None:
        strength = _roughness(layers, analysis, budget, typical=True)
        measured = replace(layers.texture, grain=strength if strength.any() else None)
        if budget.fits(trial := replace(layers, texture=measured)):
            layers = trial
    full = budget.is_full(layers)
    return _Painting(layers if full else _finer(layers, analysis, budget), analysis), full


def _finer(layers: Layers, analysis: _Analysis, budget: _Budget) -> Layers:
    """The layers with the coefficients of a finer colour map that gain most, as many as fit."""
    texture = layers.texture
    if texture is None:
        return layers
    best = _between(layers, texture, analysis, budget)
    if budget.is_full(best):
        return best
    if texture.step_index > analysis.finest:
        coefficients, _ = analysis.quantised(texture.step_index - 1, _FEW, budget.report)
        few = Texture(coefficients, texture.step_index - 1, texture.grain)
        choices = [best, _between(layers, few, analysis, budget)]
    else:  # where all is said, a cheaper bit is not always a nearer one
        last = _between(best, best.texture or texture, analysis, budget, bits_weight=0.0)
        choices = [layers, best, last]
    return min(choices, key=lambda each: _missed(_Painting(each, analysis)))


def _between(
    layers: Layers,
    few: Texture,
    analysis: _Analysis,
    budget: _Budget,
    bits_weight: float = _BITS_WEIGHTS[1],
) -> Layers:
    """The layers with `few` and coefficients that a cheaper bit adds to it, as far as the budget goes."""
    best = replace(layers, texture=few)
    if not budget.fits(best):
        return layers
    many, bits = analysis.quantised(few.step_index, bits_weight, budget.report, least_share=0.0)
    scaled = analysis.scaled(few.step_index)
    gain = (np.abs(scaled - few.coefficients) - np.abs(scaled - many)).ravel()
    gainful = np.flatnonzero(gain > 0)
    order = gainful[np.argsort(-gain[gainful], kind="stable")]
    # Secants and halves in turn. Bytes beyond the budget are estimated: coding takes longest there.
    low, low_bytes = 0, budget.size_of(best)
    high = len(order) + 1
    high_bytes = budget.size_of(replace(layers, texture=None)) + bits / 8
    aim_bytes = (_FULL + 1) / 2 * budget.most_bytes
    for trial_index in range(_TRIALS):
        if high - low <= 1 or low_bytes >= _FULL * budget.most_bytes:
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
