import json
import random
from pathlib import Path

import pytest

from textsketch.codestream.tables import NEWEST
from textsketch.errors import BitstreamError
from textsketch.semantic.text import hard_tokens
from textsketch.semantic.text.coder import decode_text, encode_text

TOKENIZER = Path(__file__).resolve().parents[3] / "../shared/weights/clip_tokenizer"


def random_hard_prompt(seed: int, count: int = 16) -> str:
    rng = random.Random(seed)
    return "".join(rng.choice(hard_tokens.pieces(NEWEST)) for _ in range(count)).removesuffix(" ")


@pytest.mark.parametrize("seed", range(40))
def test_sixteen_random_tokens_take_at_most_34_bytes_and_come_back(seed):
    text = random_hard_prompt(seed)
    data = encode_text(text)
    assert len(data) <= 34
    assert decode_text(data) == text


@pytest.mark.parametrize("count", [1, 2, 8, 15, 17, 40, 77])
def test_other_numbers_of_tokens_come_back(count):
    text = random_hard_prompt(7, count)
    data = encode_text(text)
    assert decode_text(data) == text
    assert len(data) <= 2 * count + 5


def test_words_and_hidden_characters_of_a_hard_prompt_stay_readable():
    text = "thetwilight ❤️ salamanca 😍 🏻"
    assert decode_text(encode_text(text)) == text


def test_fewest_pieces_spell_the_text():
    numbers = hard_tokens.fewest_pieces("photograph of a lighthouse", NEWEST)
    assert numbers is not None
    assert len(numbers) == 4
    assert hard_tokens.join_pieces(numbers, NEWEST) == "photograph of a lighthouse"


def test_a_text_with_characters_no_token_holds_is_not_made_of_pieces():
    assert hard_tokens.fewest_pieces("a lighthouse 鱻", NEWEST) is None


def test_pieces_that_would_be_cheaper_as_text_are_refused():
    from textsketch.entropy import range_coder
    from textsketch.semantic.text import coder as text_coder

    numbers = hard_tokens.fewest_pieces("a dog", NEWEST)
    recorder = text_coder._Recorder()
    for bit, probability_one in ((0, text_coder._EMPTY), (1, text_coder._UNUSUAL), (1, 1 << 15)):
        recorder.bit(bit, probability_one)
    hard_tokens.code_pieces(recorder, numbers, NEWEST)
    encoder = range_coder.Encoder()
    for bit, probability_one in recorder.decisions:
        encoder.bit(bit, probability_one)
    with pytest.raises(BitstreamError):
        decode_text(encoder.finish())


@pytest.mark.skipif(not TOKENIZER.is_dir(), reason="needs ../shared/weights/clip_tokenizer")
def test_every_token_of_the_real_tokenizer_is_a_piece():
    to_byte = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [b for b in range(256) if b not in to_byte]
    byte_of = {chr(b): b for b in to_byte} | {chr(256 + i): b for i, b in enumerate(hidden)}
    tokens = json.loads((TOKENIZER / "vocab.json").read_text(encoding="utf-8"))
    known = set(hard_tokens.pieces(NEWEST))
    for token in tokens:
        if token.startswith("<|"):
            continue
        body = token.removesuffix("</w>")
        text = bytes(byte_of[c] for c in body).decode("utf-8", errors="replace") + " " * (body != token)
        assert text in known
