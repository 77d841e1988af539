"""The encoder's choices for a diffusion decoder."""

import numpy as np
import pytest
from PIL import Image

from textsketch import bitstream
from textsketch.allocation import diffusion as diffusion_rate_control
from textsketch.codestream.grids import grid_shape
from textsketch.codestream.tables import NEWEST
from textsketch.errors import BudgetError, TextsketchError
from textsketch.layers import Layers, Mode, Skeletons
from textsketch.render.painter import painting
from textsketch.structure import detectors, ntc, pose, sketch_coder
from textsketch.structure.lines import smooth


def size_of(layers: Layers) -> int:
    return len(bitstream.pack(layers))


@pytest.fixture(scope="module")
def picture(photo):
    return photo


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("budget_bytes", [60, 250, 800])
def test_the_file_fits_keeps_the_caption_and_decodes(picture, mode, budget_bytes):
    layers = diffusion_rate_control.choose_layers(
        picture, mode, budget_bytes, "a cup of coffee", size_of=size_of
    )
    data = bitstream.pack(layers)
    assert len(data) <= budget_bytes
    assert layers.mode is mode and layers.semantic.caption == "a cup of coffee"
    painted = painting.render(bitstream.unpack(data))
    assert painted.size == picture.size


def test_the_sketch_gets_most_of_the_bytes(picture):
    layers = diffusion_rate_control.choose_layers(picture, Mode.THREE_LAYER, 500, "", size_of=size_of)
    structure_bytes = len(sketch_coder.pack(layers.structure, layers.size, NEWEST))
    assert structure_bytes > 250
    assert size_of(layers) > 0.9 * 500


def test_the_colours_are_those_of_a_coarse_map(picture):
    layers = diffusion_rate_control.choose_layers(picture, Mode.THREE_LAYER, 500, "", size_of=size_of)
    rows, columns = np.nonzero(layers.texture.coefficients.any(0))
    assert max(rows.max(), columns.max()) < 32
    painted = painting.render(layers, grain=False, brush=False)
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


@pytest.mark.parametrize("mode", [Mode.TEXT_SKETCH, Mode.THREE_LAYER])
def test_soft_edges_take_the_highest_rate_that_fits(picture, mode):
    rates = []
    for budget_bytes in (320, 600, 1500):
        layers = diffusion_rate_control.choose_layers(
            picture, mode, budget_bytes, "a cup", structure="soft-edges", size_of=size_of
        )
        data = bitstream.pack(layers)
        assert len(data) <= budget_bytes
        assert bitstream.split(data)[0].kind.name == "soft-edges"
        rates.append(bitstream.unpack(data).structure.rate)
        assert painting.render(bitstream.unpack(data)).size == picture.size
    assert rates == sorted(rates) and rates[-1] == ntc.RATES - 1


def test_skeletons_come_most_certain_first_and_as_many_as_fit(picture, monkeypatch):
    people = tuple(tuple((40 * row + index, 25 * index) for index in range(18)) for row in range(6))
    monkeypatch.setattr(pose, "detect", lambda picture: Skeletons(people))
    counts = []
    for budget_bytes in (60, 100, 400):
        layers = diffusion_rate_control.choose_layers(
            picture, Mode.TEXT_SKETCH, budget_bytes, "a crowd", structure="skeletons", size_of=size_of
        )
        data = bitstream.pack(layers)
        assert len(data) <= budget_bytes
        found = bitstream.unpack(data).structure.people
        assert found == people[: len(found)]
        counts.append(len(found))
    assert counts[0] < counts[1] < counts[2] == 6


def test_nobody_to_draw_is_said(picture, monkeypatch):
    monkeypatch.setattr(pose, "detect", lambda picture: Skeletons(()))
    with pytest.raises(TextsketchError, match="no person"):
        diffusion_rate_control.choose_layers(
            picture, Mode.TEXT_SKETCH, 400, "", structure="skeletons", size_of=size_of
        )


def test_as_many_of_the_best_strokes_as_fit_are_drawn(picture):
    every = detectors.find(detectors.edge_map(picture), grid_shape(picture.size, 192))
    for budget_bytes in (60, 150, 300):
        layers = diffusion_rate_control.choose_layers(
            picture, Mode.TEXT_SKETCH, budget_bytes, "", size_of=size_of
        )
        assert budget_bytes >= size_of(layers) > 0.8 * budget_bytes
        best = smooth(every[0])
        assert layers.strokes[best[:, 0], best[:, 1]].all()
