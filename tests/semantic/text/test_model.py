import pytest

from textsketch.codestream.tables import NEWEST
from textsketch.semantic.text.alphabet import fold
from textsketch.semantic.text.lookup import lookup
from textsketch.semantic.text.model import TextModel
from textsketch.semantic.text.tables import load_tables


class Tape:
    """A bit coder that records, and plays back once `playing`."""

    def __init__(self) -> None:
        self.bits: list[int] = []
        self.probabilities: list[int] = []
        self.playing = False

    def bit(self, value: int, probability_one: int) -> int:
        if self.playing:
            assert self.probabilities.pop(0) == probability_one
            return self.bits.pop(0)
        self.bits.append(value)
        self.probabilities.append(probability_one)
        return value


def numbers(text: str, version: int) -> list[int]:
    return [load_tables(version).symbols.index(symbol) for symbol in fold(text)]


@pytest.mark.parametrize("version", range(NEWEST + 1))
@pytest.mark.parametrize("text", ["a man riding a wave", "Zxqj 77, ~~", "", "the dog. the dog. the dog."])
def test_a_reader_hears_the_probabilities_the_writer_heard(version, text):
    tape, symbols = Tape(), numbers(text, version)
    model = TextModel(tape, True, version)
    for symbol in symbols:
        assert model.code(symbol) == symbol
    assert all(1 <= p <= 65535 for p in tape.probabilities)
    tape.playing = True
    model = TextModel(tape, True, version)
    assert [model.code(None) for _ in symbols] == symbols
    assert tape.bits == []


def test_versions_give_other_probabilities():
    heard = []
    for version in range(NEWEST + 1):
        tape = Tape()
        model = TextModel(tape, True, version)
        for symbol in numbers("a cat on a mat", version):
            model.code(symbol)
        heard.append(tape.probabilities)
    assert heard[0] != heard[1]


def test_the_token_coded_last_is_known_by_its_number():
    look = lookup(NEWEST)
    tape = Tape()
    model = TextModel(tape, True, NEWEST)
    for symbol in numbers("dog ", NEWEST)[:-1]:
        model.code(symbol)
    assert look.vocabulary[model.token_id] == bytes(numbers("dog ", NEWEST)[:-1])
    for symbol in numbers("qqzzx ", NEWEST)[:-1]:
        model.code(symbol)
    assert model.token_id == -1
