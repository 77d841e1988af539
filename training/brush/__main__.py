"""Trains a brush on the painter's own paintings: pairs, then the network, then WORK/brush.onnx.

    python -m training.brush --data ../shared/data --weights ../shared/weights/realesr-animevideov3-x4 \\
        --features craft_mlt_25k.pth --work ../brush

What is in the work folder already is not made again, so a run that was stopped goes on. On one idle core a
pair takes a second and a step a third of one (bfloat16 on a processor with AMX). The painter shades
sketches with it; copy it to textsketch/render/painter/shading.onnx when it is measured better than what is
there, on pictures it never saw. For colour maps the network as it comes, which `training.brush.export`
writes, paints crisper.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with cid22, coco_ccby and aigi")
    parser.add_argument("--weights", type=Path, required=True, help="holds realesr-animevideov3-x4.bin")
    parser.add_argument(
        "--features", type=Path, required=True, help="craft_mlt_25k.pth, see training/brush/features.py"
    )
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for pairs and the state of the training"
    )
    parser.add_argument("--pairs", type=int, default=900)
    parser.add_argument("--mode", action="append", help="a mode of the pairs to train on (default: all)")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--processes", type=int, default=1, help="that make pairs")
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    import cv2
    import torch

    from training.brush import graph, ncnn, pairs, train
    from training.brush.features import Features
    from training.brush.network import Brush

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    began, folder = time.monotonic(), options.work / "pairs"
    folder.mkdir(parents=True, exist_ok=True)
    make = partial(pairs.make, data=options.data, folder=folder)
    files = []
    numbers = [one for one in range(options.pairs) if pairs.mode_of(one) in (options.mode or pairs.MODES)]
    with ProcessPoolExecutor(options.processes) as pool:
        for number, file in enumerate(pool.map(make, numbers), 1):
            files.append(file)
            if number % 50 == 0 or number == len(numbers):
                print(f"pair {number} of {len(numbers)}, {time.monotonic() - began:.0f} s", flush=True)
    torch.manual_seed(0)
    start = Brush()
    start.start_from(ncnn.read(options.weights))
    trained = train.train(train.Pairs(files), start, Features(options.features), options.steps, options.work)
    assert trained is not None
    graph.export(trained, options.work / "brush.onnx")


if __name__ == "__main__":
    main()
