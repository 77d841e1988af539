import pytest

from textsketch.codestream.tables import NEWEST
from textsketch.semantic.text.alphabet import STYLE_CONTEXTS
from textsketch.semantic.text.lookup import lookup
from textsketch.semantic.text.ranges import ORDERS_HEARD, CharacterRanges, Range, narrowed


@pytest.fixture(scope="module")
def look():
    return lookup(NEWEST)


def test_a_range_is_narrowed_to_the_entries_on_one_side(look):
    ids, cumulative = [2, 5, 9, 11], [0, 10, 14, 15, 40]
    for bit, left, mass in ((0, [2, 5], 14), (1, [9, 11], 26)):
        whole = Range(look, ids, cumulative, 0, 4, 1, 2)
        assert whole.mass == 40 and whole.id == -1
        whole.middle = 2
        (part,) = narrowed(look, [whole], bit)
        assert ids[part.low : part.high] == left and part.mass == mass and part.id == -1


def test_a_range_of_one_entry_is_settled_and_an_empty_one_is_dropped(look):
    for bit, found in ((0, 2), (1, None)):
        single = Range(look, [2, 5], [0, 3, 9], 0, 1, 1, 2)
        assert single.id == 2 and single.stretch == look.log_ratio(3, 0)
        single.middle = single.high  # all of it lies to the left
        assert [r.id for r in narrowed(look, [single], bit)] == ([] if found is None else [found])


def test_the_longest_orders_that_know_something_speak_shortest_first(look):
    contexts = [look.end, -1, -1, -1, -1]
    for symbol in range(0, look.symbol_count, 7):
        ranges = CharacterRanges(look, contexts, symbol % STYLE_CONTEXTS)
        orders = [r.rank for r in ranges.speaking(0, look.symbol_count) if r.rank]
        assert orders == sorted(orders) and len(orders) <= ORDERS_HEARD
        contexts = ranges.next_contexts(symbol)
        assert contexts[0] == symbol and len(contexts) == 5
