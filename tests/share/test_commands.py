import json

import pytest

from textsketch.cli import main
from textsketch.pipeline import encode
from textsketch.share.link import link_of, tsk_in

ADDRESS = "https://name.hf.space/"


@pytest.fixture
def tsk(photo, tmp_path):
    """The path of a packet-sized file."""
    path = tmp_path / "cup.tsk"
    path.write_bytes(encode(photo, budget="500B", caption="a cup of coffee").data)
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
        assert "'a cup of coffee'" in out_of(capsys, "info", text)


def test_links_of_the_command_line_lead_where_the_setting_says(tsk, capsys, monkeypatch):
    monkeypatch.setenv("TEXTSKETCH_ADDRESS", ADDRESS)
    assert out_of(capsys, "link", tsk).startswith(ADDRESS)
    monkeypatch.delenv("TEXTSKETCH_ADDRESS")
    link = out_of(capsys, "link", tsk).strip()
    assert link.startswith("http://127.0.0.1:7860/?tsk=") and tsk_in(link) == tsk.read_bytes()


def test_a_broken_link_is_one_line_on_standard_error(tsk, tmp_path, capsys):
    link = link_of(tsk.read_bytes(), ADDRESS)
    assert "copy the whole link again" in out_of(capsys, "decode", link[:40], tmp_path / "a.png", code=2)
    assert "there is no picture in this link" in out_of(capsys, "decode", ADDRESS, tmp_path / "a.png", code=2)
    assert "No such file" in out_of(capsys, "decode", "gone", tmp_path / "a.png", code=2)
    assert "No such file" in out_of(capsys, "decode", "gone.tsk", tmp_path / "a.png", code=2)
    assert "name the picture to write" in out_of(capsys, "decode", link, code=2)
    assert not (tmp_path / "a.png").exists()
