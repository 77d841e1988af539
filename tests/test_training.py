"""What makes the shipped tables: that it computes what the coders compute, and comes out the same each time."""

import math
import random
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from textsketch.codestream.tables import NEWEST, find
from textsketch.semantic.text import model as text_model
from textsketch.semantic.text import word_net
from textsketch.semantic.text.lookup import Lookup
from textsketch.semantic.text.tables import load_tables, parse_counts, read_columns
from textsketch.semantic.text.word_net import WordNetTables
from training.text_prior.build import is_weight
from training.text_prior.corpus import Text, choose_vocabulary, huffman_alphabet
from training.text_prior.counts import count_models
from training.text_prior.mixer import Mixer
from training.text_prior.net_projections import projections
from training.text_prior.pack import Columns, add_arithmetic, add_models, add_vocabulary

WORDS = (
    "a",
    "the",
    "red",
    "old",
    "small",
    "dog",
    "cat",
    "tree",
    "beach",
    "runs",
    "sits",
    "on",
    "near",
    "with",
    "of",
)
ENDS = (".", "!", ", 1999", "")


def sentences(count: int, seed: int) -> list[str]:
    """Lines that repeat enough for every context to know something."""
    chance = random.Random(seed)
    lines = []
    for _ in range(count):
        line = " ".join(chance.choices(WORDS, range(len(WORDS), 0, -1), k=chance.randint(2, 8)))
        lines.append((line.capitalize() if chance.random() < 0.5 else line) + chance.choice(ENDS))
    return lines


def small_network(vocabulary_size: int) -> dict[str, np.ndarray]:
    """A word network of random weights that knows every second word."""
    chance = np.random.default_rng(5)
    ids = np.arange(0, vocabulary_size, 2)
    columns = load_tables(NEWEST).columns
    return {
        "ids": ids,
        "embedding": chance.integers(-60, 61, (len(ids) + 2, 6)),
        "word_bias": chance.integers(-500, 501, len(ids)),
        "gates": chance.integers(-60, 61, (6 + 4, 8)),
        "gate_bias": chance.integers(-500, 501, 8),
        "projection": chance.integers(-60, 61, (4, 6)),
        "projection_bias": chance.integers(-500, 501, 6),
        **{name: columns[f"net.{name}"] for name in ("sigmoid", "tanh", "exp")},
    }


class BitSum:
    """A bit coder that adds up information."""

    def __init__(self) -> None:
        self.bits = 0.0

    def bit(self, value: int, probability_one: int) -> int:
        self.bits -= math.log2((probability_one if value else 65536 - probability_one) / 65536)
        return value


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler on the PATH (Debian: apt install gcc)")
def test_the_mixer_in_c_hears_the_contexts_that_the_coder_hears(tmp_path, monkeypatch):
    lines = [(line, 0) for line in sentences(300, 1)]
    alphabet = huffman_alphabet([line for line, _ in lines])
    vocabulary = choose_vocabulary(lines, alphabet)
    spelt = [alphabet.spell(token) for token in vocabulary]
    unseen = [*sentences(25, 2), "A zebra, of 17 cats!", "the the the", "xylophone"]
    texts = [Text(lines, alphabet, vocabulary), Text([(line, 0) for line in unseen], alphabet, vocabulary)]
    net = small_network(len(vocabulary))
    models = count_models(texts[0], texts[1:], alphabet, len(vocabulary))
    mixer = Mixer(texts, models, alphabet, spelt, net, [projections(text, net) for text in texts])
    chance = np.random.default_rng(0)
    for weights in mixer.weights.values():  # every place its own weight, so that a wrong place shows
        weights[...] = chance.uniform(-0.05, 0.2, weights.shape)
    by_mixer = mixer.run(1, np.arange(len(unseen)), 0.0)

    columns = Columns()
    columns.add("symbols", np.frombuffer(alphabet.symbols.encode("latin-1"), np.uint8), "u1")
    low, high = np.nonzero(alphabet.split)
    columns.add("splits", np.stack([low, alphabet.split[low, high], high], axis=1), "u1")
    add_vocabulary(columns, spelt)
    add_models(columns, {model.name: model for model in models}, len(vocabulary))
    add_arithmetic(columns)
    for name, weights in mixer.integer_weights().items():
        columns.add(name, weights, "<i2")
    for name, values in net.items():
        columns.add(f"net.{name}", values, "<i4")
    columns.write(tmp_path / "weights", [name for name in columns.names if is_weight(name)])
    columns.write(tmp_path / "counts", [name for name in columns.names if not is_weight(name)])
    tables = parse_counts((tmp_path / "counts").read_bytes())
    tables.columns.update(read_columns((tmp_path / "weights").read_bytes()))
    monkeypatch.setattr(text_model, "load_tables", lambda version: tables)
    look, own_net = Lookup(tables), WordNetTables(tables.columns)
    monkeypatch.setattr(text_model, "lookup", lambda version: look)
    monkeypatch.setattr(word_net, "_tables", lambda version: own_net)

    by_coder = []
    for number, line in enumerate(unseen):
        coder = BitSum()
        model = text_model.TextModel(coder, not "A" <= line[0] <= "Z", NEWEST)
        begin, end = texts[1].line_start[number : number + 2]
        for symbol in texts[1].symbols[begin:end]:
            model.code(int(symbol))
        by_coder.append(coder.bits)
    # The coder's weights and logarithms are rounded, a twentieth of a bit a line; a context in the wrong place
    # costs more.
    assert np.abs(by_mixer - by_coder).max() < 0.15


def test_the_shipped_text_tables_are_divided_as_their_maker_divides_them():
    counts, weights = (set(find(name, NEWEST).arrays) for name in ("text_counts", "text_weights"))
    assert not any(map(is_weight, counts)) and all(map(is_weight, weights))


@pytest.mark.slow
def test_training_the_soft_edge_codec_gives_the_same_file_again(tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("compressai")
    from training.ntc import train

    maps = np.random.default_rng(0).integers(0, 256, (2, 256, 256)).astype(np.uint8)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for name in ("first.npz", "second.npz"):
            train.export(train.train(maps, steps=2, seed=3), maps[:1], tmp_path / name)
    finally:
        torch.set_num_threads(threads)
    files = [dict(np.load(tmp_path / name)) for name in ("first.npz", "second.npz")]
    shapes = {name: f"{array.dtype} {' x '.join(map(str, array.shape))}" for name, array in files[0].items()}
    assert shapes == find("ntc", NEWEST).arrays
    assert all(np.array_equal(array, files[1][name]) for name, array in files[0].items())


def test_sketches_are_counted_with_the_contexts_of_the_coder():
    pytest.importorskip("torch")
    from training.painter import sketch_model

    counted = sketch_model.Count(8)
    assert counted.code(SimpleNamespace(), 3, 1) == 1 and counted.counts[3].tolist() == [0, 1]
    shares = sketch_model._probability(np.array([[9.0, 1.0], [0.0, 0.0]]), 0.5)
    assert shares.tolist() == [round((1 + 2) / 14 * 65536), 32768]
