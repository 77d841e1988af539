"""A ZeroGPU Space with the real `spaces` package: launch, decodes, the visitor's token, a refusal."""

import json
import os
import subprocess
import sys

import pytest
from conftest import ROOT

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("spaces")

import tiny_models
from safetensors.torch import load_file, save_file


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """Tiny weights whose safety checker flags every picture."""
    root = tiny_models.build(tmp_path_factory.mktemp("weights"))
    path = root / "safety-checker/safety_checker/model.fp16.safetensors"
    state = load_file(path)
    state["concept_embeds_weights"].fill_(-1)
    save_file(state, path, {"format": "pt"})
    return root


def run_space(home, weights, **environment):
    found = subprocess.run(
        [sys.executable, ROOT / "tests/zero_gpu_space.py", home, weights],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=280,
    ).stdout
    lines = [line for line in found.splitlines() if line.startswith("FOUND ")]
    assert lines, found[-4000:]
    return json.loads(lines[0].removeprefix("FOUND "))


def test_a_space_launches_decodes_twice_knows_its_visitor_and_says_why_it_refuses(strict, tmp_path):
    found = run_space(tmp_path, strict)
    assert found["preferred"] == "fast"
    assert found["files left"] == 1
    for name in ("first", "second"):
        assert found[name]["size"] == [64, 64]
        assert "Preparing" in found[name]["messages"]  # nothing was loaded anew
    assert found["tokens"] == [True, True, False, True]
    assert "GPU limit" in found["stranger"]["error"]
    assert found["refused"]["error"].startswith("The safety checker holds this picture back")
    assert all(seconds > 0 for seconds in found["seconds"])


def test_a_space_that_deletes_the_files_of_what_is_loaded_still_decodes(strict, tmp_path):
    pattern = str(tmp_path / ".cache/huggingface/hub/models--*/blobs/*")
    found = run_space(tmp_path, strict, ZEROGPU_MMAP_AUTOPRUNE_PATTERN=pattern)
    assert found["files left"] < 1
    assert found["first"]["size"] == found["second"]["size"] == [64, 64]
