import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from textsketch.codestream.tables import NEWEST
from textsketch.entropy.range_coder import Decoder, Encoder
from textsketch.layers import Descriptors
from textsketch.measure.metrics.pixels import psnr_db
from textsketch.semantic import descriptors


def _bytes(colours: Descriptors) -> bytes:
    encoder = Encoder()
    descriptors.encode_to(encoder, colours, NEWEST)
    return encoder.finish()


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.integers(-60, 60), min_size=4, max_size=160).filter(lambda values: len(values) % 4 == 0),
    st.integers(0, len(descriptors.STEPS) - 1),
)
def test_descriptors_survive_unchanged(values, step_index):
    colours = Descriptors(tuple(values), step_index)
    assert descriptors.decode_from(Decoder(_bytes(colours)), NEWEST) == colours


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_give_descriptors(data):
    colours = descriptors.decode_from(Decoder(data), NEWEST)
    assert np.isfinite(descriptors.field(colours, 20, 30)).all()


@pytest.mark.parametrize("size_bytes", [3, 8, 16, 24])
def test_descriptors_keep_to_their_bytes(photo, size_bytes):
    colours = descriptors.extract(photo, size_bytes)
    assert len(_bytes(colours)) <= size_bytes + 1


def test_more_bytes_describe_better(photo):
    def quality(size_bytes):
        colours = descriptors.extract(photo, size_bytes)
        field = descriptors.field(colours, photo.height, photo.width)
        return psnr_db(photo, Image.fromarray(np.clip(np.rint(field), 0, 255).astype(np.uint8)))

    assert quality(4) < quality(12) < quality(24)


@pytest.mark.parametrize("size", [(1, 1), (3000, 4), (4, 3000), (64, 64)])
def test_a_flat_picture_of_any_shape_gets_its_colour(size):
    field = descriptors.field(
        descriptors.extract(Image.new("RGB", size, (200, 30, 60)), 12), size[1], size[0]
    )
    assert field.shape == (size[1], size[0], 3)
    assert np.abs(field - (200, 30, 60)).max() < 6
