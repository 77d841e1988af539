"""Codes how each word is capitalised, once its letters are known."""

from __future__ import annotations

from functools import lru_cache

from textsketch.entropy.models import BitCoder
from textsketch.errors import BitstreamError
from textsketch.semantic.text.alphabet import CAPITALISED, LOWER, MIXED, UPPER, case_pattern
from textsketch.semantic.text.lookup import lookup
from textsketch.semantic.text.tables import load_tables

FIRST, AFTER_STOP, INSIDE = range(3)
"""Where a token stands: first in the text, behind a token that closes a sentence, anywhere else."""
PLACES = 3
HISTORIES = 16
"""The patterns of the last two tokens with letters: previous + 4 x the one before."""


def place_of(index: int, previous_token: str) -> int:
    """Return the place of the token with this index; `previous_token` is folded, without its space."""
    if index == 0:
        return FIRST
    return AFTER_STOP if previous_token.rstrip(" \"')").endswith((".", "!", "?")) else INSIDE


def case_context(place: int, begins_lower: bool, history: int, single_letter: bool) -> int:
    """Return the number of a case context; see `CASE_CONTEXTS`."""
    return ((place * 2 + begins_lower) * HISTORIES + history) * 2 + single_letter


CASE_CONTEXTS = PLACES * 2 * HISTORIES * 2
"""Number of values of `case_context`."""
_TREE = (LOWER, CAPITALISED, UPPER)  # asked in this order; mixed is what remains


@lru_cache
def _case_tables(version: int) -> tuple[list, list, list]:
    columns = load_tables(version).columns
    return (
        columns["case.context_counts"].tolist(),
        columns["case.token_counts"].tolist(),
        columns["case.weights"].tolist(),
    )


class CaseModel:
    """Codes the case patterns of one text's tokens in order; see `TextModel`."""

    def __init__(self, coder: BitCoder, begins_lower: bool, version: int) -> None:
        self._look, self._tables = lookup(version), _case_tables(version)
        self._coder = coder
        self._begins_lower = begins_lower
        self._history = 0

    def code(self, bits: list[int] | None, letters: int, place: int, token_id: int) -> list[int]:
        """Encode a token's `case_bits`, or decode them when None; it has `letters` > 0 ASCII letters."""
        context_counts, token_counts, weights = self._tables
        context = case_context(place, self._begins_lower, self._history, letters == 1)
        by_context = context_counts[context]
        by_token = token_counts[token_id] if token_id >= 0 and place == INSIDE else (0, 0, 0, 0)
        log_ratio = self._look.log_ratio
        weight = weights[self._history * PLACES + place]
        wanted = None if bits is None else case_pattern(bits)
        pattern = MIXED
        for step, candidate in enumerate(_TREE):
            total = log_ratio(by_context[step], sum(by_context[step + 1 :])) * weight[0]
            total += log_ratio(by_token[step], sum(by_token[step + 1 :])) * weight[1]
            if self._coder.bit(int(wanted == candidate), self._look.squash(total)):
                pattern = candidate
                break
        if pattern == MIXED:
            decoded = [self._coder.bit(bits[i] if bits else 0, 1 << 15) for i in range(letters)]
            if case_pattern(decoded) != MIXED:
                raise BitstreamError(
                    "The caption's capital letters are not coded the way textsketch codes them."
                )
        else:
            decoded = [int(pattern == UPPER or (pattern == CAPITALISED and i == 0)) for i in range(letters)]
            if case_pattern(decoded) != pattern:
                raise BitstreamError(
                    "The caption's capital letters are not coded the way textsketch codes them."
                )
        self._history = pattern + 4 * (self._history % 4)
        return decoded
