"""Best-of-N: the encoder has N candidates painted, the file says which one it chose, the decoder paints it."""

import pytest

pytest.importorskip("diffusers")

import numpy as np
import tiny_models

import textsketch as ts
from textsketch import bitstream
from textsketch.errors import TextsketchError, WeightsError
from textsketch.render.diffusion import sampler


@pytest.fixture(scope="module", autouse=True)
def root(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tiny_models.build(tmp_path_factory.mktemp("weights"))
        patch.setenv("TEXTSKETCH_WEIGHTS", str(folder))
        yield folder


@pytest.fixture
def quick(monkeypatch):
    """Two steps are enough here."""
    real = sampler._run
    monkeypatch.setattr(
        sampler,
        "_run",
        lambda layers, size, seeds, profile, settings, previews: real(
            layers, size, seeds, profile, sampler.Settings(steps=2, safety=False), previews
        ),
    )


@pytest.mark.parametrize("seed", [0, 7])
def test_the_candidate_nearest_to_the_picture_is_the_one_decoded(photo, quick, seed, monkeypatch):
    asked = {}
    real = sampler.best_of

    def best_of(original, layers, count, **options):
        asked["index"], asked["scores"] = real(original, layers, count, **options)
        return asked["index"], asked["scores"]

    monkeypatch.setattr(sampler, "best_of", best_of)
    options = {"mode": "text+sketch", "budget": 120, "caption": "a cup", "renderer": "fast", "seed": seed}
    encoded = ts.encode(photo, candidates=4, **options)
    assert encoded.size_bytes <= 120
    assert len(asked["scores"]) == 4 and asked["index"] == int(np.argmax(asked["scores"]))
    header, _ = bitstream.split(encoded.data)
    assert header.candidate == asked["index"] and header.seed == seed
    # What is decoded is that candidate and no other.
    layers = bitstream.unpack(encoded.data)
    decoded = ts.decode(encoded.data, renderer="fast")
    assert decoded.image.tobytes() == ts.paint(layers, renderer="fast", seed=seed + asked["index"]).tobytes()
    assert (
        decoded.image.tobytes() != ts.paint(layers, renderer="fast", seed=seed + asked["index"] + 1).tobytes()
    )


def test_progress_runs_from_0_to_1_without_a_step_back(photo, quick):
    seen = []
    ts.encode(
        photo,
        mode="text-only",
        budget=40,
        renderer="fast",
        candidates=2,
        progress=lambda fraction, message: seen.append(fraction),
    )
    assert seen == sorted(seen) and seen[-1] == 1.0


@pytest.mark.parametrize("candidates", [0, 3, 16])
def test_only_powers_of_two_up_to_8_can_be_told(photo, candidates):
    with pytest.raises(TextsketchError, match="1, 2, 4, 8"):
        ts.encode(photo, renderer="fast", candidates=candidates)


def test_what_chooses_is_needed_only_to_choose(photo, quick, root, tmp_path, monkeypatch):
    for name in root.iterdir():
        if name.name != "clip-vit-l-14":
            (tmp_path / name.name).symlink_to(name)
    monkeypatch.setenv("TEXTSKETCH_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError, match="fetch clip-vit-l-14"):
        ts.encode(photo, budget=140, renderer="fast", candidates=2)
    assert ts.encode(photo, budget=140, renderer="fast").size_bytes <= 140
