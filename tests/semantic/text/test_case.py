import pytest

from textsketch.codestream.tables import NEWEST
from textsketch.entropy.range_coder import Decoder, Encoder
from textsketch.errors import BitstreamError
from textsketch.semantic.text.alphabet import case_bits
from textsketch.semantic.text.case import (
    AFTER_STOP,
    CASE_CONTEXTS,
    FIRST,
    INSIDE,
    CaseModel,
    case_context,
    place_of,
)


class Fixed:
    """A reader that finds the same bit everywhere."""

    def __init__(self, value: int) -> None:
        self.value = value

    def bit(self, value: int, probability_one: int) -> int:
        return self.value


def test_a_token_stands_first_behind_a_stop_or_inside():
    assert place_of(0, "") == FIRST
    assert [place_of(5, token) for token in ("end.", 'end!"', "end?)", "end", "end,")] == [AFTER_STOP] * 3 + [
        INSIDE
    ] * 2


def test_every_context_has_a_number_of_its_own():
    numbers = {
        case_context(place, lower, history, single)
        for place in range(3)
        for lower in (False, True)
        for history in range(16)
        for single in (False, True)
    }
    assert numbers == set(range(CASE_CONTEXTS))


@pytest.mark.parametrize("version", range(NEWEST + 1))
def test_capitals_of_any_pattern_come_back(version):
    tokens = ["A", "Dog", "and", "USA", "iPhone", "x", "McDonald", "NASA", "end"]
    encoder = Encoder()
    model = CaseModel(encoder, False, version)
    for index, token in enumerate(tokens):
        assert model.code(case_bits(token), len(token), min(index, INSIDE), 100 * index - 1) == case_bits(
            token
        )
    reader = CaseModel(Decoder(encoder.finish()), False, version)
    for index, token in enumerate(tokens):
        assert reader.code(None, len(token), min(index, INSIDE), 100 * index - 1) == case_bits(token)


def test_a_pattern_that_has_a_simpler_name_is_refused():
    with pytest.raises(BitstreamError):  # mixed, but all letters are small
        CaseModel(Fixed(0), True, NEWEST).code(None, 4, INSIDE, -1)
