import dataclasses
import io

import pytest
from PIL import Image

from textsketch.errors import TextsketchError
from textsketch.measure.baselines import vvc
from textsketch.measure.baselines.search import Search, best_within, show
from textsketch.measure.baselines.table import FORMATS
from textsketch.measure.metrics.pixels import psnr_db

AVAILABLE = [name for name in FORMATS if FORMATS[name].unavailable() is None]


@pytest.mark.parametrize("codec", AVAILABLE)
@pytest.mark.parametrize("size_bytes", [700, 1500])
def test_a_baseline_is_a_real_file_within_the_size(photo, codec, size_bytes):
    found = best_within(photo, size_bytes, codec)
    assert found.fits and found.size_bytes <= size_bytes
    assert show(codec, found.data, photo.size).tobytes() == found.image.tobytes()
    if codec not in ("vvc", "compressai"):  # formats Pillow opens by itself
        decoded = Image.open(io.BytesIO(found.data)).convert("RGB")
        assert decoded.resize(photo.size, Image.Resampling.LANCZOS).tobytes() == found.image.tobytes()


@pytest.mark.parametrize("codec", AVAILABLE)
def test_one_search_for_many_sizes_finds_what_single_searches_find(photo, codec):
    search = Search(photo, codec)
    for size_bytes in (2000, 300, 900):
        together, alone = search.best_within(size_bytes), best_within(photo, size_bytes, codec)
        assert (together.data, together.label, together.fits) == (alone.data, alone.label, alone.fits)


def test_a_search_saves_no_file_twice_for_its_size(photo, monkeypatch):
    saved = []
    real = FORMATS["webp"]
    counting = dataclasses.replace(
        real, save=lambda image, level: saved.append((image.size, level)) or real.save(image, level)
    )
    monkeypatch.setitem(FORMATS, "webp", counting)
    search = Search(photo, "webp")
    search.best_within(900)
    first = len(saved)
    assert search.best_within(900).fits
    assert len(saved) == first


def test_every_format_names_its_encoder_and_missing_ones_say_what_to_install(photo, monkeypatch):
    for codec in AVAILABLE:
        assert any(character.isdigit() for character in FORMATS[codec].version())
    monkeypatch.setenv("PATH", "")
    vvc._ffmpeg_has_vvc.cache_clear()
    with pytest.raises(TextsketchError, match="VVC needs vvencapp and vvdecapp on the PATH: install vvenc"):
        best_within(photo, 1000, "vvc")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(TextsketchError, match="JPEG XL needs pillow_jxl: pip install pillow-jxl-plugin"):
        best_within(photo, 1000, "jpegxl")
    with pytest.raises(TextsketchError, match="needs torch, compressai: pip install -r"):
        best_within(photo, 1000, "compressai")


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
    for codec in AVAILABLE:
        assert best_within(Image.new("RGB", size, "teal"), 2000, codec).image.size == size
