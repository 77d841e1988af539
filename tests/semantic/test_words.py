"""Descriptors in words."""

import numpy as np
import pytest
from PIL import Image

from textsketch.layers import Descriptors, Layers, Semantic
from textsketch.semantic import descriptors, words


@pytest.mark.parametrize(
    ("colour", "name"),
    [((0, 0, 0), "black"), ((255, 255, 255), "white"), ((220, 30, 30), "red"), ((60, 110, 200), "blue")],
)
def test_plain_colours_have_their_plain_names(colour, name):
    assert words.colour_name(np.array(colour)) == name


def field(*colours, axis=0):
    blocks = [np.full((30, 30, 3), colour, np.uint8) for colour in colours]
    return np.concatenate(blocks, axis)


def test_colours_are_named_along_the_direction_they_change_in():
    blue, green = (60, 110, 200), (70, 140, 60)
    assert words.colour_words(field(blue, blue, green)) == "blue at the top, green at the bottom"
    assert words.colour_words(field(blue, blue, green, axis=1)) == "blue on the left, green on the right"
    assert words.colour_words(field(blue)) == "mostly blue"
    three = words.colour_words(field(blue, (245, 245, 245), green))
    assert three == "blue at the top, white in the middle, green at the bottom"


def test_a_middle_that_stands_out_is_named_with_what_is_around_it():
    colours = np.full((40, 60, 3), (20, 60, 70), np.uint8)
    colours[10:30, 15:45] = (230, 130, 40)
    assert words.colour_words(colours) == "orange in the middle, dark teal around it"


def test_a_files_descriptors_become_words_of_the_prompt():
    picture = Image.fromarray(field((150, 190, 225), (150, 190, 225), (35, 70, 35)))
    semantic = Semantic("a field", descriptors.extract(picture, 24))
    prompt = words.prompt(Layers(picture.size, semantic), "high quality")
    assert prompt.startswith("a field, ") and prompt.endswith(", high quality")
    assert "light blue at the top" in prompt and "green at the bottom" in prompt


def test_without_caption_or_descriptors_only_the_suffix_is_left():
    assert words.prompt(Layers((64, 64), Semantic())) == ""
    assert words.prompt(Layers((64, 64), Semantic()), "high quality") == "high quality"


def test_wild_descriptors_still_give_words():
    wild = Descriptors((500, -500, 400, 300))
    assert words.describe(Layers((640, 16), Semantic("", wild)))
