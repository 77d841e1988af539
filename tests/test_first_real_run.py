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


def test_it_paints_scores_and_writes_what_to_look_at(tmp_path):
    root = tiny_models.build(tmp_path / "weights")
    command = [sys.executable, ROOT / "benchmarks/first_real_run.py", "--out", tmp_path / "out", "--no-fetch"]
    command += ["--profiles", "fast,layered", "--examples", "1", "--budgets", "300", "--side", "96"]
    (root / "t2i-color/config.json").unlink()  # one profile lacks something
    environment = os.environ | {"TEXTSKETCH_WEIGHTS": str(root), "PYTHONPATH": str(ROOT)}
    environment |= {"HF_HUB_CACHE": str(tmp_path / "hub")}
    subprocess.run(command, env=environment, check=True, timeout=250, stdout=subprocess.PIPE)
    rows = json.loads((tmp_path / "out/results.json").read_text())["rows"]
    assert list(rows) == ["dahlia-300-painter", "dahlia-300-fast"]
    for row in rows.values():
        assert row["seconds"] > 0 and -1 <= row["clip_image"] <= 1 and 0 <= row["departs"] <= 1
    assert Image.open(tmp_path / "out/contact_sheet.png").width > 3 * 288
    assert Image.open(tmp_path / "out/where_it_departs.png").width > 3 * 288
    written = (tmp_path / "out/README.md").read_text()
    assert "| fast | 300 |" in written and "- layered failed: layered needs t2i-color" in written
    assert "## What to look at" in written
