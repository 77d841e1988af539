import pytest

from textsketch.share.lettering import fitted, font, is_writable, wrapped


@pytest.mark.parametrize(
    "text", ["a red bicycle leans on a wall " * 9, "x" * 400, "Größe и цветок " * 20, "a b", ""]
)
@pytest.mark.parametrize("width", [60, 300, 1776])
def test_lines_stay_within_their_width_and_number(text, width):
    for most in (1, 2, 6):
        lines = wrapped(text, 30, width, most)
        assert 1 <= len(lines) <= most
        face = font(text + "…", 30)
        assert all(face.getlength(line) <= width for line in lines)
        shown = "".join(lines)
        assert shown.endswith("…") or shown.replace(" ", "") == text.replace(" ", "")


def test_a_short_text_is_left_as_it_is():
    assert fitted("a cat", 30, 300) == "a cat" and wrapped("a cat", 30, 300, 2) == ["a cat"]
    assert wrapped("a cat and a dog", 30, 140, 3) == ["a cat and", "a dog"]


def test_letters_are_drawn_and_not_boxes():
    for text in ("plain", "“quoted”…", "Größe", "цветок", "λουλούδι", "a → b ≤ c"):
        assert is_writable(text)
        missing = bytes(font(text, 40).getmask("\U0010fffd"))
        assert all(bytes(font(text, 40).getmask(letter)) != missing for letter in text)
    assert not is_writable("海の上の夕日") and not is_writable("a 海")
