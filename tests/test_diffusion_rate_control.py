"""The encoder's choices for a diffusion decoder."""

import numpy as np
import pytest
from PIL import Image

from textsketch import codestream, diffusion_rate_control
from textsketch.errors import BudgetError
from textsketch.layers import Layers, Mode
from textsketch.render import painter
from textsketch.structure import sketch_coder


def size_of(layers: Layers) -> int:
    return len(codestream.pack(layers))


@pytest.fixture(scope="module")
def picture(photo):
    return photo


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("budget_bytes", [60, 250, 800])
def test_the_file_fits_keeps_the_caption_and_decodes(picture, mode, budget_bytes):
    layers = diffusion_rate_control.choose_layers(
        picture, mode, budget_bytes, "a cup of coffee", size_of=size_of
    )
    data = codestream.pack(layers)
    assert len(data) <= budget_bytes
    assert layers.mode is mode and layers.semantic.caption == "a cup of coffee"
    painted = painter.render(codestream.unpack(data))
    assert painted.size == picture.size


def test_the_sketch_gets_most_of_the_bytes(picture):
    layers = diffusion_rate_control.choose_layers(picture, Mode.THREE_LAYER, 500, "", size_of=size_of)
    structure_bytes = len(sketch_coder.pack(layers.structure, layers.size))
    assert structure_bytes > 250
    assert size_of(layers) > 0.9 * 500


def test_the_colours_are_those_of_a_coarse_map(picture):
    layers = diffusion_rate_control.choose_layers(picture, Mode.THREE_LAYER, 500, "", size_of=size_of)
    rows, columns = np.nonzero(layers.texture.coefficients.any(0))
    assert max(rows.max(), columns.max()) < 32
    painted = painter.render(layers, grain=False)
    cells = [np.asarray(one.resize((8, 6), Image.Resampling.BOX), float) for one in (picture, painted)]
    assert np.abs(cells[0] - cells[1]).mean() < 14


@pytest.mark.parametrize("size", [(1, 1), (16, 700), (64, 64)])
def test_pictures_without_edges_are_no_trouble(size):
    flat = Image.new("RGB", size, (90, 120, 200))
    for mode in Mode:
        layers = diffusion_rate_control.choose_layers(flat, mode, 200, "sky", size_of=size_of)
        assert size_of(layers) <= 200 and layers.mode is mode


def test_a_budget_below_everything_is_refused(picture):
    with pytest.raises(BudgetError, match="takes"):
        diffusion_rate_control.choose_layers(picture, Mode.THREE_LAYER, 3, "a cup", size_of=size_of)
