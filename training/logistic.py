"""Makes the table of the logistic function that turns a network's logits into probabilities.

    python -m training.logistic --out logistic.npz

Entry i is 65536 / (1 + e^-x) at x = (i - LOGIT_LIMIT) / LOGIT_ONE, rounded, and never 0 or 65536.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from textsketch.entropy.network import LOGIT_LIMIT, LOGIT_ONE
from textsketch.entropy.range_coder import PROBABILITY_ONE


def arrays() -> dict[str, np.ndarray]:
    """The table's arrays."""
    odds = np.arange(-LOGIT_LIMIT, LOGIT_LIMIT + 1) / LOGIT_ONE
    probability = np.rint(PROBABILITY_ONE / (1 + np.exp(-odds)))
    return {"probability": np.clip(probability, 1, PROBABILITY_ONE - 1).astype(np.uint16)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    np.savez_compressed(parser.parse_args().out, **arrays())


if __name__ == "__main__":
    main()
