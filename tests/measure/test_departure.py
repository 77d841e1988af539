"""What a generated picture says that was not sent: where, how much, in one sentence."""

import numpy as np
import pytest
from PIL import Image

from textsketch import bitstream, pipeline
from textsketch.layers import Mode
from textsketch.measure.departure import departure
from textsketch.render import registry
from textsketch.render.painter import painting


@pytest.fixture(scope="module")
def layers(photo):
    return bitstream.unpack(pipeline.encode(photo, budget=600, caption="a cup", renderer="fast").data)


@pytest.fixture(scope="module")
def said(layers):
    return painting.render(layers, grain=False, brush=False)


def orange(found):
    pixels = np.asarray(found.picture, int)
    return pixels[..., 0] - pixels[..., 2] > 40


def test_a_picture_that_shows_what_was_sent_departs_nowhere(layers, said):
    found = departure(said, layers)
    assert found.share == 0 and not orange(found).any()
    assert found.sentence.startswith("0% of the picture has clearly other colours than were sent")


def test_details_finer_than_the_map_are_no_departure(layers, said):
    down, across = np.mgrid[: said.height, : said.width]
    grating = 40 * ((down + across) % 2 * 2 - 1)
    detailed = np.clip(np.asarray(said, int) + grating[..., None], 0, 255).astype(np.uint8)
    assert departure(Image.fromarray(detailed), layers).share < 0.02


def test_the_map_s_own_error_is_no_departure(layers, photo):
    # The original itself differs from its map by what the map left out.
    assert departure(photo, layers).share < 0.1


def test_a_place_with_other_colours_is_marked_and_measured(layers, said):
    pixels = np.array(said)
    half = said.width // 2
    pixels[:, :half] = np.where(pixels[:, :half] > 127, pixels[:, :half] - 100, pixels[:, :half] + 100)
    found = departure(Image.fromarray(pixels), layers)
    assert 0.4 < found.share < 0.6
    marked = orange(found)
    assert (
        marked[:, : marked.shape[1] // 2 - 20].mean()
        > 0.9
        > 0.1
        > marked[:, marked.shape[1] // 2 + 20 :].mean()
    )


@pytest.mark.parametrize(("mode", "sent"), [(Mode.TEXT_ONLY, "the words"), (Mode.TEXT_SKETCH, "the lines")])
def test_without_a_colour_map_everything_is_invented(layers, said, mode, sent):
    found = departure(said, layers.reduced_to(mode))
    assert found.picture is None and found.share == 1
    assert sent in found.sentence and "every colour" in found.sentence


def test_every_renderer_with_a_network_says_what_was_sent(layers):
    row = registry.get("pics")
    said = [row.invents(layers.reduced_to(mode), row.options()) for mode in Mode]
    assert said[0].startswith("Painted by a network: only the words were sent")
    assert "only the words and the lines were sent" in said[1]
    assert "only the words, the lines and the coarse colours were sent" in said[2]
