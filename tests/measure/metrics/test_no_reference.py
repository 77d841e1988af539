"""pyiqa's MUSIQ as a metric, with random weights, against a direct computation."""

import importlib.util

import pytest

from textsketch.measure.metrics import no_reference
from textsketch.measure.metrics.table import METRICS


@pytest.mark.parametrize(
    ("name", "title", "entry"), [("musiq", "MUSIQ", "musiq"), ("clip-iqa", "CLIP-IQA", "clip-rn50")]
)
def test_without_library_or_weights_it_says_the_command(monkeypatch, tmp_path, name, title, entry):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    real = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "pyiqa" else real(name))
    assert METRICS[name].unavailable() == f"{title} needs pyiqa: pip install pyiqa."
    monkeypatch.setattr("importlib.util.find_spec", lambda name: "there")
    assert METRICS[name].unavailable().endswith(f": textsketch weights fetch {entry}.")


@pytest.mark.skipif(importlib.util.find_spec("pyiqa") is None, reason="pyiqa does not install beside numpy 1")
def test_musiq_scores_the_decoded_picture_alone(monkeypatch, photo):
    import numpy as np
    import torch
    from pyiqa.archs.musiq_arch import MUSIQ

    torch.manual_seed(0)
    network = MUSIQ(pretrained=False, num_layers=1).eval()
    monkeypatch.setattr(no_reference, "_metric", lambda name: network)
    values = torch.from_numpy(np.asarray(photo, np.float32) / 255).permute(2, 0, 1)[None]
    with torch.inference_mode():
        expected = float(network(values))
    assert no_reference.score(photo, "musiq") == pytest.approx(expected, abs=1e-5)
