"""Builds the tables text_counts and text_weights, the prior of the text coder, from the caption files.

    python -m training.text_prior.build --data ../shared/data --out folder

Takes about half an hour on one idle core, most of it for the word network; `--keep-net` takes the network of the
present table and needs neither torch nor that time. Needs a C compiler (`cc`). The sources are one list, SOURCES
in corpus.py. Prints what the tenth of each source that was held out, and coco_dev, cost.
"""

import argparse
from pathlib import Path

import numpy as np

from textsketch.codestream.tables import NEWEST
from textsketch.semantic.text.tables import load_tables
from training.text_prior.case import case_columns
from training.text_prior.corpus import (
    SOURCES,
    Text,
    choose_vocabulary,
    huffman_alphabet,
    read_held_out,
    read_lines,
    read_training,
)
from training.text_prior.counts import count_models
from training.text_prior.mixer import SETS, Mixer
from training.text_prior.net_projections import projections
from training.text_prior.pack import Columns, add_arithmetic, add_models, add_vocabulary

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--keep-net", action="store_true", help="take the word network of the present table")
    parser.add_argument("--out", type=Path, required=True, help="folder for the two files")
    arguments = parser.parse_args()
    lines = read_training(arguments.data)
    alphabet = huffman_alphabet([line for line, _ in lines])
    vocabulary = choose_vocabulary(lines, alphabet)
    spelt = [alphabet.spell(token) for token in vocabulary]
    print(f"{len(lines)} lines, {len(vocabulary)} tokens", flush=True)

    training = Text(lines, alphabet, vocabulary)
    held_out = {s.file: read_held_out(arguments.data, s) for s in SOURCES if s.held_out}
    held_out["coco_dev.txt"] = read_lines(arguments.data / "captions/coco_dev.txt")
    held_out["text_prompts.txt"] = read_lines(ROOT / "benchmarks/text_prompts.txt")
    others = [Text([(line, 0) for line in part], alphabet, vocabulary) for part in held_out.values()]

    net = present_network() if arguments.keep_net else train_network(training, lines, vocabulary)
    models = count_models(training, others, alphabet, len(vocabulary))
    mixer = train_mixer(training, held_out, others, models, alphabet, spelt, net)

    columns = Columns()
    columns.add("symbols", np.frombuffer(alphabet.symbols.encode("latin-1"), np.uint8), "u1")
    low, high = np.nonzero(alphabet.split)
    columns.add("splits", np.stack([low, alphabet.split[low, high], high], axis=1), "u1")
    add_vocabulary(columns, spelt)
    add_models(columns, {model.name: model for model in models}, len(vocabulary))
    add_arithmetic(columns)
    for name, weights in mixer.integer_weights().items():
        columns.add(name, weights, "<i2")
    for name, values in case_columns(lines, vocabulary).items():
        columns.add(f"case.{name}", values, "<i2" if name != "weights" else "<i4")
    for name, values in net.items():
        columns.add(f"net.{name}", values, "i1" if values.ndim == 2 else "<i4")
    arguments.out.mkdir(parents=True, exist_ok=True)
    weights = [name for name in columns.names if is_weight(name)]
    sizes = columns.write(arguments.out / "text_weights.bin", weights)
    counts = [name for name in columns.names if name not in weights]
    sizes |= columns.write(arguments.out / "text_counts.bin", counts)
    for name in dict.fromkeys(column.split(".")[0] for column in sizes):
        print(f"{name:16} {sum(s for column, s in sizes.items() if column.split('.')[0] == name):8}")
    for path in sorted(arguments.out.glob("text_*.bin")):
        print(f"{path}: {path.stat().st_size} bytes")


def is_weight(column: str) -> bool:
    """Whether a column is trained on the counts; the network's functions are arithmetic that never changes."""
    return column in SETS or (
        column.startswith("net.") and column not in ("net.sigmoid", "net.tanh", "net.exp")
    )


def present_network() -> dict[str, np.ndarray]:
    columns = load_tables(NEWEST).columns
    return {name.removeprefix("net."): values for name, values in columns.items() if name.startswith("net.")}


def train_network(training: Text, lines: list, vocabulary: dict[str, int]) -> dict[str, np.ndarray]:
    from training.text_prior import word_net

    return word_net.train(training, word_net.choose_words(lines, vocabulary))


def train_mixer(training, held_out, others, models, alphabet, spelt, net) -> Mixer:
    texts = [training, *others]
    mixer = Mixer(texts, models, alphabet, spelt, net, [projections(text, net) for text in texts])

    def report(rate: float) -> None:
        found = []
        for number, (name, part) in enumerate(held_out.items(), 1):
            bits = mixer.run(number, np.arange(len(part)), 0.0)
            found.append(f"{name.split('.')[0]} {bits.mean() / 8:.3f}")
        print(f"mixing weights, rate {rate}: bytes a line without case: {', '.join(found)}", flush=True)

    mixer.train(report)
    return mixer


if __name__ == "__main__":
    main()
