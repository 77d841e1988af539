import json

import pytest
from PIL import Image
from share_files import file_of

from textsketch.cli import main
from textsketch.pipeline import encode
from textsketch.share import commands
from textsketch.share.link import link_of, tsk_in
from textsketch.share.source import tsk_from

ADDRESS = "https://name.hf.space/"


@pytest.fixture(scope="module")
def data(photo):
    return encode(photo, budget="500B", caption="a cup of coffee").data


@pytest.fixture
def tsk(data, tmp_path):
    """The path of a file."""
    path = tmp_path / "cup.tsk"
    path.write_bytes(data)
    return path


def out_of(capsys, *arguments, code=0) -> str:
    assert main([*map(str, arguments)]) == code
    printed = capsys.readouterr()
    return printed.err if code else printed.out


def test_link_prints_the_link_alone_and_decode_and_info_read_it(tsk, tmp_path, capsys):
    link = out_of(capsys, "link", tsk, "--address", ADDRESS).strip()
    assert link == link_of(tsk.read_bytes(), ADDRESS)
    record = json.loads(out_of(capsys, "link", tsk, "--address", ADDRESS, "--json"))
    assert record == {"link": link, "size_bytes": tsk.stat().st_size, "characters": len(link)}
    out_of(capsys, "decode", tsk, tmp_path / "file.png")
    for number, text in enumerate((link, link.partition("tsk=")[2])):
        out = tmp_path / f"{number}.png"
        out_of(capsys, "decode", text, out)
        assert out.read_bytes() == (tmp_path / "file.png").read_bytes()
        told = out_of(capsys, "info", text)
        assert "'a cup of coffee'" in told and max(map(len, told.splitlines())) < 140 < len(text)
        assert json.loads(out_of(capsys, "info", text, "--json"))["file"] == text


def test_links_of_the_command_line_lead_where_the_setting_says(tsk, capsys, monkeypatch):
    monkeypatch.setenv("TEXTSKETCH_ADDRESS", ADDRESS)
    assert out_of(capsys, "link", tsk).startswith(ADDRESS)
    monkeypatch.delenv("TEXTSKETCH_ADDRESS")
    link = out_of(capsys, "link", tsk).strip()
    assert link.startswith("http://127.0.0.1:7860/player/#") and tsk_in(link) == tsk.read_bytes()


def test_a_broken_link_is_one_line_on_standard_error(tsk, tmp_path, capsys):
    link = link_of(tsk.read_bytes(), ADDRESS)
    assert "copy the whole link again" in out_of(capsys, "decode", link[:40], tmp_path / "a.png", code=2)
    assert "there is no picture in this link" in out_of(capsys, "decode", ADDRESS, tmp_path / "a.png", code=2)
    assert "No such file" in out_of(capsys, "decode", "gone", tmp_path / "a.png", code=2)
    assert "No such file" in out_of(capsys, "decode", "gone.tsk", tmp_path / "a.png", code=2)
    assert "name the picture to write" in out_of(capsys, "decode", link, code=2)
    assert not (tmp_path / "a.png").exists()


def test_qr_writes_a_picture_that_decode_reads(tsk, photo, tmp_path, capsys):
    for name, options in (("link.png", ["--address", ADDRESS]), ("raw.png", ["--raw"])):
        record = json.loads(out_of(capsys, "qr", tsk, tmp_path / name, *options, "--json"))
        assert record["size_bytes"] == tsk.stat().st_size and 1 <= record["version"] <= 40
        assert record["address"] == (None if options == ["--raw"] else ADDRESS)
        assert "'a cup of coffee'" in out_of(capsys, "info", tmp_path / name)
        assert tsk_from(str(tmp_path / name)) == tsk.read_bytes()
    out_of(capsys, "decode", tmp_path / "raw.png", tmp_path / "cup.png")
    assert Image.open(tmp_path / "cup.png").size == photo.size
    assert "is the input" in out_of(capsys, "decode", tmp_path / "raw.png", code=2)


def test_qr_says_when_only_this_machine_could_open_it(tsk, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("TEXTSKETCH_ADDRESS", raising=False)
    assert "this machine only" in out_of(capsys, "qr", tsk, tmp_path / "a.png")
    assert "this machine only" not in out_of(capsys, "qr", tsk, tmp_path / "a.png", "--address", ADDRESS)
    assert "this machine only" not in out_of(capsys, "qr", tsk, tmp_path / "a.png", "--raw")


def test_qr_refuses_what_it_cannot_write(tsk, tmp_path, capsys):
    assert "the suffix .png" in out_of(capsys, "qr", tsk, tmp_path / "a.jpg", code=2)
    assert "is the input" in out_of(capsys, "qr", tsk, tsk, code=2)
    assert "no address" in out_of(capsys, "qr", tsk, tmp_path / "a.png", "--address", "name", code=2)
    (tmp_path / "large.tsk").write_bytes(file_of(2_990))
    assert "holds 2,953" in out_of(capsys, "qr", tmp_path / "large.tsk", tmp_path / "a.png", "--raw", code=2)
    assert not (tmp_path / "a.png").exists()


def test_slide_draws_the_file_beside_its_picture_and_a_jpeg(tsk, photo, tmp_path, capsys):
    photo.resize((2 * photo.width, 2 * photo.height)).save(tmp_path / "large.png")
    record = json.loads(out_of(capsys, "slide", tmp_path / "large.png", tsk, tmp_path / "out.png", "--json"))
    assert record["size_bytes"] == tsk.stat().st_size and record["jpeg_bytes"] > 0
    assert Image.open(tmp_path / "out.png").size == (1920, 1080)


def test_slide_refuses_another_picture_and_to_write_over_it(tsk, tmp_path, capsys):
    other = tmp_path / "other.png"
    Image.new("RGB", (40, 90)).save(other)
    sentence = out_of(capsys, "slide", other, tsk, tmp_path / "a.png", code=2)
    assert "the picture is 40 x 90 pixels, but the file holds one of" in sentence
    assert "is the input" in out_of(capsys, "slide", other, tsk, other, code=2)


def test_a_new_row_is_a_new_command(capsys, monkeypatch):
    def run(options, progress):
        return {"said": options.word}, f"said {options.word}"

    row = commands.Command("echo", "say a word again", lambda parser: parser.add_argument("word"), run)
    monkeypatch.setattr(commands, "COMMANDS", (*commands.COMMANDS, row))
    assert out_of(capsys, "echo", "hello") == "said hello\n"
    assert json.loads(out_of(capsys, "echo", "hello", "--json")) == {"said": "hello"}
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "say a word again" in capsys.readouterr().out
