import io

import pytest
from PIL import Image

from textsketch.measure.baselines import NAMES, best_within
from textsketch.measure.metrics import psnr_db


@pytest.mark.parametrize("codec", NAMES)
@pytest.mark.parametrize("size_bytes", [700, 1500])
def test_a_baseline_is_a_real_file_within_the_size(photo, codec, size_bytes):
    found = best_within(photo, size_bytes, codec)
    assert found.fits and found.size_bytes <= size_bytes
    decoded = Image.open(io.BytesIO(found.data)).convert("RGB").resize(photo.size, Image.Resampling.LANCZOS)
    assert decoded.tobytes() == found.image.tobytes()


def test_no_single_jpeg_of_the_ladder_is_better(photo):
    found = best_within(photo, 1200)
    for scale in (1, 2, 3, 4):
        small = photo.resize((photo.width // scale, photo.height // scale), Image.Resampling.LANCZOS)
        for quality in range(1, 95, 4):
            buffer = io.BytesIO()
            small.save(buffer, "JPEG", quality=quality, optimize=True, progressive=True, subsampling="4:2:0")
            if buffer.tell() <= 1200:
                image = Image.open(buffer).resize(photo.size, Image.Resampling.LANCZOS)
                assert psnr_db(photo, image) <= psnr_db(photo, found.image) + 0.3


def test_the_label_says_what_the_file_is(photo):
    full = best_within(photo, 20_000)
    assert full.label.startswith("quality ") and full.image.size == photo.size
    small = best_within(photo, 600)
    assert "px, quality" in small.label and small.label.endswith("enlarged")


def test_where_nothing_fits_the_smallest_file_says_how_many_times_larger_it_is(photo):
    found = best_within(photo, 25)
    assert not found.fits
    times = found.size_bytes / 25
    assert found.label.startswith("no JPEG is this small") and f"{times:.0f} times larger" in found.label


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 2), (8, 8)])
def test_odd_sizes_have_baselines(size):
    for codec in NAMES:
        assert best_within(Image.new("RGB", size, "teal"), 2000, codec).image.size == size
