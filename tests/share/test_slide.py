import numpy as np
import pytest
from PIL import Image
from share_files import captioned

from textsketch import bitstream
from textsketch.errors import BitstreamError
from textsketch.measure.baselines.search import best_within
from textsketch.pipeline import decode, encode
from textsketch.share import slide as share_slide
from textsketch.share.code import raw_code
from textsketch.share.code_reader import tsk_in_picture
from textsketch.share.slide import SIZE, _panels, slide

ADDRESS = "https://somebody-textsketch.hf.space/"
WHITE = 255


def made(picture: Image.Image, budget: int, mode: str = "three-layer", caption: str = "a cup") -> tuple:
    """What `slide` takes."""
    encoded = encode(picture, budget=budget, mode=mode, caption=caption)
    decoded = decode(encoded.data)
    jpeg = best_within(picture, encoded.size_bytes)
    return picture, decoded.image, encoded.data, jpeg.data, decoded.invented


def margins(sheet: Image.Image) -> np.ndarray:
    pixels = np.asarray(sheet.convert("L")).copy()
    pixels[20:-20, 56:-56] = WHITE
    return pixels


@pytest.mark.parametrize("mode", ["text-only", "text+sketch", "three-layer"])
def test_the_code_on_a_slide_gives_the_file_back(photo, mode):
    original, painted, tsk, jpeg, invented = made(photo.resize((240, 160)), 400, mode)
    for address in (ADDRESS, "http://127.0.0.1:7860/", None):
        sheet = slide(original, painted, tsk, jpeg, invented=invented, address=address)
        assert sheet.size == SIZE and sheet.mode == "RGB"
        assert tsk_in_picture(sheet) == tsk


@pytest.mark.parametrize("size", [(300, 20), (12, 300), (200, 200), (1, 1), (90, 160)])
def test_pictures_of_every_shape_stay_within_the_margins(size):
    picture = Image.radial_gradient("L").resize(size).convert("RGB")
    *taken, invented = made(picture, 400, caption="a very long caption with many words in it, " * 4)
    sheet = slide(*taken, invented=invented)
    assert margins(sheet).min() == WHITE
    assert np.asarray(sheet.convert("L")).min() < 64


@pytest.mark.parametrize(
    "caption", ["", "x" * 200, "海の上の夕日", "Größe\n\x00\x1b[31m цветок", "a\u200fb", "😀" * 20]
)
def test_captions_of_every_kind_stay_within_the_margins(caption):
    tsk = captioned(caption)
    grey = Image.new("RGB", (640, 480), "grey")
    sheet = slide(grey, grey, tsk, best_within(grey, len(tsk)).data, invented="Painted by a network. " * 40)
    assert margins(sheet).min() == WHITE


def test_a_file_whose_code_no_camera_would_read_on_a_slide_has_none(monkeypatch):
    tsk, grey = captioned(), Image.new("RGB", (640, 480), "grey")
    jpeg = best_within(grey, len(tsk)).data
    corner = (1270, 660, *SIZE)
    assert min(slide(grey, grey, tsk, jpeg).crop(corner).getextrema()) == (0, WHITE)
    monkeypatch.setattr(share_slide, "_CODE_SIDE", 3 * raw_code(tsk).modules - 1)
    assert min(slide(grey, grey, tsk, jpeg).crop(corner).getextrema()) == (WHITE, WHITE)


def test_a_jpeg_is_said_to_be_larger_where_it_is():
    grey = Image.new("RGB", (640, 480), "grey")
    jpeg = best_within(grey, 1).data
    layers = bitstream.unpack(captioned())
    smallest, same = (_panels(grey, grey, layers, bytes(count), jpeg)[2] for count in (20, len(jpeg)))
    assert smallest.title == "The smallest JPEG" and same.title == "JPEG of the same size"
    assert smallest.figure == same.figure == f"{len(jpeg)} bytes"
    assert smallest.note.endswith(f"{len(jpeg) / 20:.0f} times larger") and "larger" not in same.note


def test_a_damaged_file_is_refused():
    grey = Image.new("RGB", (64, 48), "grey")
    with pytest.raises(BitstreamError):
        slide(grey, grey, captioned()[:-1], best_within(grey, 300).data)
