import numpy as np
import pytest
import segno
from photographs import photograph
from PIL import Image
from share_files import captioned, file_of

from textsketch.errors import ImageError, LinkError
from textsketch.share import code_process
from textsketch.share.code import link_code, raw_code
from textsketch.share.code_reader import tsk_in_picture
from textsketch.share.link import link_of

ADDRESS = "https://somebody-textsketch.hf.space/"


def picture_of(text: str) -> Image.Image:
    picture = Image.new("L", (600, 600), 255)
    matrix = np.array([list(row) for row in segno.make_qr(text).matrix_iter(scale=3, border=4)])
    picture.paste(Image.fromarray(np.uint8(255 * (matrix == 0))))
    return picture


@pytest.mark.parametrize(("size_bytes", "width"), [(140, 480), (1200, 480), (1200, 900), (1200, 2000)])
def test_a_photographed_code_gives_the_file_back(size_bytes, width):
    tsk, rng = file_of(size_bytes), np.random.default_rng(width)
    for code in (link_code(tsk, ADDRESS), raw_code(tsk)):
        assert tsk_in_picture(photograph(np.asarray(code.picture(6)), width, rng)) == tsk


def test_the_largest_code_scans_from_a_frame_it_fills():
    tsk = file_of(2800)
    shown = np.asarray(link_code(tsk, ADDRESS).picture(5))
    assert tsk_in_picture(photograph(shown, 900, np.random.default_rng(1))) == tsk


def test_a_code_is_read_turned_in_colour_and_light_on_dark():
    tsk = captioned()
    code = raw_code(tsk).picture(6)
    for picture in (code.rotate(90), code.rotate(180), code.point(lambda v: 255 - v), code.convert("RGB")):
        assert tsk_in_picture(picture) == tsk


def test_base64_in_a_code_is_read_too():
    assert tsk_in_picture(picture_of(link_of(captioned(), ADDRESS))) == captioned()


def test_of_several_codes_the_one_with_a_file_counts():
    both = Image.new("L", (1300, 600), 255)
    both.paste(picture_of("https://example.com/menu"))
    both.paste(raw_code(captioned()).picture(6), (700, 0))
    assert tsk_in_picture(both) == captioned()


@pytest.mark.parametrize(
    "text", ["https://example.com/", "hello", "42", "https://example.com/?tsk=AAAA", "?tsk="]
)
def test_another_code_is_said_to_be_another(text):
    with pytest.raises(LinkError, match="holds no picture of textsketch's"):
        tsk_in_picture(picture_of(text))


def test_a_picture_without_a_code_says_how_to_take_it(photo):
    for picture in (photo, Image.new("L", (1, 1)), Image.new("RGB", (300, 2), "white")):
        with pytest.raises(LinkError, match="no QR code can be read"):
            tsk_in_picture(picture)


def test_what_is_no_picture_is_an_image_error():
    for wrong in (b"", b"hello", b"\x89PNG\r\n\x1a\n" + bytes(50)):
        with pytest.raises(ImageError):
            tsk_in_picture(wrong)


def test_a_picture_that_would_be_searched_for_hours_is_given_up(monkeypatch):
    eye = np.zeros((9, 9), np.uint8)
    eye[[0, 8]] = eye[:, [0, 8]] = eye[2, 2:7] = eye[6, 2:7] = eye[2:7, 2] = eye[2:7, 6] = 255
    monkeypatch.setattr(code_process, "WALL_SECONDS", 2)
    with pytest.raises(LinkError, match="in time; crop it to the code"):
        tsk_in_picture(np.tile(eye, (300, 300)))
