"""Loads the text coder's shipped tables: vocabulary, context counts, word network, mixing weights.

They are text_counts and text_weights of `codestream.tables`. A file is a line of JSON that lists (name, dtype,
shape, packed size) of every column, then the columns, each packed by LZMA. A model is a list of contexts; a
context is a list of (id, level), where the id is a vocabulary id or a symbol and the level a count in half
octaves. Columns are stored in the order that packs best (frequent ids first); loading sorts every context by id,
so that a range of ids is a slice. `training/text_prior` writes the files.
"""

from __future__ import annotations

import json
import lzma
from array import array
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from textsketch.codestream import tables

LZMA_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 3, "lp": 0, "pb": 0}]
WORD_MODELS = ("W0", "W1", "W2", "W3", "S2")
"""Contexts of words: none; the last one, two, three tokens; the last but one."""
CHARACTER_MODELS = ("O1", "O2", "O3", "O4", "O5", "ST")
"""Contexts of characters: the last 1 to 5 symbols; the style context."""
COUNT_OF_LEVEL = (1, 2, 3, 4, 5, 6, *(round(2 ** (half_octaves / 2)) for half_octaves in range(6, 38)))
"""What a stored level counts as: exact up to six, then in half octaves."""
BYTE_LIMIT = 96
"""Small numbers are packed in one byte below this, larger ones (to 40,959) with a second column of low bytes."""


@dataclass(frozen=True)
class Model:
    """One set of contexts, flattened. Context c owns entries start[c] to start[c + 1].

    start: first entry of each context, and the end. ids: ascending within a context.
    cumulative: sum of the counts of all entries before each entry, and of all.
    """

    start: array
    ids: array
    cumulative: array


@dataclass(frozen=True)
class TextTables:
    """Everything the text coder knows; all integers.

    symbols: the folded characters in the order of the decision tree's leaves.
    splits: (low, high) -> where the tree cuts that range of symbols in two.
    vocabulary: tokens as bytes of symbol numbers, ascending. models: by name.
    columns: the remaining arrays, by name.
    """

    symbols: str
    splits: dict[tuple[int, int], int]
    vocabulary: list[bytes]
    models: dict[str, Model]
    columns: dict[str, np.ndarray]


def read_columns(data: bytes) -> dict[str, np.ndarray]:
    """Unpack a table file into its columns by name."""
    header, _, body = data.partition(b"\n")
    columns, offset = {}, 0
    for name, dtype, shape, size in json.loads(header):
        raw = lzma.decompress(body[offset : offset + size], lzma.FORMAT_RAW, filters=LZMA_FILTERS)
        columns[name] = np.frombuffer(raw, dtype).reshape(shape)
        offset += size
    return columns


def to_array(values: np.ndarray) -> array:
    """Return int32 values as a Python array, which reads single items faster than numpy."""
    result = array("i")
    result.frombytes(np.ascontiguousarray(values, np.int32).tobytes())
    return result


def join_small_numbers(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Undo the packing of small numbers into a column of first bytes and one of low bytes."""
    values = first.astype(np.int32)
    large = values >= BYTE_LIMIT
    values[large] = ((values[large] - BYTE_LIMIT) << 8) + second
    return values


def running_sum_per_context(deltas: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Undo delta coding that begins anew in every context."""
    total = np.concatenate([[0], np.cumsum(deltas, dtype=np.int64)])
    lengths = np.diff(start)
    return total[1:] - np.repeat(total[start[:-1]], lengths)


def _starts(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


@dataclass(frozen=True)
class _Entries:
    start: np.ndarray
    ids: np.ndarray
    levels: np.ndarray

    def model(self) -> Model:
        counts = np.array(COUNT_OF_LEVEL, np.int64)[self.levels]
        return Model(to_array(self.start), to_array(self.ids), to_array(_starts(counts)))


def _lengths(columns: dict[str, np.ndarray], name: str) -> np.ndarray:
    return join_small_numbers(columns[f"{name}.lengths"], columns[f"{name}.lengths_low"])


def frequency_order(levels: np.ndarray, extra: int) -> np.ndarray:
    """Return vocabulary ids, the most frequent first; `extra` ids that are only contexts come last."""
    return np.concatenate(
        [np.argsort(-levels.astype(np.int32), kind="stable"), len(levels) + np.arange(extra)]
    )


def rank_in_context(entries_start: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the order of all entries, context by context, the most frequent first in each (ties by id)."""
    contexts = np.repeat(np.arange(len(entries_start) - 1, dtype=np.int64), np.diff(entries_start))
    return np.argsort(contexts * 64 + (63 - levels.astype(np.int64)), kind="stable")


def _read_words(columns: dict[str, np.ndarray], name: str, to_ids: np.ndarray) -> _Entries:
    """Read a model whose packed numbers are ranks by frequency; `to_ids` turns them into vocabulary ids."""
    start = _starts(_lengths(columns, name))
    ranks = running_sum_per_context(
        join_small_numbers(columns[f"{name}.ids"], columns[f"{name}.ids_low"]), start
    )
    return _sorted_entries(start, to_ids[ranks], columns[f"{name}.levels"])


def _read_nested(columns: dict[str, np.ndarray], name: str, last_token: np.ndarray, w1: _Entries) -> _Entries:
    """Read a model whose packed numbers are ranks within what W1 knows to follow the last token."""
    start = _starts(_lengths(columns, name))
    ranks = running_sum_per_context(
        join_small_numbers(columns[f"{name}.ids"], columns[f"{name}.ids_low"]), start
    )
    w1_order = rank_in_context(w1.start, w1.levels)
    ids = w1.ids[w1_order[np.repeat(w1.start[last_token], np.diff(start)) + ranks]]
    return _sorted_entries(start, ids, columns[f"{name}.levels"])


def _sorted_entries(start: np.ndarray, ids: np.ndarray, levels: np.ndarray) -> _Entries:
    contexts = np.repeat(np.arange(len(start) - 1, dtype=np.int64), np.diff(start))
    order = np.argsort((contexts << 17) + ids, kind="stable")
    return _Entries(start, ids[order], levels[order])


def _read_vocabulary(shared: np.ndarray, suffixes: np.ndarray, ends: set[int]) -> list[bytes]:
    """Undo front coding: each token shares some first bytes with the one before and closes with an end sign."""
    text = suffixes.tobytes()
    is_end = np.isin(suffixes, list(ends))
    stops = (np.flatnonzero(is_end) + 1).tolist()
    vocabulary, token, begin = [], b"", 0
    for length, stop in zip(shared.tolist(), stops, strict=True):
        token = token[:length] + text[begin:stop]
        vocabulary.append(token)
        begin = stop
    return vocabulary


@lru_cache
def load_tables(version: int) -> TextTables:
    """Return the shipped tables of a format version; read once, about a quarter of a second."""
    counts = _counts(tables.find("text_counts", version).since)
    weights = read_columns(tables.find("text_weights", version).read_bytes())
    return replace(counts, columns=counts.columns | weights)


@lru_cache
def _counts(version: int) -> TextTables:
    """What versions with different weights share."""
    return parse_counts(tables.find("text_counts", version).read_bytes())


def parse_counts(data: bytes) -> TextTables:
    """Turn a file of counts into tables that lack the columns of the weights."""
    columns = read_columns(data)
    symbols = columns.pop("symbols").tobytes().decode("latin-1")
    splits = {(int(low), int(high)): int(cut) for low, cut, high in columns.pop("splits")}
    ends = {symbols.index(" "), symbols.index("\0")}
    vocabulary = _read_vocabulary(columns.pop("vocabulary.shared"), columns.pop("vocabulary.suffixes"), ends)
    size = len(vocabulary)
    unigram = _Entries(np.array([0, size]), np.arange(size), columns["W0.levels"])
    by_frequency = frequency_order(unigram.levels, 2)
    entries = {"W0": unigram}
    for name in ("W1", "S2"):
        entries[name] = _read_words(columns, name, by_frequency)
    last_token = entries["W1"].ids
    for name in ("W2", "W3"):
        entries[name] = _read_nested(columns, name, last_token, entries["W1"])
        last_token = entries[name].ids
    for name in CHARACTER_MODELS:
        entries[name] = _Entries(
            _starts(_lengths(columns, name)), columns[f"{name}.ids"], columns[f"{name}.levels"]
        )
    models = {name: entries[name].model() for name in (*WORD_MODELS, *CHARACTER_MODELS)}
    return TextTables(symbols, splits, vocabulary, models, columns)
