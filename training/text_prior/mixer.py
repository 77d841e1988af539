"""Trains and evaluates the mixing weights; the inner loop is mixer.c, compiled on the spot with `cc`."""

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from textsketch.semantic.text.ranges import CONFIDENCES
from textsketch.semantic.text.tables import COUNT_OF_LEVEL
from training.text_prior.corpus import Alphabet, Text, trains_mixer
from training.text_prior.counts import Model
from training.text_prior.pack import levels_of

MODEL_ORDER = ("W0", "W1", "W2", "W3", "S2", "NET", "O1", "O2", "O3", "O4", "O5", "ST")
MATCH_RANK = (1, 2, 3, 4, 0, 0, -1, -2, -3, -4, -5, 0)
SETS = {"weight_position": 30, "weight_order": 48, "weight_style": 32}
WEIGHT_SCALE = 8192
RATES = (0.004, 0.002, 0.001, 0.0005, 0.0002, 0.0001)


class _CModel(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("start", "ids", "cum", "raw", "context")),
        ("is_word", ctypes.c_int32),
        ("minimum", ctypes.c_int32),
    )


_SIZES = ("models", "vocabulary_size", "symbols", "net_words", "net_width", "net_exp_size", "quantised_size")
_ARRAYS = (
    *("model", "match_rank", "vocabulary_start", "vocabulary_text", "ends_token", "split", "quantised"),
    *("net_embedding", "net_bias", "net_exp", "weight_position", "weight_order", "weight_style"),
)
_TEXT_ARRAYS = ("symbols", "line_start", "token_line_start", "tokens", "style", "net_vector")


class _CMixer(ctypes.Structure):
    _fields_ = (*((name, ctypes.c_int32) for name in _SIZES), *((name, ctypes.c_void_p) for name in _ARRAYS))


class _CText(ctypes.Structure):
    _fields_ = (*((name, ctypes.c_void_p) for name in _TEXT_ARRAYS), ("held_in", ctypes.c_int32))


class Mixer:
    """The models with their mixing weights. texts: the training text first, then others to evaluate on.

    net: ids, embedding, word_bias and exp of the word network; net_vectors: its projections per text and token.
    """

    def __init__(
        self,
        texts: list[Text],
        models: list[Model],
        alphabet: Alphabet,
        vocabulary: list[bytes],
        net: dict[str, np.ndarray],
        net_vectors: list[np.ndarray],
    ) -> None:
        self._texts = texts
        self._keep: list[object] = []
        by_name = {model.name: model for model in models}
        count = len(MODEL_ORDER)
        self.weights = {
            name: np.full((sets, count, CONFIDENCES), value, np.float32)
            for (name, sets), value in zip(SETS.items(), (0.15, 0.1, 0.05), strict=True)
        }
        words = len(net["ids"])
        raw = np.arange(1, 400_000)
        quantised = np.concatenate([[0], np.array(COUNT_OF_LEVEL)[levels_of(raw)]])
        arrays = {
            "match_rank": np.array(MATCH_RANK, np.int32),
            "vocabulary_start": np.cumsum([0, *map(len, vocabulary)]).astype(np.int32),
            "vocabulary_text": np.frombuffer(b"".join(vocabulary) + b"\0", np.uint8),
            "ends_token": np.array([symbol in " \0" for symbol in alphabet.symbols], np.uint8),
            "split": alphabet.split,
            "quantised": quantised.astype(np.int32),
            "net_embedding": net["embedding"][:words].astype(np.int16),
            "net_bias": net["word_bias"].astype(np.int32),
            "net_exp": net["exp"].astype(np.int32),
            **self.weights,
        }
        self._mixer = _CMixer(
            count, len(vocabulary), len(alphabet.symbols), words, net["embedding"].shape[1], len(net["exp"]),
            len(quantised), 0, *(self._pointer(arrays[name]) for name in _ARRAYS[1:]),
        )  # fmt: skip
        self._models = []
        shared = {
            name: [self._pointer(a) for a in (m.start, m.ids, m.cumulative, m.raw)]
            for name, m in by_name.items()
        }
        net_ids = self._pointer(net["ids"].astype(np.int32))
        for t in range(len(texts)):
            table = (_CModel * count)()
            for i, name in enumerate(MODEL_ORDER):
                if name == "NET":
                    table[i] = _CModel(0, net_ids, 0, 0, 0, 2, 0)
                else:
                    m = by_name[name]
                    table[i] = _CModel(*shared[name], self._pointer(m.contexts[t]), int(m.is_word), m.minimum)
            self._models.append(table)
        self._c_texts = [
            _CText(
                *(self._pointer(getattr(text, name)) for name in _TEXT_ARRAYS[:4]),
                self._pointer(text.style.astype(np.int32)),
                self._pointer(vectors.astype(np.int16)),
                int(t == 0),
            )
            for t, (text, vectors) in enumerate(zip(texts, net_vectors, strict=True))
        ]
        self._library = _compile()

    def _pointer(self, array: np.ndarray) -> int:
        array = np.ascontiguousarray(array)
        self._keep.append(array)
        return array.ctypes.data

    def run(self, text: int, lines: np.ndarray, rate: float) -> np.ndarray:
        """Code lines of a text, in that order; return each line's bits. A rate above 0 trains the weights."""
        self._mixer.model = ctypes.cast(self._models[text], ctypes.c_void_p)
        bits = np.zeros(len(self._texts[text].lines))
        order = np.ascontiguousarray(lines, np.int32)
        self._library.run_lines(
            ctypes.byref(self._mixer),
            ctypes.byref(self._c_texts[text]),
            ctypes.c_void_p(order.ctypes.data),
            len(order),
            ctypes.c_double(rate),
            ctypes.c_void_p(bits.ctypes.data),
        )
        return bits

    def train(self, report) -> None:
        """Train the weights on a share of every source; `report(rate)` is called after each pass."""
        text = self._texts[0]
        chosen = [trains_mixer(line, source) for line, source in zip(text.lines, text.source, strict=True)]
        for epoch, rate in enumerate(RATES):
            order = np.flatnonzero(chosen)
            np.random.default_rng(epoch).shuffle(order)
            self.run(0, order, rate)
            report(rate)

    def integer_weights(self) -> dict[str, np.ndarray]:
        """Return the weights as the coder uses them: (sets, models x confidences) in 1 / WEIGHT_SCALE."""
        return {
            name: np.rint(w * WEIGHT_SCALE).clip(-32767, 32767).astype(np.int16).reshape(len(w), -1)
            for name, w in self.weights.items()
        }


def _compile() -> ctypes.CDLL:
    library = Path(tempfile.mkdtemp()) / "mixer.so"
    source = Path(__file__).with_name("mixer.c")
    subprocess.run(
        ["cc", "-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC", "-o", library, source, "-lm"],
        check=True,
    )
    loaded = ctypes.CDLL(str(library))
    loaded.run_lines.restype = ctypes.c_double
    return loaded
