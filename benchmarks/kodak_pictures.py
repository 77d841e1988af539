"""Runs a measurement over the Kodak pictures, with their captions, in several processes."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import yaml

HERE = Path(__file__).parent


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add --data and --workers, which `measure_pictures` takes."""
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data" / "kodak")
    parser.add_argument("--workers", type=int, default=os.cpu_count())


def measure_pictures(
    options: argparse.Namespace, run_picture: Callable[..., list[dict]], *arguments: object
) -> tuple[int, list[dict]]:
    """The number of pictures and all rows of `run_picture(path, caption, *arguments)`, in their order.

    Without pictures it says so and returns none.
    """
    paths = sorted(options.data.glob("kodim*.png"))
    if not paths:
        print(f"skipped: no Kodak pictures in {options.data}; name their folder with --data")
        return 0, []
    captions = yaml.safe_load((HERE / "kodak_captions.yaml").read_text(encoding="utf-8"))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before the workers import numpy
        os.environ.setdefault(name, "1")
    rows: list[dict] = []
    with ProcessPoolExecutor(options.workers) as pool:
        jobs = [pool.submit(run_picture, path, captions[path.stem], *arguments) for path in paths]
        for number, job in enumerate(jobs, 1):
            rows += job.result()
            print(f"\r{number} of {len(paths)} pictures", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return len(paths), rows
