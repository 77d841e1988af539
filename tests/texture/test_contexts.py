import itertools

import numpy as np
import pytest

from textsketch.codestream.grids import level_shapes
from textsketch.texture.contexts import INPUTS, MAGNITUDES, SIGNED, band_slices, bands, passes, stroke_density

SHAPES = [(40, 56), (17, 23), (64, 8), (1, 30), (9, 9), (1, 1)]


def levels(shape):
    return level_shapes(*shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_bands_cover_every_coefficient_once(shape):
    seen = np.zeros(shape, int)
    shapes = levels(shape)
    for level in range(len(shapes)):
        for rows, columns in band_slices(shapes, level):
            seen[rows, columns] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("with_strokes", [False, True])
def test_a_decoder_that_fills_passes_in_order_sees_the_inputs_the_encoder_saw(shape, with_strokes):
    """Inputs hold nothing that is coded later: else they would differ, since the decoder starts from zeros."""
    random = np.random.default_rng(0)
    source = random.integers(-20, 21, (3, *shape)).astype(np.int32)
    strokes = random.random((12, 16)) < 0.2 if with_strokes else None
    shapes = levels(shape)
    written, read = np.zeros_like(source), np.zeros_like(source)
    encoder = passes(written, source, shapes, (0, 0, 0), 9, strokes)
    decoder = passes(read, None, shapes, (0, 0, 0), 9, strokes)
    for part, same in zip(encoder, decoder, strict=True):
        assert np.array_equal(part.inputs, same.inputs) and part.constants == same.constants
        assert part.inputs.shape == (part.values.size, MAGNITUDES) and part.inputs.max(initial=0) <= 15
        assert all(MAGNITUDES <= index < INPUTS for index in part.constants)
        chosen = np.arange(0, part.values.size, 2)
        signs = part.sign_inputs(chosen)
        assert signs.shape == (len(chosen), len(part.sign_columns)) and np.abs(signs).max(initial=0) <= 2
        assert part.sign_columns.max() < SIGNED
        assert np.array_equal(signs, same.sign_inputs(chosen)) and part.sign_constants == same.sign_constants
        part.values[...] = same.values[...] = part.wanted
    assert np.array_equal(written, source) and np.array_equal(read, source)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("with_strokes", [False, True])
def test_a_band_walked_at_once_is_its_passes_one_behind_the_other(shape, with_strokes):
    random = np.random.default_rng(0)
    source = (random.integers(-20, 21, (3, *shape)) * (random.random((3, *shape)) < 0.1)).astype(np.int32)
    strokes = random.random((12, 16)) < 0.2 if with_strokes else None
    shapes = levels(shape)
    walked = passes(np.zeros_like(source), source, shapes, (0, 0, 0), 9, strokes)
    for band in bands(source, shapes, (0, 0, 0), 9, strokes):
        inputs = np.zeros((len(band.wanted), MAGNITUDES), int)
        inputs[band.busy[:, None], band.input_columns] = np.abs(band.busy_inputs())
        if band.density is not None:
            inputs[:, -1] = band.density
        signs = np.zeros((len(band.wanted), SIGNED), int)
        signs[:, band.sign_columns] = band.sign_inputs(np.arange(len(band.wanted)))
        for index, (begin, end) in enumerate(itertools.pairwise([0, *band.ends])):
            if begin == end:
                continue
            part = next(walked)
            assert (part.plane, part.level) == (band.plane, band.level)
            assert np.array_equal(inputs[begin:end], part.inputs)
            assert np.array_equal(
                signs[begin:end, part.sign_columns], part.sign_inputs(np.arange(end - begin))
            )
            assert part.constants == band.constants(index)
            assert part.sign_constants == band.sign_constants(index)
            assert np.array_equal(part.wanted.ravel(), band.wanted[begin:end])
            part.values[...] = part.wanted
    assert next(walked, None) is None


def test_levels_finer_than_the_finest_are_left_out():
    shapes = levels((40, 56))
    out = np.zeros((3, 40, 56), np.int32)
    walked = {(part.plane, part.level) for part in passes(out, out, shapes, (1, 2, len(shapes)), 0, None)}
    last = len(shapes) - 1
    assert walked == {(0, n) for n in range(1, last + 1)} | {(1, n) for n in range(2, last + 1)}


def test_the_density_of_strokes_is_the_share_of_covered_cells():
    strokes = np.zeros((24, 32), bool)
    assert not stroke_density(strokes, (12, 16)).any()
    assert (stroke_density(~strokes, (12, 16)) == 15).all()
    strokes[:, :16] = True
    density = stroke_density(strokes, (6, 8))
    assert density.dtype == np.uint8 and (density[:, :4] == 15).all() and not density[:, 4:].any()
