"""How much nearer the brush brings a painting in the eyes of a network that had no part in its training.

The judge is NudeNet's detector (a YOLOv8n, in the wheel nudenet 3.4.2), run by onnxruntime. Pictures are
compared by four of its inner layers, each place of unit length, as LPIPS does it (R. Zhang et al., arXiv
1801.03924), without weights. Kodak's pictures were never trained on, nor was every tenth of CID22. Prints a
table and writes benchmarks/brush.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

import numpy as np
from PIL import Image

DATA = Path(__file__).parents[2] / "shared" / "data"
SIZES_BYTES = (300, 600, 1000)
_LAYERS = ("/model.0/act", "/model.2/cv2/act", "/model.4/cv2/act", "/model.6/cv2/act")


@cache
def _judge():
    import onnx
    import onnxruntime

    found = importlib.util.find_spec("nudenet")
    if found is None or found.origin is None:
        raise SystemExit("nudenet is needed: make bench-brush")
    model = onnx.load(Path(found.origin).with_name("320n.onnx"))
    del model.graph.output[:]
    model.graph.output.extend(
        onnx.helper.make_tensor_value_info(f"{name}/Mul_output_0", onnx.TensorProto.FLOAT, None)
        for name in _LAYERS
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def seen(picture: Image.Image) -> list[np.ndarray]:
    """The judge's layers of an RGB picture, each place of unit length."""
    whole = [side // 32 * 32 for side in picture.size]
    given = np.asarray(picture.crop((0, 0, *whole)), np.float32).transpose(2, 0, 1)[None] / 255
    layers = _judge().run(None, {_judge().get_inputs()[0].name: given})
    return [layer / np.sqrt(np.square(layer).sum(1, keepdims=True) + 1e-8) for layer in layers]


def distance(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    """0 to 2 for pictures with opposite features, about 1 for unlike ones."""
    return float(np.mean([np.square(a - b).sum(1).mean() for a, b in zip(one, other, strict=True)]))


def cid22(data: Path, *, held_out: bool) -> list[Path]:
    """The pictures of CID22 that training never sees, or those it does."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from training.brush.pairs import sources

    return [path for path, _ in sources(data, held_out)[0]]


def measure(path: Path, sizes: tuple[int, ...]) -> list[tuple[float, float]]:
    """The distances of the plain painting and of the brush's, at each size."""
    import textsketch as ts

    picture = Image.open(path).convert("RGB")
    original, out = seen(picture), []
    for size in sizes:
        layers = ts.encode(
            picture, budget=round(size * (picture.width * picture.height / 393216) ** 0.5)
        ).layers
        plain, brushed = (distance(seen(ts.paint(layers, brush=on)), original) for on in (False, True))
        out.append((plain, brushed))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with kodak and cid22")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES_BYTES, help="bytes, for 768x512 pixels")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("brush.md"))
    options = parser.parse_args()
    sets = {
        "Kodak": sorted((options.data / "kodak").glob("*.png")),
        "CID22, held out": cid22(options.data, held_out=True),
    }
    if not all(sets.values()):
        print(f"no pictures in {options.data}: kodak and cid22 are needed")
        return
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    lines = ["| pictures | size | plain | brush | change | nearer |", "|---|---|---|---|---|---|"]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for name, files in sets.items():
            found = np.array(list(pool.map(partial(measure, sizes=tuple(options.sizes)), files)))
            for index, size in enumerate(options.sizes):
                plain, brushed = found[:, index].T
                change = 100 * (brushed.mean() / plain.mean() - 1)
                lines.append(
                    f"| {name} ({len(files)}) | {size} B | {plain.mean():.4f} | {brushed.mean():.4f} "
                    f"| {change:+.1f} % | {(brushed < plain).sum()} of {len(files)} |"
                )
    text = (
        "# The brush in the eyes of a network that had no part in its training\n\n"
        "Mean distances of inner features of NudeNet's detector between picture and painting, with grain, made "
        "by `make bench-brush`. Sizes are for 768 x 512 pixels; smaller pictures get fewer bytes, by the root "
        f"of their area.\n\n{chr(10).join(lines)}\n"
    )
    print(text)
    options.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
