import re

import numpy as np
import pytest
from conftest import EXAMPLES, forget_pictures
from PIL import Image, ImageDraw

from textsketch import bitstream
from textsketch.allocation.painter import choose_layers
from textsketch.bitstream import SizeMeter
from textsketch.errors import BudgetError
from textsketch.layers import Layers, Mode
from textsketch.measure.metrics.pixels import psnr_db
from textsketch.progress import Pulse
from textsketch.render.painter.painting import render
from textsketch.texture import grain


def size_of(layers: Layers) -> int:
    return len(bitstream.pack(layers))


def _lines() -> Image.Image:
    pixels = np.full((200, 300, 3), 255, np.uint8)
    pixels[50] = 0
    pixels[:, 150] = 0
    pixels[np.arange(200), np.arange(200)] = 0
    return Image.fromarray(pixels)


ODD = {
    "one pixel": Image.new("RGB", (1, 1), "red"),
    "black": Image.new("RGB", (64, 48)),
    "white": Image.new("RGB", (300, 200), "white"),
    "a wide strip": Image.radial_gradient("L").resize((2000, 16)).convert("RGB"),
    "a tall strip": Image.radial_gradient("L").resize((16, 2000)).convert("RGB"),
    "one-pixel lines": _lines(),
}


@pytest.mark.parametrize("budget_bytes", [100, 300, 1000])
@pytest.mark.parametrize("mode", [Mode.TEXT_SKETCH, Mode.THREE_LAYER])
def test_a_photo_fills_its_budget_and_never_overruns_it(photo, mode, budget_bytes):
    size_bytes = size_of(choose_layers(photo, mode, budget_bytes, "a cup", size_of=size_of))
    assert size_bytes <= budget_bytes
    if mode is Mode.THREE_LAYER:
        assert size_bytes >= 0.95 * budget_bytes


@pytest.mark.parametrize("mode", list(Mode))
@pytest.mark.parametrize("name", list(ODD))
def test_odd_pictures_come_out_whole(name, mode):
    picture = ODD[name]
    for budget_bytes in (30, 400):
        layers = choose_layers(picture, mode, budget_bytes, "", size_of=size_of)
        assert size_of(layers) <= budget_bytes
        decoded = bitstream.unpack(bitstream.pack(layers))
        assert render(decoded).size == picture.size


def test_noise_of_any_budget_comes_out_whole(noise):
    for budget_bytes in (40, 500, 5000):
        layers = choose_layers(noise, Mode.THREE_LAYER, budget_bytes, "", size_of=size_of)
        assert size_of(layers) <= budget_bytes


def _grid() -> Image.Image:
    pixels = np.full((256, 256, 3), 255, np.uint8)
    pixels[::8] = 0
    pixels[:, ::8] = 0
    return Image.fromarray(pixels)


def _noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (160, 240, 3), dtype=np.uint8))


def _gradient(size: tuple[int, int], first: tuple[int, int, int], last: tuple[int, int, int]) -> Image.Image:
    width, height = size
    row = np.linspace(first, last, width)
    return Image.fromarray(np.broadcast_to(row, (height, width, 3)).astype(np.uint8))


def _checkerboard() -> Image.Image:
    y, x = np.mgrid[:96, :96] // 16
    return Image.fromarray(((x + y) % 2 * 255).astype(np.uint8)).convert("RGB")


def _text() -> Image.Image:
    picture = Image.new("RGB", (140, 60), "white")
    for line in range(3):
        ImageDraw.Draw(picture).text((5, 5 + 18 * line), "The quick brown fox", fill=(20, 20, 60))
    return picture


def _drawing() -> Image.Image:
    picture = Image.new("RGB", (120, 90), (250, 245, 230))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((10, 10, 60, 70), outline=(0, 0, 0), width=2)
    draw.polygon([(70, 80), (90, 30), (110, 80)], fill=(30, 90, 160))
    draw.line((5, 85, 115, 5), fill=(0, 120, 0), width=3)
    return picture


def _photo(name: str) -> Image.Image:
    picture = Image.open(EXAMPLES / f"{name}.jpg").convert("RGB")
    picture.thumbnail((120, 120))
    return picture


EVER_BETTER = {
    "a grey gradient": _gradient((2048, 2), (0, 0, 0), (255, 255, 255)),
    "a coloured gradient": _gradient((4096, 4), (0, 128, 255), (255, 128, 0)),
    "a checkerboard": _checkerboard(),
    "one-pixel lines": _lines().crop((80, 20, 200, 110)),
    "text": _text(),
    "a drawing": _drawing(),
    "noise": _noise().crop((0, 0, 48, 36)),
    "a cup": _photo("coffee"),
    "a pagoda": _photo("pagoda"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", list(EVER_BETTER))
def test_more_bytes_are_never_worse(name):
    picture, best = EVER_BETTER[name], 0.0
    for budget_bytes in (42, 92, 203, 448, 984, 2162):
        layers = choose_layers(picture, Mode.THREE_LAYER, budget_bytes, "", size_of=SizeMeter())
        assert size_of(layers) <= budget_bytes
        # Above 50 dB how samples round decides.
        quality = min(psnr_db(picture, render(layers, grain=False, brush=False)), 50.0)
        assert quality > best - 0.05, budget_bytes
        best = max(best, quality)


@pytest.mark.slow
@pytest.mark.parametrize("budget_bytes", [100, 250])
def test_where_grain_is_switched_on_its_price_is_small(budget_bytes):
    picture = _photo("pagoda")
    before, after = (
        psnr_db(
            picture,
            render(
                choose_layers(picture, Mode.THREE_LAYER, size, "", size_of=SizeMeter()),
                grain=False,
                brush=False,
            ),
        )
        for size in (budget_bytes - 1, budget_bytes)
    )
    assert after > before - 0.3


@pytest.mark.parametrize("mode", list(Mode))
def test_whoever_waits_is_heard_between_any_two_steps(mode, monkeypatch):
    class GivenUpError(Exception):
        pass

    reports: list[float] = []

    def progress(fraction: float, message: str) -> None:
        reports.append(fraction)
        if len(reports) == patience:
            raise GivenUpError

    monkeypatch.setattr("textsketch.progress._BEAT_S", -1)  # every beat is a report
    patience, pulse = 0, Pulse(progress)
    forget_pictures()
    choose_layers(_lines(), mode, 300, "", size_of=SizeMeter(pulse.beat), progress=pulse)
    assert reports == sorted(reports) and reports[-1] == 1
    assert len(reports) > {Mode.TEXT_ONLY: 3, Mode.TEXT_SKETCH: 10, Mode.THREE_LAYER: 500}[mode]
    for patience in (len(reports) // 4, len(reports) // 2):
        reports.clear()
        forget_pictures()
        with pytest.raises(GivenUpError):
            choose_layers(_lines(), mode, 300, "", size_of=SizeMeter(pulse.beat), progress=Pulse(progress))
        assert len(reports) == patience


@pytest.mark.parametrize("picture", [_lines(), _grid(), _noise()], ids=["lines", "grid", "noise"])
def test_pictures_whose_detail_is_all_fine_fill_their_budgets_too(picture):
    for budget_bytes in (100, 150, 300, 600):
        layers = choose_layers(picture, Mode.THREE_LAYER, budget_bytes, "", size_of=size_of)
        assert 0.95 * budget_bytes <= size_of(layers) <= budget_bytes


def test_a_budget_below_the_smallest_file_names_that_size(photo):
    with pytest.raises(BudgetError, match=r"takes \d+ bytes") as caught:
        choose_layers(photo, Mode.THREE_LAYER, 4, "a cup of coffee", size_of=size_of)
    smallest = int(re.findall(r"\d+", str(caught.value))[0])
    assert (
        size_of(choose_layers(photo, Mode.THREE_LAYER, smallest, "a cup of coffee", size_of=size_of))
        == smallest
    )


def test_the_choice_is_the_same_every_time(photo):
    first, second = (
        bitstream.pack(choose_layers(photo, Mode.THREE_LAYER, 400, "", size_of=size_of)) for _ in range(2)
    )
    assert first == second


def test_more_bytes_paint_a_better_picture(photo):
    quality = [
        psnr_db(
            photo,
            render(
                choose_layers(photo, Mode.THREE_LAYER, size, "", size_of=size_of), grain=False, brush=False
            ),
        )
        for size in (60, 150, 400, 1000, 2500)
    ]
    assert quality == sorted(quality)
    assert quality[-1] > quality[0] + 4


def test_more_bytes_paint_a_better_picture_from_the_first_ones_on():
    picture = Image.open(EXAMPLES / "pagoda.jpg").convert("RGB")
    values = []
    for budget_bytes in (25, 30, 35, 40, 50, 60, 80, 99):
        layers = choose_layers(picture, Mode.THREE_LAYER, budget_bytes, "", size_of=size_of)
        values.append(psnr_db(picture, render(layers, grain=False, brush=False)))
    assert min(np.diff(values)) > -0.1


def test_a_long_caption_leaves_no_bytes_unspent(photo):
    caption = "a white cup of black coffee on a saucer on a wooden table beside a folded newspaper"
    for budget_bytes in (50, 60, 80):
        layers = choose_layers(photo, Mode.THREE_LAYER, budget_bytes, caption, size_of=size_of)
        assert 0.95 * budget_bytes <= size_of(layers) <= budget_bytes


def test_a_sketch_with_bytes_left_over_is_drawn_on_a_finer_grid(photo):
    coarse, fine = (
        choose_layers(photo, Mode.TEXT_SKETCH, budget_bytes, "", size_of=size_of).structure.strokes.shape
        for budget_bytes in (200, 3000)
    )
    assert max(fine) > max(coarse)


def test_a_tiny_picture_is_not_spoilt_by_too_many_bytes(photo):
    tiny = photo.resize((16, 16))
    layers = choose_layers(tiny, Mode.THREE_LAYER, 3000, "", size_of=size_of)
    assert psnr_db(tiny, render(layers, grain=False, brush=False)) > 40


def test_a_contour_out_of_place_makes_no_grain():
    difference = np.zeros((512, 768), np.float32)
    difference[:, 103:106] = 120
    rough = np.random.default_rng(0).normal(0, 12, difference.shape).astype(np.float32)
    assert grain.measure(difference, (768, 512), True).any()
    assert not grain.measure(difference, (768, 512), True, typical=True).any()
    assert grain.measure(rough, (768, 512), True, typical=True).min() >= 1


def test_a_flat_edge_free_picture_needs_no_stroke():
    smooth = Image.radial_gradient("L").resize((200, 120)).convert("RGB")
    layers = choose_layers(smooth, Mode.THREE_LAYER, 300, "", size_of=size_of)
    assert layers.structure.strokes.sum() < 60
