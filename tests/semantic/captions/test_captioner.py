"""BLIP and Florence-2 on tiny random models of the real classes."""

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("open_clip")

import tiny_models

from textsketch import bitstream, pipeline
from textsketch.models import weights
from textsketch.semantic.captions import captioner, table

PICTURE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("weights")
    tiny_models.blip(root / "blip")
    tiny_models.florence2(root / "florence2")
    tiny_models.clip(root / "clip-vit-l-14", seed=2)
    return root


@pytest.fixture(autouse=True)
def use_root(root, monkeypatch):
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(root))


@pytest.mark.parametrize("source", ["blip", "florence2"])
def test_a_caption_is_written_and_shown_as_it_grows(source):
    seen = []
    caption = table.write(PICTURE, source, progress=lambda fraction, text: seen.append((fraction, text)))
    assert caption and caption == table.write(PICTURE, source)
    assert "[" not in caption and "<" not in caption
    fractions = [fraction for fraction, _ in seen]
    assert fractions[0] == 0 and seen[-1] == (1.0, caption) and len(seen) > 2
    assert all(0 <= fraction <= 1 for fraction in fractions)


def test_what_the_captioner_writes_reaches_the_file():
    caption = table.write(PICTURE, "blip")
    data = pipeline.encode(PICTURE, mode="text-only", budget=200, caption=caption).data
    assert bitstream.unpack(data).semantic.caption == caption


def test_captions_depend_on_the_picture_they_were_given():
    network, processor = captioner._load("blip")

    def first_scores(picture):
        inputs = processor(images=picture, return_tensors="pt")
        start = torch.tensor([[5, 6]])
        return network(pixel_values=inputs["pixel_values"], input_ids=start).logits

    other = Image.new("RGB", (50, 70), (255, 0, 0))
    assert (first_scores(PICTURE) - first_scores(other)).abs().max() > 1e-4


def test_florence_writes_the_detailed_caption_on_request(monkeypatch):
    asked = []
    real = captioner._generate
    monkeypatch.setattr(
        captioner, "_generate", lambda *arguments: asked.append(arguments[3]) or real(*arguments)
    )
    table.write(PICTURE, "florence2")
    table.write(PICTURE, "florence2", detailed=True)
    assert asked == ["<CAPTION>", "<DETAILED_CAPTION>"]


class CancelledError(Exception):
    pass


@pytest.mark.parametrize("source", ["blip", "florence2"])
def test_writing_can_be_cancelled_and_tried_again(source):
    def cancel(fraction, text):
        if fraction > 0.04:
            raise CancelledError

    with pytest.raises(CancelledError):
        table.write(PICTURE, source, progress=cancel)
    assert table.write(PICTURE, source)
