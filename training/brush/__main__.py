"""Trains the brush's networks on the painter's own paintings: pairs, then the network, then WORK/NAME.onnx.

    python -m training.brush --data ../shared/data --weights ../shared/weights/realesr-animevideov3-x4 \\
        --letters craft_mlt_25k.pth --scenes open-nsfw.onnx --work ../brush

What is in the work folder already is not made again, so a run that was stopped goes on. On one core a sketch
takes a tenth of a second, a painting a third, a step of the shading network half a second (bfloat16 on a
processor with AMX); the sharpening network wants a GPU, see docs/painter.md.
A network is for textsketch/render/painter when it is measured better than what is there, on pictures it never
saw.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from textsketch.layers import Mode

if TYPE_CHECKING:
    from training.brush.train import Task

MODES = {"shading": Mode.TEXT_SKETCH, "sharpening": Mode.THREE_LAYER}
"""The networks, and the mode of the files each paints."""
_PAIRS = {"shading": 1700, "sharpening": 4200}
_STEPS = {"shading": 3000, "sharpening": 16000}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with cid22, coco_ccby and aigi")
    parser.add_argument("--weights", type=Path, required=True, help="holds realesr-animevideov3-x4.bin")
    for name, file in (("letters", "craft_mlt_25k.pth"), ("scenes", "open-nsfw.onnx")):
        parser.add_argument(
            f"--{name}", type=Path, required=True, help=f"{file}, see training/brush/features.py"
        )
    parser.add_argument(
        "--work", type=Path, required=True, help="folder for pairs and the states of the training"
    )
    parser.add_argument("--network", action="append", choices=MODES, help="train this one (default: all)")
    parser.add_argument("--pairs", type=int, help="so many of each (default: as many as the package's)")
    parser.add_argument("--steps", type=int, help="so many of each (default: as many as the package's)")
    parser.add_argument("--processes", type=int, default=1, help="that make pairs, and cut patches for a GPU")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="that trains (default: a GPU if any)")
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    import cv2
    import torch

    from training.brush import graph, losses, ncnn, train
    from training.brush.features import Letters, Scenes

    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    device = options.device or ("cuda" if torch.cuda.is_available() else "cpu")
    networks = losses.Networks(Letters(options.letters).to(device), Scenes(options.scenes).to(device))
    for name in options.network or MODES:
        work = options.work / name
        task = {"shading": train.SHADING, "sharpening": train.SHARPENING}[name]
        files = make_pairs(name, task, options)
        torch.manual_seed(0)
        start = task.network()
        start.start_from(ncnn.read(options.weights))
        steps = options.steps or _STEPS[name]
        cutting = options.processes if device == "cuda" else 0
        trained = train.train(
            task, train.Pairs(files, task), start, networks, steps, work, device=device, processes=cutting
        )
        assert trained is not None
        graph.export(trained.cpu(), options.work / f"{name}.onnx")


def make_pairs(name: str, task: Task, options: argparse.Namespace) -> list[Path]:
    """The files of a network's prepared pairs, made where they are missing."""
    count = options.pairs or _PAIRS[name]
    began, folder, files = time.monotonic(), options.work / name / "pairs", []
    folder.mkdir(parents=True, exist_ok=True)
    make = partial(prepared_pair, mode=MODES[name], task=task, data=options.data, folder=folder)
    with ProcessPoolExecutor(options.processes) as pool:
        for number, file in enumerate(pool.map(make, range(count), chunksize=4), 1):
            files.append(file)
            if number % 50 == 0 or number == count:
                print(f"{name}: pair {number} of {count}, {time.monotonic() - began:.0f} s", flush=True)
    return files


def prepared_pair(number: int, mode: Mode, task: Task, data: Path, folder: Path) -> Path:
    from training.brush import pairs, train

    return train.prepare(pairs.make(number, mode, data, folder), task)


if __name__ == "__main__":
    main()
