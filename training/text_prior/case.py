"""Counts how tokens are capitalised and trains the weights of the case model."""

import math

import numpy as np

from textsketch.semantic.text.alphabet import LOWER, UPPER, case_bits, case_pattern, fold
from textsketch.semantic.text.case import CASE_CONTEXTS, HISTORIES, INSIDE, PLACES, case_context, place_of
from training.text_prior.corpus import trains_mixer

COUNT_LIMIT = 4095


def case_columns(lines: list[tuple[str, int]], vocabulary: dict[str, int]) -> dict[str, np.ndarray]:
    """Return context_counts (contexts, 4), token_counts (vocabulary, 4) and weights (histories x places, 2)."""
    context_counts = np.zeros((CASE_CONTEXTS, 4), np.int64)
    token_counts = np.zeros((len(vocabulary), 4), np.int64)
    events = []
    for line, source in lines:
        begins_lower = not "A" <= line[0] <= "Z"
        history, begin, previous = 0, 0, ""
        chosen = trains_mixer(line, source)
        for token in line.split(" "):
            bits = case_bits(token)
            end = begin + len(token)
            if bits:
                pattern, place = case_pattern(bits), place_of(begin, previous)
                context = case_context(place, begins_lower, history, len(bits) == 1)
                folded = fold(token)[:-1] + (" " if end < len(line) else "\0")
                number = vocabulary.get(folded, -1) if place == INSIDE else -1
                events.append((context, number, pattern, history * PLACES + place, chosen))
                context_counts[context, pattern] += 1
                if number >= 0:
                    token_counts[number, pattern] += 1
                history = pattern + 4 * (history % 4)
            begin, previous = end + 1, token
    weights = _train_weights(events, context_counts, token_counts)
    scale = np.maximum(1, context_counts.max(axis=1, keepdims=True) / COUNT_LIMIT)
    # A token that was never seen in capitals is stored as its count of lower case alone, coarsely.
    token_counts = np.minimum(token_counts, COUNT_LIMIT)
    token_counts = np.where(
        token_counts > 4, 1 << np.rint(np.log2(np.maximum(token_counts, 1))).astype(int), token_counts
    )
    return {
        "context_counts": np.rint(context_counts / scale).astype(np.int64),
        "token_counts": np.minimum(token_counts, COUNT_LIMIT),
        "weights": weights,
    }


def _train_weights(events: list, context_counts: np.ndarray, token_counts: np.ndarray) -> np.ndarray:
    """Train how much each of the two log ratios counts, without the event's own count."""
    weights = [[0.5, 0.5] for _ in range(HISTORIES * PLACES)]
    by_contexts, by_tokens = context_counts.tolist(), token_counts.tolist()

    def ratio(counts: list[int], pattern: int, step: int) -> float:
        own = pattern == step
        return math.log(counts[step] - own + 0.3) - math.log(sum(counts[step + 1 :]) - (pattern > step) + 0.3)

    for rate in (0.005, 0.00125):
        for context, number, pattern, row, chosen in events:
            if not chosen:
                continue
            weight = weights[row]
            for step in range(LOWER, UPPER + 1):
                first = ratio(by_contexts[context], pattern, step)
                second = ratio(by_tokens[number], pattern, step) if number >= 0 else 0.0
                total = min(max(first * weight[0] + second * weight[1], -11), 11)
                error = (pattern == step) - 1 / (1 + math.exp(-total))
                weight[0] += rate * error * first
                weight[1] += rate * error * second
                if pattern == step:
                    break
    return np.rint(np.array(weights) * 8192).astype(np.int64)
