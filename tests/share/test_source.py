import pillow_heif
import pytest
from share_files import captioned

from textsketch.errors import BitstreamError, ImageError, LinkError
from textsketch.image.formats import FORMATS
from textsketch.share.code import raw_code
from textsketch.share.link import link_of
from textsketch.share.source import tsk_from, tsk_from_file


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_of_a_code_is_told_from_a_file_by_its_content(name, tmp_path):
    path = tmp_path / "code.tsk"
    pillow_heif.register_heif_opener()
    raw_code(captioned()).picture(6).save(path, name)
    assert tsk_from_file(str(path)) == tsk_from(str(path)) == captioned()


def test_a_file_a_link_and_a_payload_give_the_file(tmp_path):
    tsk = captioned()
    (tmp_path / "a.png").write_bytes(tsk)
    link = link_of(tsk, "https://a/")
    assert {tsk_from(text) for text in (str(tmp_path / "a.png"), link, link.partition("=")[2])} == {tsk}


def test_a_file_is_taken_before_a_link_of_the_same_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    payload = link_of(captioned("a cat"), "https://a/").partition("=")[2]
    (tmp_path / payload).write_bytes(captioned("a dog"))
    assert tsk_from(payload) == captioned("a dog")


def test_what_is_nothing_of_it_says_so(tmp_path):
    with pytest.raises(BitstreamError, match="No such file"):
        tsk_from(str(tmp_path / "gone.tsk"))
    with pytest.raises(BitstreamError, match="is not a file"):
        tsk_from(str(tmp_path))
    with pytest.raises(LinkError):
        tsk_from("https://example.com/")
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
    with pytest.raises(ImageError):
        tsk_from(str(tmp_path / "broken.png"))
