"""Rate and distortion of the NTC and of the stroke coder on the same soft edge maps.

    python training/ntc/measure.py --maps maps.npz

For each method and rate: bytes, bits per pixel of 512x512, the mean squared error of the map that the decoder
draws (0 to 1), and its correlation with the real one. Maps held out of the training, and Kodak's.
"""

import argparse
from pathlib import Path

import numpy as np

from textsketch.codestream.grids import grid_shape
from textsketch.codestream.tables import NEWEST
from textsketch.layers import Strokes
from textsketch.structure import detectors, line_drawing, ntc, sketch_coder
from textsketch.structure.lines import draw

SIZE = (512, 512)


def by_strokes(edges: np.ndarray, count: int) -> tuple[int, np.ndarray]:
    shape = grid_shape(SIZE, 192)
    strokes = draw(detectors.find(edges, shape)[:count], shape)
    data = sketch_coder.pack(Strokes(strokes), SIZE, NEWEST)
    return len(data), np.asarray(line_drawing.soft_edges(strokes, SIZE), np.float32) / 255


def by_ntc(edges: np.ndarray, rate: int) -> tuple[int, np.ndarray]:
    data = ntc.pack(ntc.encode(edges, SIZE, rate), SIZE, NEWEST)
    return len(data), np.asarray(ntc.draw(ntc.unpack(data, SIZE, NEWEST), SIZE), np.float32) / 255


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", type=Path, required=True)
    options = parser.parse_args()
    methods = [(f"NTC, rate {rate}", by_ntc, rate) for rate in range(ntc.RATES)]
    methods += [(f"strokes, best {count}", by_strokes, count) for count in (20, 40, 80, 160)]
    with np.load(options.maps) as archive:
        for name in ("test", "kodak"):
            maps = archive[name].astype(np.float32) / 255
            print(f"{name}: {len(maps)} maps\n\n| method | bytes | bpp | error | correlation |")
            print("|---|---|---|---|---|")
            for title, code, setting in methods:
                rows = []
                for edges in maps:
                    size_bytes, drawn = code(edges, setting)
                    alike = np.corrcoef(edges.ravel(), drawn.ravel())[0, 1] if drawn.std() else 0.0
                    rows.append(
                        (size_bytes, 8 * size_bytes / edges.size, np.mean((drawn - edges) ** 2), alike)
                    )
                mean = np.mean(rows, 0)
                print(f"| {title} | {mean[0]:.0f} | {mean[1]:.4f} | {mean[2]:.4f} | {mean[3]:.3f} |")
            print()


if __name__ == "__main__":
    main()
