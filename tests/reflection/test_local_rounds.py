"""Rounds with a captioner and a renderer of this machine: tiny random models of the real classes, and no API."""

import pytest

pytest.importorskip("diffusers")
pytest.importorskip("transformers")

import tiny_models

import textsketch as ts
from textsketch.models import weights


@pytest.fixture(scope="module", autouse=True)
def root(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tiny_models.build(tmp_path_factory.mktemp("weights"))
        tiny_models.blip(folder / "blip")
        patch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(folder))
        patch.delenv("TEXTSKETCH_API_BASE", raising=False)
        yield folder


def test_a_local_captioner_a_local_renderer_and_clip_reflect_without_any_api(photo):
    found = ts.reflect(photo, rounds=2, budget="30B", captions="blip", renderer="fast", steps=1, safety=False)
    assert found.plan.calls == 0 and found.calls_sentence == "No API was asked."
    assert "by the CLIP that chooses" in found.chosen_by
    assert all(-1 <= one.similarity <= 1 and one.encoded.size_bytes <= 30 for one in found.rounds)
    assert found.best.similarity == max(one.similarity for one in found.rounds)
    assert found.rounds[0].differs or found.stopped
    again = ts.decode(found.encoded.data, renderer="fast", steps=1, safety=False)
    assert again.image.tobytes() == found.best.decoded.tobytes()
