import json
import os
import random
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textsketch.codestream.tables import NEWEST, manifest
from textsketch.entropy import range_coder
from textsketch.errors import BitstreamError, CaptionError
from textsketch.semantic.text.coder import (
    MAX_TEXT_BYTES,
    decode_text,
    decode_text_from,
    encode_text,
    encode_text_to,
    measure_text,
)

ROOT = Path(__file__).resolve().parents[3]
GOLDENS = ROOT / "tests/goldens/text"
UNUSUAL_TEXTS = [
    "",
    " ",
    "  leading and trailing  ",
    "\n",
    "two\nlines\r\nand a tab\t",
    "\0",
    "a\0b\x1bc\x7f",
    "日本語のキャプション",
    "Слон в музее",
    "e\u0301 combining, é composed",
    "👩‍👩‍👧 on a 🛹",
    "“quoted” — dashed … naïve café",
    "A",
    "I am HERE, Aren't I? McDonald's iPhone",
    "TITLE CASE IS LOUD",
    "aAaAaAaA",
    "\ufffd\ufeff\uffff\U0010ffff",
    "\u212a is a Kelvin sign",
    "x" * MAX_TEXT_BYTES,
    "é" * (MAX_TEXT_BYTES // 2),
]


@pytest.mark.parametrize("text", UNUSUAL_TEXTS, ids=range(len(UNUSUAL_TEXTS)))
def test_an_unusual_text_comes_back_exactly(text):
    assert decode_text(encode_text(text)) == text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_comes_back_exactly(text):
    assert decode_text(encode_text(text)) == text


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=60))
def test_any_ascii_text_comes_back_exactly(text):
    assert decode_text(encode_text(text)) == text


def test_the_empty_caption_has_no_bytes():
    assert encode_text("") == b""


def test_an_empty_caption_costs_less_than_five_bits_of_a_shared_stream():
    encoder = range_coder.Encoder()
    for _ in range(80):
        encode_text_to(encoder, "", NEWEST)
    assert len(encoder.finish()) <= 50


def test_captions_and_other_things_share_a_stream():
    encoder = range_coder.Encoder()
    encoder.uniform(5, 7)
    encode_text_to(encoder, "A red kite over the sea.", NEWEST)
    encoder.bit(1, 20_000)
    encode_text_to(encoder, "日本", NEWEST)
    encoder.uniform(3, 11)
    decoder = range_coder.Decoder(encoder.finish())
    assert decoder.uniform(0, 7) == 5
    assert decode_text_from(decoder, NEWEST) == "A red kite over the sea."
    assert decoder.bit(0, 20_000) == 1
    assert decode_text_from(decoder, NEWEST) == "日本"
    assert decoder.uniform(0, 11) == 3


def test_a_usual_caption_takes_a_sixth_of_what_zlib_takes():
    characters, size_bytes, zlib_bytes = measure_text("A man riding a wave on top of a surfboard.")
    assert characters == 42
    assert size_bytes * 6 <= zlib_bytes
    assert zlib_bytes == len(zlib.compress(b"A man riding a wave on top of a surfboard.", 9))


def test_random_bytes_of_text_cost_little_more_than_their_information():
    rng = random.Random(3)
    text = "".join(
        rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") for _ in range(400)
    )
    assert len(encode_text(text)) <= 400 * 7 / 8


@pytest.mark.parametrize("text", ["x" * (MAX_TEXT_BYTES + 1), "é" * (MAX_TEXT_BYTES // 2 + 1)])
def test_too_long_a_caption_is_refused(text):
    with pytest.raises(CaptionError, match="longest allowed"):
        encode_text(text)


def test_half_a_character_is_refused():
    with pytest.raises(CaptionError, match="surrogate"):
        encode_text("half a \ud83d smile")


def test_random_bytes_are_refused_or_are_exactly_what_their_text_encodes_to():
    rng = random.Random(1)
    accepted = 0
    for _ in range(150):
        data = rng.randbytes(rng.randrange(1, 24))
        try:
            text = decode_text(data)
        except BitstreamError:
            continue
        accepted += 1
        assert encode_text(text) == data
        assert len(text.encode()) <= MAX_TEXT_BYTES
    assert accepted > 0


def test_a_stream_of_random_bytes_gives_a_bounded_text_or_an_error():
    rng = random.Random(2)
    for _ in range(100):
        try:
            text = decode_text_from(range_coder.Decoder(rng.randbytes(40)), NEWEST)
        except BitstreamError:
            continue
        assert len(text.encode()) <= MAX_TEXT_BYTES


@pytest.mark.parametrize("byte", [0x00, 0x55, 0xFF])
def test_a_long_run_of_one_byte_is_refused(byte):
    with pytest.raises(BitstreamError):
        decode_text(bytes([byte]) * 10_000)


def test_every_changed_bit_is_noticed_or_gives_another_caption():
    text = "A dog and a cat sleep on a sofa."
    data = encode_text(text)
    for position in range(len(data) * 8):
        damaged = bytearray(data)
        damaged[position // 8] ^= 128 >> position % 8
        try:
            found = decode_text(bytes(damaged))
        except BitstreamError:
            continue
        assert found != text


def test_zeros_behind_the_bytes_are_refused():
    with pytest.raises(BitstreamError):
        decode_text(encode_text("A cat.") + b"\0")


def goldens(version: int = NEWEST) -> list[dict[str, str]]:
    return json.loads((GOLDENS / f"version-{version}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("version", range(NEWEST + 1))
def test_captions_written_today_decode_for_ever(version):
    """REFRESH_GOLDENS=1 writes the newest ones anew, which is right only with a new version of the format."""
    if os.environ.get("REFRESH_GOLDENS") and version == NEWEST:
        record = [{"text": g["text"], "hex": encode_text(g["text"]).hex()} for g in goldens(0)]
        path = GOLDENS / f"version-{NEWEST}.json"
        path.write_text(json.dumps(record, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert len(goldens(version)) >= 12
    for golden in goldens(version):
        encoder = range_coder.Encoder()
        encode_text_to(encoder, golden["text"], version)
        assert encoder.finish().hex() == golden["hex"]
        assert decode_text_from(range_coder.Decoder(bytes.fromhex(golden["hex"])), version) == golden["text"]


@pytest.mark.parametrize(("hash_seed", "threads"), [("0", "1"), ("1", "2"), ("4711", "4")])
def test_the_bytes_do_not_depend_on_hash_seed_or_threads(hash_seed, threads):
    program = (
        "import json, sys; from textsketch.semantic.text.coder import encode_text\n"
        "goldens = json.load(open(sys.argv[1], encoding='utf-8'))\n"
        "print(json.dumps([encode_text(golden['text']).hex() for golden in goldens]))"
    )
    environment = os.environ | {
        "PYTHONHASHSEED": hash_seed,
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-c", program, str(GOLDENS / f"version-{NEWEST}.json")],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    assert json.loads(done.stdout) == [golden["hex"] for golden in goldens()]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_the_tables_are_small_and_cost_little_memory():
    shipped = sum(
        len(table.read_bytes()) for table in manifest() if table.name.startswith(("text_", "clip_tokens"))
    )
    assert shipped <= 2_500_000
    program = (
        "from textsketch.semantic.text.coder import encode_text\n"
        "encode_text('A dog.'); print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert int(done.stdout) < 200_000
