"""Rebuilds all of the painter's tables in place: python -m training.painter --data ../shared/data

In order, since each builds on the ones before: descriptors, sketch, colour map and its signs. From the same
pictures and library versions the files come out byte for byte the same. About half an hour on one core.
Tables that came out otherwise belong to a new format version: `python -m training.tables` shows which do.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with cid22 and aigi")
    data = parser.parse_args().data
    # Sums depend on how threads share them out; BLAS reads these when numpy is imported.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    import cv2

    from training.painter import colour_model, descriptor_model, sketch_model

    cv2.setNumThreads(1)
    descriptor_model.build(data)
    sketch_model.build(data)
    colour_model.build(data)


if __name__ == "__main__":
    main()
