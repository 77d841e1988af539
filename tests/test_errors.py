import pytest

import textsketch as ts
from textsketch.errors import TextsketchError, quoted


class Unspeakable:
    def __repr__(self):
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": 10**5000},
        {"budget": 10**5000},
        {"budget": -(10**5000)},
        {"budget": "9" * 5000},
        {"mode": "x" * 5000},
        {"renderer": "x\n" * 5000},
        {"seed": Unspeakable()},
        {"budget": Unspeakable()},
    ],
)
def test_whatever_is_given_the_sentence_about_it_is_a_short_line(wrong, photo):
    with pytest.raises(TextsketchError) as caught:
        ts.encode(photo, **wrong)
    sentence = str(caught.value)
    assert len(sentence) < 250 and len(sentence.splitlines()) == 1


def test_what_is_short_is_quoted_whole():
    assert quoted("Painter") == "'Painter'" and quoted(-1) == "-1"
