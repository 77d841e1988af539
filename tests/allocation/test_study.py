import numpy as np
import pytest
from conftest import forget_pictures
from PIL import Image

import textsketch as ts
from textsketch.allocation import study as studies
from textsketch.allocation.study import study
from textsketch.layers import Layers, Semantic, Strokes


@pytest.fixture(autouse=True)
def nothing_is_known():
    forget_pictures()


def test_a_picture_seen_before_is_known_by_its_pixels(photo):
    first = study(photo)
    assert study(photo.copy()) is first
    assert study(Image.fromarray(255 - np.asarray(photo))) is not first
    assert study(photo.transpose(Image.Transpose.ROTATE_180)) is not first


def test_pixels_of_another_shape_are_another_picture():
    pixels = np.zeros((8, 32, 3), np.uint8)
    assert study(Image.fromarray(pixels)) is not study(Image.fromarray(pixels.reshape(16, 16, 3)))


def test_a_question_gives_the_same_bytes_whatever_was_asked_before(photo):
    questions = [
        {"budget": 300, "effort": 1},
        {"budget": 300},
        {"budget": 300, "caption": "a cup of coffee"},
        {"budget": 120, "mode": "text+sketch"},
        {"budget": 600},
    ]
    asked_in_a_row = [ts.encode(photo, **question).data for question in questions]
    for question, data in zip(questions, asked_in_a_row, strict=True):
        forget_pictures()
        assert ts.encode(photo, **question).data == data


def test_few_pictures_and_analyses_are_kept():
    for level in range(9):
        study(Image.new("RGB", (40, 30), (level, 0, 0)))
    assert len(studies._recent) <= 2
    size = (1000, 1000)
    known = study(Image.new("RGB", size))
    for place in range(5):
        strokes = np.zeros((192, 192), bool)
        strokes[place, 3:90] = True
        known.analysis(Layers(size, Semantic(), Strokes(strokes)), None)
        latest = known.analysis(Layers(size, Semantic(), Strokes(strokes)), 1 << 20)
        assert known.analysis(Layers(size, Semantic(), Strokes(strokes)), 1 << 20) is latest
    kept = known._analyses.values()
    assert sum(one.residual.nbytes for one in kept) < 32 << 20


def test_a_large_picture_is_not_kept():
    study(Image.new("RGB", (4000, 3000)))
    assert not studies._recent
