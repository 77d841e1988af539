import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textsketch.entropy.models import BitMeter
from textsketch.entropy.range_coder import Decoder, Encoder
from textsketch.errors import BitstreamError
from textsketch.semantic.text.bytes import code_bytes


@given(st.text(max_size=50))
@settings(max_examples=40, deadline=None)
def test_any_utf_8_comes_back(text):
    encoder = Encoder()
    code_bytes(encoder, text.encode(), 4096)
    assert code_bytes(Decoder(encoder.finish()), None, 4096).decode() == text


def test_what_repeats_gets_cheaper():
    meter = BitMeter()
    code_bytes(meter, "щ".encode() * 200, 4096)
    assert meter.bits / 400 < 1.5


def test_more_bytes_than_allowed_are_refused():
    encoder = Encoder()
    code_bytes(encoder, b"a" * 30, 30)
    with pytest.raises(BitstreamError, match="longer"):
        code_bytes(Decoder(encoder.finish()), None, 29)
