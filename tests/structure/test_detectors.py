"""Edge detectors, our own and the real learned ones, and the strokes taken from their maps."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from textsketch.errors import WeightsError
from textsketch.models import weights
from textsketch.structure import detectors
from textsketch.structure.lines import draw, rank

SHARED = Path(__file__).parents[3] / "shared"


def house(size=192):
    pixels = np.full((size, size, 3), 230, np.uint8)
    pixels[size // 2 :, size // 4 : size * 3 // 4] = (170, 60, 40)
    return Image.fromarray(pixels)


def test_our_own_detector_finds_the_outline_and_nothing_else():
    edges = detectors.edge_map(house())
    assert edges.shape == (192, 192) and edges.dtype == np.float32
    assert edges[96, 60:130].min() > 0.5 and edges[110:180, 48].min() > 0.5
    assert edges[20:80].max() < 0.01


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (700, 31), (64, 64)])
@pytest.mark.parametrize("kind", ["flat", "noise"])
def test_any_picture_gives_a_map_and_strokes(size, kind):
    pixels = np.full((size[1], size[0], 3), 77, np.uint8)
    if kind == "noise":
        pixels = np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint8)
    edges = detectors.edge_map(Image.fromarray(pixels))
    assert np.isfinite(edges).all() and edges.min() >= 0 and edges.max() <= 1
    shape = (max(1, size[1] // 4), max(1, size[0] // 4))
    strokes = detectors.find(edges, shape)
    assert kind == "noise" or not strokes
    for line in strokes:
        assert line.min() >= 0 and line[:, 0].max() < shape[0] and line[:, 1].max() < shape[1]


def test_strokes_are_thin_and_lie_on_the_edges():
    bitmap = draw(detectors.find(detectors.edge_map(house()), (48, 48)), (48, 48))
    assert bitmap[23:26, 14:34].any(0).all()
    blocks = bitmap[:-1, :-1] & bitmap[1:, :-1] & bitmap[:-1, 1:] & bitmap[1:, 1:]
    assert not blocks.any()
    assert bitmap.sum() < 120


def test_a_long_strong_stroke_ranks_before_a_short_and_before_a_faint_one():
    edges = np.zeros((40, 40), np.float32)
    strong, faint, short = (
        np.stack([np.full(n, r), np.arange(n)], -1) for r, n in ((5, 30), (15, 30), (25, 8))
    )
    edges[5], edges[15], edges[25] = 0.9, 0.2, 0.9
    ranked = rank([faint, short, strong], edges)
    assert [line[0, 0] for line in ranked] == [5, 25, 15]


def test_unknown_and_missing_detectors_are_said(monkeypatch, tmp_path):
    pytest.importorskip("controlnet_aux")
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(WeightsError, match="no detector called 'sobel'"):
        detectors.edge_map(house(), "sobel")
    with pytest.raises(WeightsError, match="textsketch weights fetch hed"):
        detectors.edge_map(house(), "hed")
    assert detectors.unavailable(detectors.OWN) is None
    assert "fetch pidinet" in detectors.unavailable("pidinet")


@pytest.mark.parametrize("name", ["pidinet", "teed"])
def test_the_real_detectors_find_the_outline(name, monkeypatch):
    pytest.importorskip("controlnet_aux")
    if not (SHARED / "weights").exists():
        pytest.skip("needs ../shared/weights")
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(SHARED / "weights"))
    edges = detectors.edge_map(house(200), name)
    assert edges.shape == (200, 200)
    assert edges[96:105, 60:130].max(0).min() > 0.3
    assert edges[20:80, 20:180].mean() < 0.05


@pytest.mark.parametrize("name", ["hed", "lineart"])
def test_the_detectors_without_public_weights_here_run_on_random_ones(name, monkeypatch, tmp_path):
    pytest.importorskip("controlnet_aux")
    import torch

    torch.manual_seed(0)
    folder = tmp_path / name
    folder.mkdir()
    if name == "hed":
        from controlnet_aux.hed import ControlNetHED_Apache2

        torch.save(ControlNetHED_Apache2().state_dict(), folder / "ControlNetHED.pth")
    else:
        from controlnet_aux.lineart import Generator

        for file in ("sk_model.pth", "sk_model2.pth"):
            torch.save(Generator(3, 1, 3).state_dict(), folder / file)
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    edges = detectors.edge_map(house(100), name)
    assert edges.shape == (100, 100) and np.isfinite(edges).all() and edges.std() > 0


def test_a_pickle_that_runs_code_is_refused(monkeypatch, tmp_path):
    pytest.importorskip("controlnet_aux")
    import torch

    class Bad:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    folder = tmp_path / "hed"
    folder.mkdir()
    torch.save({"a": Bad()}, folder / "ControlNetHED.pth")
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(WeightsError, match="cannot be read"):
        detectors.edge_map(house(), "hed")
    assert not (tmp_path / "ran").exists()
