"""The player's plain painting beside the package's."""

import numpy as np
import pytest
from conftest import EXAMPLES, ROOT
from PIL import Image
from player_tools import built_scripts, needs_node, run

import textsketch as ts
from textsketch import bitstream
from textsketch.codestream.tables import NEWEST
from textsketch.layers import Layers, Semantic, Skeletons, SoftEdges
from textsketch.render.painter import painting

GOLDENS = ROOT / "tests/goldens/tsk" / f"version-{NEWEST}"


def encoded() -> dict[str, bytes]:
    """Small files of every mode, at sizes that try borders, and one that is painted at half its size."""
    fig, pagoda = (Image.open(EXAMPLES / f"{name}.jpg") for name in ("fig", "pagoda"))
    asked = {
        "colours": (fig.resize((251, 167)), {"budget": 900, "caption": "a fig"}),
        "fine colours": (fig.resize((96, 64)), {"budget": 3000}),
        "tall": (pagoda.resize((67, 301)), {"budget": 400, "seed": 4_000_000_000}),
        "a row": (pagoda.resize((300, 1)), {"budget": 100}),
        "a dozen pixels": (pagoda.resize((4, 3)), {"budget": 60}),
        "lines": (pagoda.resize((333, 250)), {"budget": 500, "mode": "text+sketch"}),
        "no lines": (Image.new("RGB", (91, 70), (60, 140, 200)), {"budget": 200, "mode": "text+sketch"}),
        "words": (fig.resize((200, 130)), {"budget": 100, "mode": "text-only", "caption": "a fig"}),
        "large": (fig.resize((2304, 1856)), {"budget": 500}),
    }
    return {name: ts.encode(picture, effort=1, **how).data for name, (picture, how) in asked.items()}


def skeletons() -> dict[str, bytes]:
    """People with their joints anywhere, some missing."""
    drawn = np.random.default_rng(5)
    out = {}
    for width, height in ((200, 150), (37, 190), (512, 400)):
        people = tuple(
            tuple(
                None if drawn.random() < 0.15 else tuple(drawn.integers(0, 512, 2).tolist())
                for _ in range(18)
            )
            for _ in range(3)
        )
        out[f"people, {width} x {height}"] = bitstream.pack(
            Layers((width, height), Semantic(), Skeletons(people))
        )
    return out


@needs_node
def test_the_plain_painting_is_the_packages_within_a_level(tmp_path):
    goldens = {path.stem: path.read_bytes() for path in sorted(GOLDENS.glob("*.tsk"))}
    files = {
        name: data
        for name, data in (goldens | encoded() | skeletons()).items()
        if not isinstance(bitstream.unpack(data).structure, SoftEdges)  # which the player does not draw
    }
    assert len(files) >= 20
    arguments = []
    for number, data in enumerate(files.values()):
        (tmp_path / f"{number}.tsk").write_bytes(data)
        arguments += [tmp_path / f"{number}.tsk", tmp_path / f"{number}.rgba"]
    run("node", built_scripts() / "paint.js", *arguments)
    for number, (name, data) in enumerate(files.items()):
        layers = bitstream.unpack(data)
        wanted = np.asarray(painting.render(layers, brush=False)).astype(int)
        painted = np.fromfile(tmp_path / f"{number}.rgba", np.uint8).reshape(*wanted.shape[:2], 4)
        assert (painted[..., 3] == 255).all()
        away = np.abs(painted[..., :3] - wanted)
        assert away.max() <= 3 and (away > 1).mean() <= 0.001, name


@needs_node
@pytest.mark.parametrize("thickness", [1, 2, 3, 4, 7])
def test_lines_are_drawn_as_opencv_draws_them(tmp_path, thickness):
    import cv2

    drawn = np.random.default_rng(thickness)
    cases = []
    for _ in range(100):
        width, height = drawn.integers(1, 60, 2).tolist()
        points = drawn.integers(-200, 1200, (int(drawn.integers(2, 5)), 2)).astype(np.int32)
        canvas = np.zeros((height, width), np.uint8)
        cv2.polylines(canvas, [points], False, (255,), thickness, cv2.LINE_AA, 4)
        cases.append((width, height, points, canvas))
    spec = "\n".join(
        " ".join(map(str, [width, height, thickness, *points.ravel()])) for width, height, points, _ in cases
    )
    (tmp_path / "lines").write_text(spec)
    run("node", built_scripts() / "lines.js", tmp_path / "lines", tmp_path / "drawn")
    found = (tmp_path / "drawn").read_bytes()
    assert found == b"".join(canvas.tobytes() for *_, canvas in cases)
