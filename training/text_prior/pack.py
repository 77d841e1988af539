"""Packs the trained model into the files the package ships (read by textsketch/semantic/text/tables.py)."""

import json
import lzma
from pathlib import Path

import numpy as np

from textsketch.semantic.text.tables import (
    BYTE_LIMIT,
    COUNT_OF_LEVEL,
    LZMA_FILTERS,
    frequency_order,
    rank_in_context,
)


def levels_of(counts: np.ndarray) -> np.ndarray:
    """Return the stored level nearest (in the logarithm) to each count."""
    stored = np.array(COUNT_OF_LEVEL, float)
    return np.searchsorted(np.sqrt(stored[:-1] * stored[1:]), counts).astype(np.uint8)


class Columns:
    """Columns in the order they are added."""

    def __init__(self) -> None:
        self._columns: dict[str, np.ndarray] = {}

    def add(self, name: str, values: np.ndarray, dtype: str) -> None:
        cast = np.ascontiguousarray(values).astype(dtype)
        assert np.array_equal(cast, values), name
        self._columns[name] = cast

    def add_small_numbers(self, name: str, values: np.ndarray) -> None:
        """Add numbers of which most are below BYTE_LIMIT as first bytes and low bytes."""
        large = values >= BYTE_LIMIT
        first = np.where(large, BYTE_LIMIT + ((values) >> 8), values)
        self.add(name, first, "u1")
        self.add(f"{name}_low", values[large] & 255, "u1")

    @property
    def names(self) -> list[str]:
        return list(self._columns)

    def write(self, path: Path, names: list[str]) -> dict[str, int]:
        """Write a file of the columns called `names`; return the packed size of each."""
        header, body, sizes = [], b"", {}
        for name in names:
            values = self._columns[name]
            packed = lzma.compress(values.tobytes(), lzma.FORMAT_RAW, filters=LZMA_FILTERS)
            header.append([name, values.dtype.str, list(values.shape), len(packed)])
            sizes[name] = len(packed)
            body += packed
        path.write_bytes(json.dumps(header, separators=(",", ":")).encode() + b"\n" + body)
        return sizes


def delta_per_context(values: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Return differences between neighbours; the first of a context stays as it is."""
    deltas = np.diff(values, prepend=0)
    first = start[:-1][np.diff(start) > 0]
    deltas[first] = values[first]
    return deltas


def add_vocabulary(columns: Columns, vocabulary: list[bytes]) -> None:
    shared, suffixes, before = [], [], b""
    for token in vocabulary:
        length = 0
        while length < min(len(before), len(token), 255) and before[length] == token[length]:
            length += 1
        shared.append(length)
        suffixes.append(token[length:])
        before = token
    columns.add("vocabulary.shared", np.array(shared), "u1")
    columns.add("vocabulary.suffixes", np.frombuffer(b"".join(suffixes), np.uint8), "u1")


def _add_entries(
    columns: Columns, name: str, start: np.ndarray, numbers: np.ndarray, levels: np.ndarray
) -> None:
    """Add a model whose entries are `numbers`, to be sorted within each context."""
    contexts = np.repeat(np.arange(len(start) - 1), np.diff(start))
    order = np.lexsort((numbers, contexts))
    columns.add_small_numbers(f"{name}.lengths", np.diff(start))
    columns.add_small_numbers(f"{name}.ids", delta_per_context(numbers[order], start))
    columns.add(f"{name}.levels", levels[order], "u1")


def add_models(columns: Columns, models: dict, vocabulary_size: int) -> None:
    """Add every model; each has start, ids and raw counts, its entries ascending by id in a context."""
    unigram_levels = np.zeros(vocabulary_size, np.uint8)
    unigram_levels[models["W0"].ids] = levels_of(models["W0"].raw)
    columns.add("W0.levels", unigram_levels, "u1")
    rank_of = np.empty(vocabulary_size + 2, np.int64)
    rank_of[frequency_order(unigram_levels, 2)] = np.arange(vocabulary_size + 2)
    for name in ("W1", "S2"):
        m = models[name]
        _add_entries(columns, name, m.start, rank_of[m.ids], levels_of(m.raw))
    w1 = models["W1"]
    order = rank_in_context(w1.start, levels_of(w1.raw))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.repeat(w1.start[:-1], np.diff(w1.start))
    keys = np.repeat(np.arange(len(w1.start) - 1, dtype=np.int64), np.diff(w1.start)) << 20 | w1.ids
    parent = w1
    for name in ("W2", "W3"):
        m = models[name]
        last_token = np.repeat(parent.ids.astype(np.int64), np.diff(m.start))
        entry = np.searchsorted(keys, last_token << 20 | m.ids)
        _add_entries(columns, name, m.start, place[entry], levels_of(m.raw))
        parent = m
    for name in [n for n in models if n[0] == "O" or n == "ST"]:
        m = models[name]
        columns.add_small_numbers(f"{name}.lengths", np.diff(m.start))
        columns.add(f"{name}.ids", m.ids, "u1")
        columns.add(f"{name}.levels", levels_of(m.raw), "u1")


def add_arithmetic(columns: Columns) -> None:
    """Add the logarithm and probability tables the coder computes with."""
    columns.add("log_count", np.rint(256 * np.log(np.arange(4097) + 0.3)).astype(int), "<i2")
    columns.add("log_power", np.rint(256 * np.log(2) * np.arange(24)).astype(int), "<i2")
    nats = (np.arange(2817) - 1408) / 128
    columns.add("probability", np.clip(np.rint(65536 / (1 + np.exp(-nats))), 1, 65535).astype(int), "<u2")
