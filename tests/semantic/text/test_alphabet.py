import pytest
from hypothesis import given
from hypothesis import strategies as st

from textsketch.semantic.text.alphabet import (
    ALPHABET,
    CAPITALISED,
    END,
    ESCAPE,
    LOWER,
    MIXED,
    STYLE_CONTEXTS,
    UPPER,
    case_bits,
    case_pattern,
    character_class,
    fold,
    length_level,
    split_tokens,
    style_context,
)


@given(st.text(max_size=60))
def test_a_folded_text_has_one_symbol_a_character_and_its_end(text):
    folded = fold(text)
    assert len(folded) == len(text) + 1 and folded.endswith(END) and set(folded) <= set(ALPHABET)
    for character, symbol in zip(text, folded, strict=False):
        assert symbol == (character.lower() if " " <= character <= "~" else ESCAPE)


@given(st.text(alphabet=" abC.", max_size=40))
def test_tokens_join_to_the_text_and_each_is_closed(text):
    tokens = split_tokens(fold(text))
    assert "".join(tokens) == fold(text)
    assert all(token.endswith(" ") for token in tokens[:-1]) and tokens[-1].endswith(END)


@pytest.mark.parametrize(
    ("token", "pattern"),
    [("dog", LOWER), ("Dog", CAPITALISED), ("A", CAPITALISED), ("USA", UPPER), ("iPhone", MIXED), ("a1B", MIXED),
     ("1,5", LOWER), ("O'NEIL", UPPER)],
)  # fmt: skip
def test_the_case_of_a_token_is_the_simplest_that_describes_it(token, pattern):
    assert case_pattern(case_bits(token)) == pattern


def test_classes_and_levels_are_pinned():
    """They number the contexts of shipped tables."""
    assert [character_class(c) for c in "a .,7!"] == [0, 1, 2, 3, 4, 5]
    assert [length_level(n) for n in (0, 3, 4, 8, 15, 24, 100, 5000)] == [0, 0, 1, 2, 3, 4, 7, 7]
    contexts = {
        style_context(lower, stop, level, previous)
        for lower in (False, True)
        for stop in (False, True)
        for level in range(8)
        for previous in range(7)
    }
    assert len(contexts) == 2 * 2 * 8 * 7 and max(contexts) < STYLE_CONTEXTS
