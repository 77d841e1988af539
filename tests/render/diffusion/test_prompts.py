"""Prompts in chunks of the 77 places that CLIP's text encoder has."""

import pytest

pytest.importorskip("transformers")

import tiny_models
import torch
from transformers import CLIPTokenizer

from textsketch.render.diffusion import prompts


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer") / "tokenizer"
    tiny_models.clip_tokeniser(folder)
    return CLIPTokenizer.from_pretrained(folder)


def framed(tokenizer, *parts):
    (tokens,) = prompts.embed(tokenizer, lambda tokens: tokens, parts, torch.device("cpu"))
    return tokens


def test_a_short_prompt_is_tokenised_as_the_library_does(tokenizer):
    text = "a red fox in the snow, at dawn"
    prompt = prompts.split(tokenizer, text, "high quality", 3)
    expected = tokenizer(
        f"{text}, high quality", padding="max_length", max_length=77, truncation=True, return_tensors="pt"
    ).input_ids
    assert torch.equal(framed(tokenizer, prompt), expected) and prompt.last is None


def test_a_long_prompt_begins_with_the_suffix_and_goes_on_in_chunks(tokenizer):
    text = ", ".join(f"{number} green bottles" for number in range(20))
    prompt = prompts.split(tokenizer, text, "high quality", 3)
    assert len(prompt.chunks) == 2 and max(map(len, prompt.chunks)) == 75 and prompt.last is None
    tokens = [token for chunk in prompt.chunks for token in chunk]
    assert tokens == tokenizer(f"high quality, {text}", add_special_tokens=False).input_ids


def test_what_is_cut_is_told_by_the_last_words_that_are_read(tokenizer):
    words = ["stone"] * 71 + ["one", "two", "three", "four", "five", "six"]
    prompt = prompts.split(tokenizer, " ".join(words), "fine", 1)
    assert len(prompt.chunks) == 1 and prompt.last == "stone stone one two"
    assert prompts.split(tokenizer, " ".join(words), "fine", 2).last is None


def test_the_shorter_prompt_is_filled_up_with_empty_chunks(tokenizer):
    long = prompts.split(tokenizer, "stone " * 100, "", 3)
    short = prompts.split(tokenizer, "bad art", "", 1)
    first, second = prompts.embed(tokenizer, lambda tokens: tokens, [short, long], torch.device("cpu"))
    empty = tokenizer("", padding="max_length", max_length=77, return_tensors="pt").input_ids[0]
    assert torch.equal(second[0], empty) and not torch.equal(first[0], empty)
    assert first.shape == second.shape == (2, 77)
