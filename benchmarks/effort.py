"""What each effort of the painter's encoder takes and gives, step by step, on Kodak pictures.

Times are processor time of one thread, each question asked in a process that knows nothing of the picture; the
second question is the same picture with another caption. --beside names another checkout of textsketch that is
measured in the same run.
"""

from __future__ import annotations

import argparse
import collections
import functools
import importlib
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import yaml

HERE = Path(__file__).parent
SIZES_BYTES = (300, 1200, 3000)
STEPS = {
    "the colour map is quantised": ("texture.rdo_quantiser", "quantise"),
    "the colour map is packed": ("texture.colour_coder", "pack"),
    "wavelet": ("texture.wavelet", "StrokeWavelet", "__init__ forward inverse"),
    "lines are found": ("structure.edges", "find"),
    "the colour map is unpacked": ("texture.colour_coder", "unpack"),
    "the brush's network": ("render.painter.small_networks", "run"),
}
"""What is timed by itself, without what it calls of the others: the rest is small things."""


class Steps:
    """Processor time by step."""

    def __init__(self) -> None:
        self.seconds: collections.Counter[str] = collections.Counter()
        self._inner: list[float] = [0.0]
        for step, (place, name, *methods) in STEPS.items():
            module = importlib.import_module(f"textsketch.{place}")
            if methods:
                for method in methods[0].split():
                    self._time(step, getattr(module, name), method)
                continue
            known = getattr(module, name)
            for user in list(sys.modules.values()):
                if (
                    getattr(user, "__name__", "").startswith("textsketch")
                    and getattr(user, name, None) is known
                ):
                    self._time(step, user, name)

    def _time(self, step: str, owner: object, name: str) -> None:
        function = getattr(owner, name)

        @functools.wraps(function)
        def timed(*arguments, **options):
            started, _ = time.process_time(), self._inner.append(0.0)
            try:
                return function(*arguments, **options)
            finally:
                seconds = time.process_time() - started
                self.seconds[step] += seconds - self._inner.pop()
                self._inner[-1] += seconds

        setattr(owner, name, timed)

    def take(self) -> dict[str, float]:
        taken, self.seconds = dict(self.seconds), collections.Counter()
        return taken


def ask(path: str, caption: str, size_bytes: int, effort: int | None) -> dict:
    """Encode and decode once, in a process of its own."""
    import numpy as np

    import textsketch as ts
    from textsketch.measure.metrics.pixels import psnr_db

    steps = Steps()
    told = {} if effort is None else {"effort": effort}

    def encode(text: str) -> tuple[object, float, dict[str, float]]:
        started = time.process_time()
        encoded = ts.encode(picture, budget=size_bytes, caption=text, **told)
        return encoded, time.process_time() - started, steps.take()

    def decode(**rendering: object) -> tuple[object, float]:
        started = time.process_time()
        return ts.decode(encoded.data, **rendering).image, time.process_time() - started

    from PIL import Image

    picture = Image.open(path).convert("RGB")
    encoded, encode_s, encode_steps = encode(caption)
    image, decode_s = decode()
    decode_steps = steps.take()
    plain, plain_s = decode(brush=False)
    _, second_s, _ = encode(f"{caption}, once more")
    assert np.asarray(image).shape == np.asarray(picture).shape
    return {
        "bytes": encoded.size_bytes / size_bytes,
        "psnr": psnr_db(picture, image),
        "plain": psnr_db(picture, plain),
        "encode": encode_s,
        "decode": decode_s,
        "plain_decode": plain_s,
        "second": second_s,
        "steps": {step: encode_steps.get(step, 0) + decode_steps.get(step, 0) for step in STEPS},
    }


def run_tree(paths: list[str], efforts: list[int | None]) -> None:
    """Ask everything of this process's textsketch and print it as JSON."""
    import cv2

    cv2.setNumThreads(1)
    import textsketch as ts
    from textsketch.render import registry  # noqa: F401  (imports what every question needs)

    captions = yaml.safe_load((HERE / "kodak_captions.yaml").read_text(encoding="utf-8"))
    from PIL import Image

    ts.encode(Image.radial_gradient("L").resize((64, 48)), budget=200, caption="a ring").decoded.load()
    rows = []
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        for path in paths:
            for size_bytes in SIZES_BYTES:
                for effort in efforts:
                    row = pool.apply(ask, (path, captions[Path(path).stem], size_bytes, effort))
                    rows.append(row | {"size": size_bytes, "effort": effort})
    print(json.dumps(rows))


def measure(tree: Path, path: str, efforts: list[int | None]) -> list[dict]:
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    asked = [sys.executable, __file__, "--paths", path, "--efforts", json.dumps(efforts)]
    environment = os.environ | threads | {"PYTHONPATH": str(tree)}
    done = subprocess.run(asked, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "data" / "kodak")
    parser.add_argument("--every", type=int, default=5, help="take every nth picture (default: %(default)s)")
    parser.add_argument("--beside", type=Path, metavar="DIR", help="another checkout, without efforts")
    parser.add_argument("--paths", nargs="+", help=argparse.SUPPRESS)
    parser.add_argument("--efforts", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.paths:
        run_tree(options.paths, options.efforts)
        return
    paths = [str(path) for path in sorted(options.data.glob("kodim*.png"))][:: options.every]
    if not paths:
        print(f"skipped: no Kodak pictures in {options.data}; name their folder with --data")
        return
    rows: dict[str, list[dict]] = {}
    for path in paths:
        for row in measure(HERE.parent, path, [1, 2, 3]):
            rows.setdefault(f"effort {row['effort']}", []).append(row)
        if options.beside is not None:
            rows.setdefault("before", []).extend(measure(options.beside, path, [None]))
        print(f"\r{len(rows['effort 1']) // len(SIZES_BYTES)} of {len(paths)}", end="", file=sys.stderr)
    print(f"\n{len(paths)} Kodak pictures; seconds of the processor\n", file=sys.stderr)
    print(
        "| size | | PSNR | plain PSNR | bytes used, least | encode s | again s | decode s | plain decode s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")

    def mean(group: list[dict], key: str) -> float:
        return statistics.mean(row[key] for row in group)

    for size in SIZES_BYTES:
        for name, found in rows.items():
            group = [row for row in found if row["size"] == size]
            cells = [f"{mean(group, key):.2f}" for key in ("encode", "second", "decode", "plain_decode")]
            quality = f"{mean(group, 'psnr'):.2f} | {mean(group, 'plain'):.2f}"
            used = f"{mean(group, 'bytes'):.1%}, {min(row['bytes'] for row in group):.1%}"
            print(f"| {size} B | {name} | {quality} | {used} | {' | '.join(cells)} |")
    print(f"\n| step at 1,200 B, ms | {' | '.join(rows)} |\n|---|{'---|' * len(rows)}")
    groups = [[row for row in found if row["size"] == 1200] for found in rows.values()]
    for step in STEPS:
        cells = [f"{1000 * statistics.mean(row['steps'][step] for row in group):.0f}" for group in groups]
        print(f"| {step} | {' | '.join(cells)} |")
    rest = [
        1000 * statistics.mean(row["encode"] + row["decode"] - sum(row["steps"].values()) for row in group)
        for group in groups
    ]
    print(f"| the rest | {' | '.join(f'{one:.0f}' for one in rest)} |")


if __name__ == "__main__":
    main()
