"""Prompt inversion on a tiny random CLIP."""

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("open_clip")

import tiny_models

from textsketch.errors import TextsketchError
from textsketch.models import clip, weights
from textsketch.semantic.captions import prompt_inversion

PICTURE = Image.fromarray(np.random.default_rng(1).integers(0, 256, (50, 70, 3), np.uint8))


@pytest.fixture(scope="module", autouse=True)
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("weights")
    tiny_models.clip(root / "clip-vit-l-14", seed=2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(root))
        yield root


def test_the_search_finds_better_prompts_and_never_loses_the_best():
    found = list(prompt_inversion.search(PICTURE, tokens=8, steps=40))
    similarities = [inversion.similarity for inversion in found]
    assert similarities == sorted(similarities)
    assert similarities[-1] > similarities[0] + 0.1
    assert [inversion.step for inversion in found] == list(range(1, 41))


def test_the_prompt_as_text_is_as_similar_as_was_found():
    best = prompt_inversion.invert(PICTURE, tokens=6, steps=10)
    model = clip.load(clip.CHOOSING)
    direct = clip.embed_captions([best.prompt], model) @ clip.embed_pictures([PICTURE], model).T
    assert best.similarity == pytest.approx(float(direct.item()), abs=1e-4)
    assert len(best.prompt.split()) == 6 and best.prompt.isascii()


def test_the_same_seed_finds_the_same_prompt():
    first, second, other = (prompt_inversion.invert(PICTURE, tokens=4, steps=3, seed=s) for s in (1, 1, 2))
    assert first == second != other


def test_the_best_prompt_so_far_is_reported_and_the_search_can_be_cancelled():
    class CancelledError(Exception):
        pass

    seen = []

    def watch(fraction, prompt):
        seen.append((fraction, prompt))
        if len(seen) == 3:
            raise CancelledError

    with pytest.raises(CancelledError):
        prompt_inversion.invert(PICTURE, tokens=4, steps=10, progress=watch)
    assert [fraction for fraction, _ in seen] == pytest.approx([0.1, 0.2, 0.3])
    assert all(prompt for _, prompt in seen)
    assert prompt_inversion.invert(PICTURE, tokens=4, steps=2).prompt


@pytest.mark.parametrize("tokens", [3, 33])
def test_the_number_of_tokens_is_bounded(tokens):
    with pytest.raises(TextsketchError, match="4 to 32"):
        prompt_inversion.invert(PICTURE, tokens=tokens)
