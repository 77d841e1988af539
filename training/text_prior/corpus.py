"""The captions the text prior is trained on, as arrays of symbols and tokens."""

import heapq
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from textsketch.semantic.text.alphabet import (
    ALPHABET,
    START_CLASS,
    character_class,
    fold,
    length_level,
    split_tokens,
    style_context,
)


@dataclass(frozen=True)
class Source:
    """One file of captions, a caption a line.

    token_weight: what an occurrence counts when the vocabulary is chosen (two or more are needed).
    mixer_percent: part of the lines that trains the mixing weights. The network must not see them, or the mixer
        would learn to trust it too much.
    net_share: share of the other lines that train the network; above 1 repeats them.
    held_out: whether every tenth line (by checksum) is kept for the benchmark.
    """

    file: str
    token_weight: float
    mixer_percent: int
    net_share: float
    held_out: bool = False


SOURCES = [
    Source("coco_train.txt", 2, 15, 2),
    Source("multi30k_train.txt", 1, 8, 1, held_out=True),
    Source("cmcbench_gpt4v_train.txt", 2, 15, 5, held_out=True),
    Source("cmcbench_qwen_train.txt", 2, 15, 4, held_out=True),
    Source("phrases_flavors.txt", 0.5, 8, 0.35),
    Source("phrases_artists.txt", 1, 8, 1),
    Source("phrases_mediums.txt", 2, 0, 2),
    Source("phrases_movements.txt", 2, 0, 2),
    Source("phrases_negative.txt", 2, 0, 2),
]
"""Remove a line to build a prior without that source."""


def is_held_out(line: str) -> bool:
    """Return whether a line belongs to the tenth that is never trained on."""
    return zlib.crc32(line.encode()) % 10 == 0


def draw(line: str, salt: str) -> float:
    """Return a number in [0, 1) that depends on nothing but the line and the salt."""
    return zlib.crc32((salt + line).encode()) / 2**32


def trains_mixer(line: str, source: int) -> bool:
    """Return whether a line trains the mixing weights and not the network."""
    return zlib.crc32(b"mix" + line.encode()) % 100 < SOURCES[source].mixer_percent


def read_lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]


def read_training(data: Path) -> list[tuple[str, int]]:
    """Return all training lines with the number of their source."""
    return [
        (line, number)
        for number, source in enumerate(SOURCES)
        for line in read_lines(data / "captions" / source.file)
        if not (source.held_out and is_held_out(line))
    ]


def read_held_out(data: Path, source: Source) -> list[str]:
    return [line for line in read_lines(data / "captions" / source.file) if is_held_out(line)]


@dataclass
class Alphabet:
    """Symbols in the order of the leaves of a Huffman tree, so that subtrees are ranges of symbols.

    split[low, high] is where the tree cuts the range [low, high) in two.
    """

    symbols: str
    split: np.ndarray
    number_of: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.number_of = np.zeros(256, np.uint8)
        for number, symbol in enumerate(self.symbols):
            self.number_of[ord(symbol)] = number

    def spell(self, token: str) -> bytes:
        return self.number_of[np.frombuffer(token.encode("latin-1"), np.uint8)].tobytes()


def huffman_alphabet(lines: list[str]) -> Alphabet:
    counts = np.bincount(np.frombuffer("".join(map(fold, lines)).encode("latin-1"), np.uint8), minlength=256)
    heap = [(int(counts[ord(symbol)]) + 1, i, symbol) for i, symbol in enumerate(ALPHABET)]
    heapq.heapify(heap)
    serial = len(heap)
    while len(heap) > 1:
        first, second = heapq.heappop(heap), heapq.heappop(heap)
        heapq.heappush(heap, (first[0] + second[0], serial, (first[2], second[2])))
        serial += 1
    symbols: list[str] = []
    split = np.zeros((len(ALPHABET), len(ALPHABET) + 1), np.uint8)

    def visit(tree: object) -> None:
        if isinstance(tree, str):
            symbols.append(tree)
            return
        low = len(symbols)
        visit(tree[0])
        cut = len(symbols)
        visit(tree[1])
        split[low, len(symbols)] = cut

    visit(heap[0][2])
    return Alphabet("".join(symbols), split)


def choose_vocabulary(lines: list[tuple[str, int]], alphabet: Alphabet) -> dict[str, int]:
    """Return token -> id; ids ascend with the tokens' symbol numbers."""
    weights: Counter[str] = Counter()
    for line, source in lines:
        for token in split_tokens(fold(line)):
            weights[token] += SOURCES[source].token_weight
    kept = sorted((token for token, weight in weights.items() if weight >= 2), key=alphabet.spell)
    return {token: number for number, token in enumerate(kept)}


class Text:
    """Lines as flat arrays.

    symbols: (n,) uint8; line_start: (lines + 1,) first symbol of each line; tokens: (m,) vocabulary ids,
    -1 when unknown; token_line_start: (lines + 1,); source: (lines,); style: (n,) style context.
    """

    def __init__(self, lines: list[tuple[str, int]], alphabet: Alphabet, vocabulary: dict[str, int]) -> None:
        self.lines = [line for line, _ in lines]
        self.source = np.array([source for _, source in lines], np.int32)
        folded = [fold(line) for line in self.lines]
        tokens = [split_tokens(text) for text in folded]
        joined = "".join(folded)
        self.symbols = alphabet.number_of[np.frombuffer(joined.encode("latin-1"), np.uint8)]
        self.line_start = np.cumsum([0, *map(len, folded)]).astype(np.int64)
        self.token_line_start = np.cumsum([0, *map(len, tokens)]).astype(np.int64)
        self.tokens = np.array([vocabulary.get(t, -1) for line in tokens for t in line], np.int32)
        self.first_symbol = np.zeros(len(self.symbols), bool)
        self.first_symbol[self.line_start[:-1]] = True
        self.first_token = np.zeros(len(self.tokens), bool)
        self.first_token[self.token_line_start[:-1]] = True
        self.style = self._style(np.frombuffer(joined.encode("latin-1"), np.uint8))

    def _style(self, characters: np.ndarray) -> np.ndarray:
        classes = np.array([character_class(chr(c)) for c in range(256)])[characters]
        previous = previous_in_line(classes, self.first_symbol, START_CLASS)
        lengths = np.diff(self.line_start)
        begin = np.repeat(self.line_start[:-1], lengths)
        levels = np.array([length_level(n) for n in range(int(lengths.max()) + 1)])[
            np.arange(len(characters)) - begin
        ]
        stops = np.concatenate([[0], np.cumsum(characters == ord("."))])
        seen = stops[:-1] > stops[begin]
        lower = np.repeat([not "A" <= line[0] <= "Z" for line in self.lines], lengths)
        return style_context(lower.astype(np.int64), seen.astype(np.int64), levels, previous)


def previous_in_line(values: np.ndarray, first: np.ndarray, at_start: int) -> np.ndarray:
    """Return each item's predecessor in its line, `at_start` for a line's first."""
    shifted = np.empty_like(values)
    shifted[1:] = values[:-1]
    shifted[first] = at_start
    return shifted
