"""The colours that were sent, in whatever picture."""

import dataclasses

import numpy as np
import pytest

from textsketch import bitstream, pipeline
from textsketch.render.diffusion import colour_match
from textsketch.texture import colour_map


@pytest.fixture(scope="module")
def pictures():
    noise = np.random.default_rng(3).integers(0, 256, (96, 128, 3)).astype(np.uint8)
    down, across = np.mgrid[:96, :128]
    slope = np.stack([across * 1.5 + 20, down * 2 + 10, 200 - across], -1).astype(np.uint8)
    return noise, slope


def test_every_cell_gets_the_mean_colour_that_is_wanted_and_keeps_its_details(pictures):
    noise, slope = pictures
    found = colour_match.match(noise, slope, (6, 8))
    means = [colour_match.cell_means(pixels, (6, 8)) for pixels in (found, slope)]
    assert np.abs(means[0] - means[1]).max() < 1
    inner = [np.diff(pixels.astype(float), axis=1).ravel() for pixels in (found, noise)]
    assert np.corrcoef(*inner)[0, 1] > 0.9


def test_a_picture_with_the_right_colours_is_left_as_it_is(pictures):
    _, slope = pictures
    assert np.array_equal(colour_match.match(slope, slope, (6, 8)), slope)


@pytest.mark.parametrize("kept", [(5, 8), (10, 15), (20, 30), (160, 240)])
def test_the_cells_are_those_whose_colours_the_file_has(photo, kept):
    layers = bitstream.unpack(pipeline.encode(photo, budget=3000).data)
    coefficients = layers.texture.coefficients.copy()
    coefficients[:, kept[0] :] = coefficients[:, :, kept[1] :] = 0
    coefficients[0, kept[0] - 1, kept[1] - 1] = 1
    coarser = dataclasses.replace(
        layers, texture=dataclasses.replace(layers.texture, coefficients=coefficients)
    )
    assert colour_map.cells(coarser) == min(kept, (20, 30))
