import numpy as np
import pytest
import zxingcpp
from share_files import captioned, file_of

from textsketch.errors import BitstreamError, LinkError
from textsketch.share.code import MAX_RAW_BYTES, QUIET_MODULES, link_code, max_link_bytes, raw_code
from textsketch.share.digits import digits_of
from textsketch.share.link import before_payload, link_of

ADDRESS = "https://somebody-textsketch.hf.space/"
SIZES = (40, 140, 300, 600, 1200, 2000, 2800)


def read(picture) -> zxingcpp.Barcode:
    (found,) = zxingcpp.read_barcodes(np.asarray(picture.convert("L")))
    return found


@pytest.mark.parametrize("size_bytes", SIZES)
def test_a_code_with_a_link_holds_the_link_with_the_file_in_digits(size_bytes):
    tsk = file_of(size_bytes)
    for address in (ADDRESS, "http://127.0.0.1:7860", "https://name.hf.space/player/#"):
        code = link_code(tsk, address)
        assert read(code.picture(3)).text == before_payload(address) + digits_of(tsk)


@pytest.mark.parametrize("size_bytes", SIZES)
def test_a_code_of_the_file_alone_holds_its_bytes(size_bytes):
    tsk = file_of(size_bytes)
    assert read(raw_code(tsk).picture(3)).bytes == tsk


def test_digits_make_a_smaller_code_than_base64():
    tsk = file_of(1200)
    import segno

    assert link_code(tsk, ADDRESS).version < segno.make_qr(link_of(tsk, ADDRESS), error="L").version - 2
    assert link_code(tsk, ADDRESS).version <= raw_code(tsk).version + 1


@pytest.mark.parametrize(
    "address", [ADDRESS, "http://127.0.0.1:7860/", "http://a/#", "http://a/" + "x" * 900]
)
def test_the_largest_file_that_fits_is_the_one_the_error_names(address):
    limit = max_link_bytes(address)
    fits = link_code(file_of(limit), address)
    assert fits.version == 40 and read(fits.picture(3)).text.startswith(before_payload(address))
    with pytest.raises(
        LinkError, match=f"holds {limit:,} beside this address; .* budget of {limit}B or less"
    ):
        link_code(file_of(limit + 1), address)


def test_the_largest_raw_code_is_the_budget_called_qr():
    assert raw_code(file_of(MAX_RAW_BYTES)).version == 40
    with pytest.raises(LinkError, match=r"2,954 bytes .* holds 2,953; encode with a budget of qr or less"):
        raw_code(file_of(MAX_RAW_BYTES + 1))


def test_what_is_no_file_gets_no_code():
    for wrong in (b"", b"hello", bytes(3000)):
        with pytest.raises(BitstreamError):
            raw_code(wrong)
        with pytest.raises(BitstreamError):
            link_code(wrong, ADDRESS)


def test_a_picture_has_a_quiet_zone_and_whole_modules():
    code = raw_code(captioned())
    pixels = np.asarray(code.picture(5))
    assert pixels.shape == (5 * code.modules, 5 * code.modules) and set(np.unique(pixels)) == {0, 255}
    dark = np.argwhere(pixels == 0)
    assert dark.min() == 5 * QUIET_MODULES and dark.max() == len(pixels) - 1 - 5 * QUIET_MODULES
    assert (pixels == np.kron(pixels[::5, ::5], np.ones((5, 5), np.uint8))).all()


@pytest.mark.parametrize("size_bytes", SIZES)
def test_a_poster_is_readable_and_says_what_it_is(size_bytes):
    tsk = file_of(size_bytes)
    code = link_code(tsk, "https://" + "a" * 90 + ".space/")
    poster = code.poster()
    assert read(poster).valid and 1000 <= poster.width <= 1300 and poster.height > poster.width
    below = np.asarray(poster.convert("L"))[poster.width :]
    assert below.min() < 64  # there are letters
    assert below[:, :20].min() == 255 and below[:, -20:].min() == 255  # within its margins
    assert f"{size_bytes:,} bytes" in code.sentence and f"version {code.version}, level" in code.sentence
