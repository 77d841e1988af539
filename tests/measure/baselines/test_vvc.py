"""VVC's plumbing, with stand-ins for vvencapp and vvdecapp that check their arguments and keep the pixels."""

import os
import sys

import numpy as np
import pytest
from PIL import Image

from textsketch.errors import TextsketchError
from textsketch.measure.baselines import vvc
from textsketch.measure.baselines.search import best_within
from textsketch.measure.metrics.pixels import psnr_db

ENCODER = """#!{python}
import sys, zlib
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
if sys.argv[1] == "--version":
    print("vvencapp: version 1.13.0")
    sys.exit()
assert options["-c"] == "yuv420" and options["-f"] == "1" and options["--qpa"] == "0", sys.argv
width, height = map(int, options["-s"].split("x"))
raw = open(options["-i"], "rb").read()
assert width % 2 == height % 2 == 0 and len(raw) == width * height * 3 // 2, (width, height, len(raw))
step = 1 << (int(options["-q"]) // 9)
coarse = bytes(min(255, value // step * step + step // 2) for value in raw)
open(options["-o"], "wb").write(b"%d %d\\n" % (width, height) + zlib.compress(coarse, 9))
"""
DECODER = """#!{python}
import sys, zlib
options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
size, _, packed = open(options["-b"], "rb").read().partition(b"\\n")
width, height = map(int, size.split())
ten_bits = b"".join((4 * value).to_bytes(2, "little") for value in zlib.decompress(packed))
header = b"YUV4MPEG2 W%d H%d F1:1 Ip C420p10\\nFRAME\\n" % (width, height)
open(options["-o"], "wb").write(header + ten_bits)
"""


@pytest.fixture
def programs(tmp_path, monkeypatch):
    for name, text in (("vvencapp", ENCODER), ("vvdecapp", DECODER)):
        (tmp_path / name).write_text(text.format(python=sys.executable))
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")


def test_a_picture_comes_back_through_the_programs(programs, photo):
    assert vvc.unavailable() is None
    decoded = vvc.load(vvc.save(photo, vvc.LEVELS - 1))
    assert decoded.size == photo.size and decoded.mode == "RGB"
    assert psnr_db(photo, decoded) > 30


def test_levels_are_falling_quantisation_parameters(programs, photo):
    assert vvc.describe(0) == "QP 63" and vvc.describe(vvc.LEVELS - 1) == "QP 0"
    assert len(vvc.save(photo, 0)) < len(vvc.save(photo, 40))
    assert vvc.version() == "vvencapp: version 1.13.0"


@pytest.mark.parametrize("size", [(61, 35), (9, 120)])
def test_the_baseline_hands_over_even_sizes_and_shows_the_original_size(programs, size):
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8))
    found = best_within(picture, 4000, "vvc")
    assert found.fits and found.image.size == size and "QP" in found.label


def test_a_failing_program_gives_its_reason(programs, tmp_path):
    (tmp_path / "vvdecapp").write_text("#!/bin/sh\necho 'no parameter sets' >&2\nexit 3\n")
    with pytest.raises(TextsketchError, match="vvdecapp failed: no parameter sets"):
        vvc.load(b"nothing")
