"""CompressAI's model as a baseline, with random weights in place of the zoo's."""

import pytest

pytest.importorskip("compressai")

from PIL import Image

from textsketch.measure.baselines import learned_codec
from textsketch.measure.baselines.search import best_within
from textsketch.models import weights


@pytest.fixture
def tiny_zoo(monkeypatch):
    """The real architecture, narrow and untrained, in place of what the zoo would load."""
    import torch
    from compressai.models import Cheng2020Attention

    torch.manual_seed(0)
    network = Cheng2020Attention(N=16).eval()
    network.update()
    monkeypatch.setattr(learned_codec, "_network", lambda level: network)
    monkeypatch.setattr(learned_codec, "unavailable", lambda: None)


def test_without_weights_it_is_not_available_and_says_how_to_get_them(monkeypatch, tmp_path):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert learned_codec.unavailable().endswith(": textsketch weights fetch cheng2020-attn.")


def test_the_listed_files_are_those_the_zoo_looks_for():
    from compressai.zoo.image import model_urls

    entry = weights.entry("cheng2020-attn")
    urls = [f"{entry.repository}/{file.path}" for file in entry.files]
    assert urls == list(model_urls["cheng2020-attn"]["ms-ssim"].values())


@pytest.mark.parametrize("size", [(64, 64), (70, 33), (5, 130)])
def test_a_file_decodes_to_what_the_model_itself_decodes(tiny_zoo, photo, size):
    import numpy as np
    import torch

    picture = photo.resize(size)
    data = learned_codec.save(picture, 2)
    values = torch.from_numpy(np.asarray(picture, np.float32) / 255).permute(2, 0, 1)[None]
    padded = torch.nn.functional.pad(values, (0, -size[0] % 64, 0, -size[1] % 64), mode="replicate")
    network = learned_codec._network(2)
    with torch.inference_mode():
        coded = network.compress(padded)
        direct = network.decompress(coded["strings"], coded["shape"])["x_hat"][0, :, : size[1], : size[0]]
    assert len(data) == 8 + sum(len(strings[0]) for strings in coded["strings"])
    decoded = np.asarray(learned_codec.load(data))
    assert np.array_equal(decoded, (direct.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy())


def test_it_is_searched_like_any_other_format(tiny_zoo, monkeypatch):
    import dataclasses

    from textsketch.measure.baselines.table import FORMATS

    monkeypatch.setitem(
        FORMATS, "compressai", dataclasses.replace(FORMATS["compressai"], unavailable=lambda: None)
    )
    found = best_within(Image.new("RGB", (64, 48), "teal"), 20_000, "compressai")
    assert found.fits and "MS-SSIM model, quality" in found.label
