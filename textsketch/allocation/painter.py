"""Spends a byte budget for the painter where it helps this picture most, by trying and measuring."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from textsketch.allocation import shaded_sketch, stroke_choice
from textsketch.allocation.analysis import Analysis, errors
from textsketch.allocation.colours import (
    add_grain,
    fill,
    fill_quickly,
    fill_up,
    finest_step,
    is_said,
    rough_step,
)
from textsketch.allocation.search import (
    MOST_EFFORT,
    Budget,
    SizeOf,
    check_smallest,
    described,
    last_that_fits,
)
from textsketch.allocation.study import study
from textsketch.codestream.grids import SKETCH_LONG_SIDES, base_shape, grid_shape
from textsketch.image.colour_space import to_ycbcr
from textsketch.layers import Layers, Mode, Semantic, Strokes, Texture
from textsketch.progress import Progress, Pulse, ignore
from textsketch.semantic.descriptors import paper
from textsketch.structure.lines import draw
from textsketch.texture import colour_map

FAVOUR, LESS_FAVOUR = 4.0, 0.6
"""A stroke is drawn if what it saves, times the first, exceeds its bits: the estimate counts only what is saved
right beside it, and contours please the eye. Times the second as often as all of them cost too much."""
_STROKE_TRIALS, _STROKES_SHARE = 6, 0.4
"""How often the favour is lowered at most, and the share of the bytes that strokes may take."""
_SKETCH_LONG_SIDE = 192
"""Cells along the longer side of a painting's sketch, and of the coarsest sketch that stands alone."""
_LINES_TO_FILL_UP = 12
"""So many lines behind the first that does not fit are tried: a shorter one may."""
_MOST_DESCRIPTOR_BYTES = 160
"""Descriptors never take more: there are 160 of them, most of which then have all their digits."""
_DESCRIPTOR_BYTES, _ROOM_PER_DESCRIPTOR_BYTE = (6, 20), 14
"""A painting has one byte of descriptors for so many of the budget, within these bounds; more of them would say
less than a colour map does."""
_LEAST_WITHOUT_DOUBT, _MOST_TO_DESCRIBE_AGAIN = 100, 250
"""Budgets below the first are always tried with many descriptors, those up to the second where bytes were left
over."""
_SOFTENING_IN_DOUBT = 1.02
"""Strokes whose softening adds more than this to the painting's error may be worse than none."""
_FIRST_SHARE = 0.85
"""The share of the bytes a colour map gets while strokes are chosen."""
_MOST_PIXELS = 1 << 20
"""Above a megapixel a reduced picture gives the same coefficients at a fraction of the cost."""


def choose_layers(
    picture: Image.Image,
    mode: Mode,
    budget_bytes: int,
    caption: str,
    *,
    seed: int = 0,
    effort: int = MOST_EFFORT,
    size_of: SizeOf,
    shade: shaded_sketch.Shade | None = None,
    progress: Progress = ignore,
) -> Layers:
    """Choose the layers of an RGB picture whose file, of `size_of` bytes, fits `budget_bytes`.

    effort: 1 to `MOST_EFFORT`, how hard to search. shade: how a sketch will be painted; by default its lines
    are drawn. Deterministic.
    Raises BudgetError, naming the smallest possible size, if nothing fits.
    """
    report = Pulse.of(progress)
    smallest = _smallest(picture.size, mode, caption, seed)
    check_smallest(smallest, mode, budget_bytes, size_of)
    report(0.0, "looking at the colours")
    known = study(picture)
    budget = Budget(known.planes, budget_bytes, size_of, report, effort, known)
    layers = _describe(smallest, mode, budget)
    report(0.1, "drawing the sketch")
    if mode is Mode.TEXT_SKETCH:
        shaded = shaded_sketch.choose(smallest, budget, shade) if shade else None
        layers = shaded or _sketch_only(layers, budget)
        layers = _describe(layers, Mode.TEXT_ONLY, budget)  # what the sketch left over
    elif mode is Mode.THREE_LAYER:
        layers = _best_painting(layers, smallest, budget)
    report(1.0, "encoded")
    return layers


def smallest_bytes(size: tuple[int, int], mode: Mode, caption: str, *, seed: int = 0, size_of: SizeOf) -> int:
    """Bytes of the smallest file that has all layers of `mode`, for a picture of `size` = (width, height)."""
    return size_of(_smallest(size, mode, caption, seed))


def first_choice(picture: Image.Image, budget_bytes: int, *, size_of: SizeOf) -> Layers:
    """The layers of a three-layer file before a look at the bytes left over: what the tables are trained on."""
    planes = to_ycbcr(np.asarray(picture.convert("RGB")))
    budget = Budget(planes, budget_bytes, size_of, Pulse())
    smallest = _smallest(picture.size, Mode.THREE_LAYER, "", 0)
    return _painted(
        _describe(smallest, Mode.THREE_LAYER, budget), budget.study.edges(_SKETCH_LONG_SIDE), budget
    ).layers


def _smallest(size: tuple[int, int], mode: Mode, caption: str, seed: int) -> Layers:
    structure = texture = None
    if mode is not Mode.TEXT_ONLY:
        structure = Strokes(np.zeros(grid_shape(size, _SKETCH_LONG_SIDE), bool))
    if mode is Mode.THREE_LAYER:
        texture = Texture(np.zeros((3, *base_shape(size)), np.int32), 0)
    return Layers(size, Semantic(caption), structure, texture, seed)


def _describe(layers: Layers, mode: Mode, budget: Budget) -> Layers:
    """Add the most descriptors that fit, in three-layer mode no more than pay."""
    bare = replace(layers, semantic=replace(layers.semantic, descriptors=None))
    room = budget.most_bytes - budget.size_of(bare)
    least, most = _DESCRIPTOR_BYTES
    most = {Mode.TEXT_ONLY: room, Mode.TEXT_SKETCH: min(24, max(8, room // 4))}.get(
        mode, min(most, max(least, room // _ROOM_PER_DESCRIPTOR_BYTE))
    )
    most = min(most, _MOST_DESCRIPTOR_BYTES)
    return described(layers, most, budget)


def _sketch_only(layers: Layers, budget: Budget) -> Layers:
    """The lines a person would draw, the best first; on a finer grid where a coarse one leaves bytes over."""
    on_paper = paper(layers.semantic.descriptors, layers.size) is not None
    for long_side in SKETCH_LONG_SIDES[SKETCH_LONG_SIDES.index(_SKETCH_LONG_SIDE) :]:
        shape = grid_shape(layers.size, long_side)
        budget.report.beat()
        lines = budget.study.contours(shape, on_paper)
        best = _best_lines(layers, lines, shape, budget)
        if not lines or budget.is_full(best) or max(shape) < long_side:
            break
    return best


def _best_lines(layers: Layers, lines: list[np.ndarray], shape: tuple[int, int], budget: Budget) -> Layers:
    """As many of the lines as fit, the first ones first."""

    def drawn(chosen: list[np.ndarray]) -> Layers:
        return replace(layers, structure=Strokes(draw(chosen, shape)))

    count = last_that_fits(lambda count: budget.fits(drawn(lines[:count])), len(lines))
    chosen = lines[:count]
    for line in lines[count : count + _LINES_TO_FILL_UP]:
        if budget.fits(drawn([*chosen, line])):
            chosen.append(line)
    return drawn(chosen)


def _best_painting(layers: Layers, smallest: Layers, budget: Budget) -> Layers:
    """The best of N paintings: the usual one and, where it is in doubt, others.

    Below about a hundred bytes, and where colours have nothing more to say, descriptors alone often say more.
    Strokes are chosen by what they save; what their softening costs is seen only in the painting.
    """
    lines = budget.study.edges(_SKETCH_LONG_SIDE)
    if budget.effort == 1:
        return _painted_quickly(layers, lines, budget)

    def painted(below: Layers, lines: list[np.ndarray]) -> tuple[_Painting, bool]:
        painting = _painted(below, lines, budget)
        filled, was_full = fill_up(painting.layers, painting.analysis, budget)
        return _Painting(filled, painting.analysis), was_full

    best, was_full = painted(layers, lines)
    few = budget.most_bytes <= _MOST_TO_DESCRIBE_AGAIN
    in_doubt = few and not (was_full and budget.most_bytes >= _LEAST_WITHOUT_DOUBT)
    if in_doubt or not budget.is_full(best.layers):
        rich = _describe(smallest, Mode.TEXT_ONLY, budget)
        best = min(best, painted(rich, lines)[0], key=_missed)
    if _hangs_on_rounding(best, budget):
        for other in _other_descriptions(best.layers, smallest, budget):
            best = min(best, painted(other, lines)[0], key=_missed)
    if _softening_costs(best):
        bare = replace(best.layers, structure=smallest.structure, texture=smallest.texture)
        best = min(best, painted(bare, [])[0], key=_missed)
    return best.layers


@dataclass(frozen=True, eq=False)
class _Painting:
    """Layers whose texture was chosen from an analysis."""

    layers: Layers
    analysis: Analysis


def _missed(painting: _Painting) -> float:
    """How far a painting is from the picture: its squared error."""
    return errors(painting.layers, painting.analysis)[0]


def _softening_costs(painting: _Painting) -> bool:
    """Whether the painting would be much nearer to the picture, were its strokes not softened."""
    strokes = painting.layers.strokes
    if strokes is None or not strokes.any():
        return False
    softened, plain = errors(painting.layers, painting.analysis)
    return softened > _SOFTENING_IN_DOUBT * plain


def _hangs_on_rounding(painting: _Painting, budget: Budget) -> bool:
    """Whether a small file says all there is to say, so that quality hangs on how its colours round."""
    size_bytes = budget.size_of(painting.layers)
    return (
        is_said(painting.layers, painting.analysis)
        and not budget.is_full(painting.layers)
        and size_bytes < _DESCRIPTOR_BYTES[1] * _ROOM_PER_DESCRIPTOR_BYTE
    )


def _other_descriptions(layers: Layers, smallest: Layers, budget: Budget) -> Iterator[Layers]:
    """The smallest layers with the descriptors of each smaller budget that are not those of `layers`."""
    seen = {layers.semantic.descriptors}
    for size_bytes in range(_DESCRIPTOR_BYTES[0], _DESCRIPTOR_BYTES[1] + 1):
        other = described(smallest, size_bytes, budget)
        if other.semantic.descriptors not in seen:
            seen.add(other.semantic.descriptors)
            yield other


def _painted(layers: Layers, lines: list[np.ndarray], budget: Budget) -> _Painting:
    """Choose strokes of `lines`, a colour map and grain that fill the budget."""
    room_bits = 8 * (budget.most_bytes - budget.size_of(layers))
    analysis = budget.study.analysis(layers, None)
    first_bits = _FIRST_SHARE * room_bits
    if budget.effort < MOST_EFFORT:  # strokes are those of a quick look: what followed from them is known
        step_index = rough_step(analysis, first_bits)
    else:
        step_index = finest_step(analysis, first_bits, budget.report)
    budget.report(0.3, "choosing strokes")
    layers = _add_strokes(layers, lines, analysis, step_index, budget)
    analysis = budget.study.analysis(layers, _MOST_PIXELS)
    budget.report(0.5, "mixing the colours")
    layers = add_grain(layers, analysis, step_index, budget)
    budget.report(0.6, "mixing the colours")
    return _Painting(fill(layers, analysis, budget), analysis)


def _painted_quickly(layers: Layers, lines: list[np.ndarray], budget: Budget) -> Layers:
    """What `_painted` chooses, nearly: by estimates."""
    room_bits = 8 * (budget.most_bytes - budget.size_of(layers))
    analysis = budget.study.analysis(layers, None)
    step_index = rough_step(analysis, _FIRST_SHARE * room_bits)
    layers = _add_strokes(layers, lines, analysis, step_index, budget)
    analysis = budget.study.analysis(layers, _MOST_PIXELS)
    budget.report(0.5, "mixing the colours")
    return fill_quickly(add_grain(layers, analysis, None, budget), analysis, budget)


def _add_strokes(
    layers: Layers, lines: list[np.ndarray], analysis: Analysis, step_index: int, budget: Budget
) -> Layers:
    """Draw the strokes that pay at this quantiser step, with no more than their share of the budget.

    layers, analysis: without strokes, at the size the colour map is coded at.
    """
    if not lines:
        return layers
    shape = grid_shape(layers.size, _SKETCH_LONG_SIDE)
    step = colour_map.coefficient_step(step_index, layers.size) / 2**analysis.level
    favour = FAVOUR
    before = budget.size_of(layers)
    bare = analysis.coefficients / np.float32(2.0**analysis.level)
    choice = stroke_choice.Choice(lines, analysis.residual, shape, step, bare)
    for _ in range(_STROKE_TRIALS):
        trial = replace(layers, structure=Strokes(draw(choice.strokes(favour), shape)))
        if budget.size_of(trial) - before <= _STROKES_SHARE * (budget.most_bytes - before):
            return trial
        favour *= LESS_FAVOUR
    return layers
