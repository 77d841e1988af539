"""CLIP scores on tiny random open_clip models, against a direct computation."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")

import tiny_models

from textsketch.errors import WeightsError
from textsketch.models import clip, weights


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("weights")
    tiny_models.clip(root / clip.REPORTING, seed=1)
    tiny_models.clip(root / clip.CHOOSING, seed=2)
    return root


@pytest.fixture(autouse=True)
def use_root(root, monkeypatch):
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(root))


@pytest.fixture(scope="module")
def pictures():
    random = np.random.default_rng(0)
    sizes = ((40, 60), (64, 48), (33, 90))
    return [Image.fromarray(random.integers(0, 256, (h, w, 3), np.uint8)) for h, w in sizes]


def test_scores_are_the_cosines_of_the_model_computed_directly(root, pictures):
    original, *decodes = pictures
    scores = clip.score(original, decodes, "a red barn")
    folder = f"local-dir:{root / clip.REPORTING}"
    network, _, prepare = open_clip.create_model_and_transforms(folder)
    network.eval()
    with torch.no_grad():
        vectors = [network.encode_image(prepare(picture)[None])[0] for picture in pictures]
        words = network.encode_text(open_clip.get_tokenizer(folder)(["a red barn"]))[0]
    for score, vector in zip(scores, vectors[1:], strict=True):
        assert score.image_image == pytest.approx(
            torch.cosine_similarity(vector, vectors[0], 0).item(), abs=1e-5
        )
        assert score.caption_image == pytest.approx(
            torch.cosine_similarity(vector, words, 0).item(), abs=1e-5
        )


def test_a_picture_scores_one_with_itself_and_names_its_model(pictures):
    (score,) = clip.score(pictures[0], [pictures[0]])
    assert score.image_image == pytest.approx(1, abs=1e-5)
    assert score.caption_image is None
    assert "ViT-B-32, laion2b_s34b_b79k" in str(score) and "image-image" in str(score)


def test_the_batch_takes_one_pass(pictures, monkeypatch):
    loaded = clip.load()
    passes = []
    encode = loaded.network.encode_image
    monkeypatch.setattr(
        loaded.network, "encode_image", lambda batch, **how: passes.append(len(batch)) or encode(batch, **how)
    )
    clip.score(pictures[0], pictures)
    assert passes == [4]


def test_the_model_is_loaded_once_and_choosing_is_not_reporting():
    assert clip.load() is clip.load()
    assert clip.load(clip.CHOOSING) is not clip.load(clip.REPORTING)
    assert weights.entry(clip.CHOOSING).repository != weights.entry(clip.REPORTING).repository


def test_missing_weights_are_said_and_never_replaced(monkeypatch, tmp_path, pictures):
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    assert "textsketch weights fetch clip-vit-b-32" in clip.unavailable()
    with pytest.raises(WeightsError, match="fetch clip-vit-b-32"):
        clip.score(pictures[0], pictures)


def test_a_missing_library_is_said(monkeypatch):
    import importlib.util

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "open_clip" else real(name))
    assert clip.unavailable() == "A CLIP score needs open_clip: pip install -r requirements.txt."
    with pytest.raises(WeightsError, match="A CLIP score needs open_clip"):
        clip.load()


def test_damaged_weights_are_an_error_of_ours(monkeypatch, tmp_path, root):
    folder = tmp_path / clip.REPORTING
    folder.mkdir()
    (folder / "open_clip_config.json").write_text(
        (root / clip.REPORTING / "open_clip_config.json").read_text()
    )
    (folder / "open_clip_model.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0garbage!")
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(WeightsError, match="cannot be read"):
        clip.load()


def test_openai_s_weights_get_their_activation_even_where_their_configuration_is_silent(
    root, tmp_path, monkeypatch, pictures
):
    expected = clip.embed_pictures(list(pictures[:2]), clip.load(clip.CHOOSING))
    shutil.copytree(root, tmp_path / "weights")
    path = tmp_path / "weights" / clip.CHOOSING / "open_clip_config.json"
    config = json.loads(path.read_text())
    assert config["model_cfg"].pop("quick_gelu")
    path.write_text(json.dumps(config))
    monkeypatch.setenv("TEXTSKETCH_WEIGHTS", str(tmp_path / "weights"))
    found = clip.embed_pictures(list(pictures[:2]), clip.load(clip.CHOOSING))
    assert np.abs(found - expected).max() < 1e-6
