"""The table of caption sources, with one more row that only this file knows."""

import contextlib
from dataclasses import dataclass

import pytest
from PIL import Image

from textsketch.cli import main
from textsketch.errors import OptionError, WeightsError
from textsketch.models import weights
from textsketch.options import Options, option
from textsketch.semantic.captions import table
from textsketch.semantic.captions.source import Source

PICTURE = Image.new("RGB", (40, 30), (200, 30, 30))


@dataclass(frozen=True)
class PoetOptions(Options):
    lines: int = option(1, "lines of the poem", least=1, most=9)
    rhymed: bool = option(True, "end the lines alike")
    language: str = option("en", "language of the poem")


def write_poem(picture, options, progress):
    progress(0.5, "o")
    return " / ".join(["o red"] * options.lines) + ("" if options.rhymed else f" ({options.language})")


POET = Source("poet", "A poet", "verses", PoetOptions, lambda: None, write_poem)


@pytest.fixture
def poet(monkeypatch):
    monkeypatch.setitem(table.SOURCES, "poet", POET)


@pytest.fixture
def nothing_here(monkeypatch, tmp_path):
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


def test_the_shipped_rows_are_complete():
    assert list(table.SOURCES) == ["florence2", "blip", "prompt-inversion", "api"]
    for name, source in table.SOURCES.items():
        assert source.name == name and source.title and source.summary
        assert source.options() == source.options()


def test_a_row_is_written_with_its_own_options(poet):
    seen = []
    assert table.write(PICTURE, "poet", lines=2, progress=lambda *word: seen.append(word)) == "o red / o red"
    assert table.write(PICTURE, "poet", rhymed=False, language="de") == "o red (de)"
    assert seen == [(0.5, "o")]


@pytest.mark.parametrize(
    ("name", "options", "sentence"),
    [
        ("poet", {"steps": 3}, "A poet does not take the option steps; it takes lines, rhymed, language"),
        ("blip", {"tokens": 8}, "BLIP does not take the option tokens; it has no options"),
        ("florence2", {"lines": 8}, "Florence-2 does not take the option lines; it takes detailed"),
        ("poet", {"lines": "many"}, "lines must be a whole number from 1 to 9, not 'many'"),
        ("poet", {"lines": 1.5}, "lines must be a whole number from 1 to 9, not 1.5"),
        ("poet", {"lines": None}, "lines must be a whole number from 1 to 9, not None"),
        ("poet", {"lines": True}, "lines must be a whole number from 1 to 9, not True"),
        ("poet", {"rhymed": 1}, "rhymed must be true or false, not 1"),
        ("poet", {"language": 5}, "language must be text, not 5"),
        ("poet", {"lines": 10}, "lines must be a whole number from 1 to 9, not 10"),
        ("novelist", {}, "no caption source called 'novelist'; choose one of florence2, blip"),
    ],
)
def test_an_unknown_or_foreign_option_is_one_sentence(poet, name, options, sentence):
    with pytest.raises(OptionError) as caught:
        table.write(PICTURE, name, **options)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("name", ["blip", "florence2", "prompt-inversion"])
def test_a_source_that_lacks_weights_names_the_command_that_helps(name, nothing_here):
    assert "textsketch weights fetch" in table.get(name).unavailable()
    with pytest.raises(WeightsError, match="textsketch weights fetch"):
        table.write(PICTURE, name)


def test_within_so_many_bytes_a_source_that_cannot_aim_is_cut_in_phrases(monkeypatch):
    source = Source(
        "bard", "A bard", "", Options, lambda: None, lambda *about: "a red barn by a lake at dawn"
    )
    monkeypatch.setitem(table.SOURCES, "bard", source)
    assert table.write(PICTURE, "bard", most_bytes=100) == "a red barn by a lake at dawn"
    assert table.write(PICTURE, "bard", most_bytes=6) in ("a red barn", "a red barn by a lake")
    assert table.write(PICTURE, "bard", most_bytes=0) == ""


def test_prompt_inversion_gets_what_was_asked_for(monkeypatch):
    from textsketch.semantic.captions import prompt_inversion

    asked = {}

    def invert(picture, **options):
        asked.update(options)
        return prompt_inversion.Inversion("red barn", 0.3, 1, 1)

    monkeypatch.setattr(prompt_inversion, "invert", invert)
    source = table.get("prompt-inversion")
    assert source.write(PICTURE, source.options(tokens=5), print) == "red barn"
    assert (asked["tokens"], asked["steps"]) == (5, 1000)


def test_the_command_line_offers_a_new_row_and_its_options(poet, capsys, tmp_path):
    PICTURE.save(tmp_path / "a.png")
    with contextlib.suppress(SystemExit):
        main(["caption", "--help"])
    printed = " ".join(capsys.readouterr().out.split())
    assert "{florence2,blip,prompt-inversion,api,poet}" in printed and "poet, verses" in printed
    assert "--lines N poet: lines of the poem (1 to 9, default: 1)" in printed
    assert "--rhymed, --no-rhymed" in printed
    assert main(["caption", str(tmp_path / "a.png"), "--source", "poet", "--lines", "2", "--no-rhymed"]) == 0
    assert capsys.readouterr().out.strip() == "o red / o red (en)"
    assert main(["caption", str(tmp_path / "a.png"), "--source", "poet", "--steps", "3"]) == 2
    assert "A poet does not take the option steps" in capsys.readouterr().err
