import numpy as np
import pytest

from textsketch.texture.wavelet import StrokeWavelet


@pytest.mark.parametrize("shape", [(512, 768), (1, 1), (16, 1000), (37, 53), (2, 3), (9, 8)])
@pytest.mark.parametrize("density", [0.0, 0.05, 1.0])
def test_the_transform_inverts_exactly_whatever_the_strokes(shape, density):
    random = np.random.default_rng(0)
    wavelet = StrokeWavelet(random.random(shape) < density, random.random(shape) < density)
    planes = random.standard_normal((3, *shape)).astype(np.float32) * 100
    assert np.abs(wavelet.inverse(wavelet.forward(planes)) - planes).max() < 0.01


def test_two_flat_colours_on_either_side_of_a_stroke_need_almost_no_detail():
    height, width, edge = 64, 96, 37
    picture = np.zeros((1, height, width), np.float32)
    picture[:, :, edge:] = 100
    nothing = np.zeros((height, width), bool)
    right = nothing.copy()
    right[:, edge - 1] = True

    def detail(wavelet):
        rows, columns = wavelet.shapes[2]
        coefficients = np.abs(wavelet.forward(picture))
        coefficients[:, :rows, :columns] = 0
        return coefficients.sum()

    assert detail(StrokeWavelet(right, nothing)) < 0.1 * detail(StrokeWavelet(nothing, nothing))


def test_missing_fine_bands_count_as_zeros():
    random = np.random.default_rng(0)
    nothing = np.zeros((50, 70), bool)
    wavelet = StrokeWavelet(nothing, nothing)
    coefficients = np.zeros((3, 50, 70), np.float32)
    rows, columns = wavelet.shapes[1]
    coefficients[:, :rows, :columns] = random.standard_normal((3, rows, columns))
    assert np.allclose(wavelet.inverse(coefficients[:, :rows, :columns]), wavelet.inverse(coefficients))


def test_a_flat_picture_stays_flat():
    nothing = np.zeros((33, 47), bool)
    wavelet = StrokeWavelet(nothing, nothing)
    coefficients = wavelet.forward(np.full((1, 33, 47), 50, np.float32))
    rows, columns = wavelet.shapes[-1]
    coefficients[:, :rows, :columns] = 0
    assert np.abs(coefficients).max() < 0.01
