"""The script for a machine with weights, on tiny ones."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT

pytest.importorskip("diffusers")

import tiny_models
from PIL import Image

from textsketch.render.diffusion import profiles

# The script as it is, painting at a size for which tiny networks and one processor are enough.
SMALL = """
import runpy, sys, torch
from textsketch.render.diffusion import condition
condition.working_size = lambda size, side=512: (128, 64)
torch.set_num_threads(1)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_it_paints_in_every_profile_scores_and_writes_what_to_look_at(tmp_path):
    root = tiny_models.build(tmp_path / "weights")
    command = [sys.executable, "-c", SMALL, ROOT / "benchmarks/first_real_run.py", "--out", tmp_path / "out"]
    command += ["--examples", "1", "--side", "96"]
    (root / "t2i-color/config.json").unlink()  # two profiles lack something, and no hub answers
    environment = os.environ | {"TEXTSKETCH_WEIGHTS": str(root), "PYTHONPATH": str(ROOT)}
    environment |= {"HF_HUB_CACHE": str(tmp_path / "hub"), "HF_ENDPOINT": "http://127.0.0.1:9"}
    subprocess.run(command, env=environment, check=True, timeout=900, stdout=subprocess.PIPE)
    rows = json.loads((tmp_path / "out/results.json").read_text())["rows"]
    whole = [name for name in profiles.NAMES if "layered" not in name]
    assert list(rows) == [f"dahlia-{budget}-{name}" for name in ("painter", *whole) for budget in (300, 1200)]
    for row in rows.values():
        assert row["seconds"] > 0 and -1 <= row["clip_image"] <= 1 and 0 <= row["departs"] <= 1
        assert row["size_bytes"] <= row["budget"]
    for name in ("contact_sheet", "where_it_departs"):
        assert Image.open(tmp_path / f"out/{name}.png").width > (len(whole) + 2) * 288
    written = (tmp_path / "out/README.md").read_text()
    assert all(f"| {name} | {budget} |" in written for name in whole for budget in (300, 1200))
    assert "- layered failed: layered needs t2i-color" in written and "## What to look at" in written
