"""CLIP scores as metrics, on a tiny random model."""

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("torch")
pytest.importorskip("open_clip")

import tiny_models

from textsketch.measure.metrics import clip_scores
from textsketch.models import clip, weights


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    tiny_models.clip(tmp_path / clip.REPORTING, seed=1)
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))


def test_a_picture_scores_one_with_itself_and_each_picture_is_looked_at_once(tiny, monkeypatch):
    random = np.random.default_rng(0)
    original, decoded, jpeg = (
        Image.fromarray(random.integers(0, 256, (40, 60, 3), np.uint8)) for _ in range(3)
    )
    looked_at = []
    embed = clip.embed_pictures
    monkeypatch.setattr(
        clip, "embed_pictures", lambda pictures, model: looked_at.extend(pictures) or embed(pictures, model)
    )
    found = {
        (row.name, name): row.value(original, picture, "a barn")
        for row in (clip_scores.CLIP_IMAGE, clip_scores.CLIP_CAPTION)
        for name, picture in (("original", original), ("decoded", decoded), ("jpeg", jpeg))
    }
    assert clip_scores.CLIP_IMAGE.show(found["clip-image", "original"]) == "1.000"
    assert found["clip-image", "decoded"] < 0.9999 and len(looked_at) == 3
    direct = clip.score(original, [decoded], "a barn")[0]
    assert found["clip-image", "decoded"] == pytest.approx(direct.image_image, abs=1e-6)
    assert found["clip-caption", "decoded"] == pytest.approx(direct.caption_image, abs=1e-6)
    assert clip_scores.CLIP_CAPTION.value(original, decoded, "") is None
