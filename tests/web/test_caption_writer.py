"""What the page offers to write captions with, for a table with one more row."""

from dataclasses import make_dataclass, replace
from types import SimpleNamespace

import gradio as gr
import PIL.Image
import pytest

import textsketch as ts
from textsketch.models import weights
from textsketch.options import Options, described, option
from textsketch.semantic.captions import table
from textsketch.semantic.captions.source import Source
from textsketch.semantic.text.coder import encode_text
from textsketch.web.caption_writer import caption_writer
from textsketch.web.jobs import JobCancelledError, Jobs


def offered_options():
    """All options of all sources that have a control on the page."""
    sources = table.SOURCES.values()
    return [one for source in sources for one in described(source.options) if one.offered]


@pytest.fixture
def page(monkeypatch, tmp_path):
    """Lays the controls out anew and gives them by elem_id; no weights are here."""
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))

    def lay_out():
        with gr.Blocks() as demo:
            picture, caption, line = gr.Image(), gr.Textbox(elem_id="caption"), gr.HTML(elem_id="line")
            room = [gr.Radio(), gr.Radio(), gr.Textbox(), gr.Number()]
            writer = caption_writer(
                Jobs(1), lambda path, report: PIL.Image.open(path), picture, caption, line, room
            )
            uploaded = picture.upload(lambda: None)
            writer.propose_after(uploaded, picture)
        demo.leave = writer.leave
        return {getattr(block, "elem_id", None): block for block in demo.blocks.values()}, demo

    return lay_out


def write_poem(picture, options, progress):
    progress(0.5, "o first line")
    if options.lines > 8:
        raise JobCancelledError
    return f"{options.lines} lines on {picture.width} x {picture.height}"


def make_poet():
    fields = [
        ("lines", int, option(1, "lines of the poem", least=1, most=9)),
        ("rhymed", bool, option(True, "end the lines alike")),
        ("length", int, option(500, "letters at most", least=1, most=10_000)),
        ("language", str, option("en", "language of the poem")),
    ]
    options = make_dataclass("PoetOptions", fields, bases=(Options,), frozen=True)
    return Source("poet", "A poet", "verses", options, lambda: None, write_poem)


def row_of(block):
    return block if isinstance(block, gr.Row) else row_of(block.parent)


def test_without_any_source_the_page_says_what_helps(page):
    controls, demo = page()
    assert not controls["caption-writer"].visible
    texts = [str(block.value) for block in demo.blocks.values() if isinstance(block, gr.HTML)]
    assert any("The captioner blip needs blip" in text for text in texts)


def test_a_new_row_is_offered_with_a_control_for_each_of_its_options(page, monkeypatch):
    monkeypatch.setitem(table.SOURCES, "poet", make_poet())
    controls, _ = page()
    assert controls["caption-source"].choices == [("A poet", "poet")]
    lines, rhymed, length, language = (
        controls[f"poet-{name}"] for name in ("lines", "rhymed", "length", "language")
    )
    assert (type(lines), lines.minimum, lines.maximum, lines.value) == (gr.Slider, 1, 9, 1)
    assert (type(rhymed), rhymed.value, rhymed.label) == (gr.Checkbox, True, "End the lines alike")
    assert (type(length), length.maximum, length.precision) == (gr.Number, 10_000, 0)
    assert (type(language), language.value) == (gr.Textbox, "en")


def test_only_the_options_of_the_chosen_source_are_shown(page, monkeypatch):
    monkeypatch.setitem(table.SOURCES, "poet", make_poet())
    monkeypatch.setitem(table.SOURCES, "bard", replace(make_poet(), name="bard", title="A bard"))
    controls, _ = page()
    assert controls["caption-source"].choices == [("A poet", "poet"), ("A bard", "bard")]
    assert row_of(controls["poet-lines"]).visible and not row_of(controls["bard-lines"]).visible


def written(demo, controls, tmp_path, name, *values, limits=("three-layer", "packet", "", 0), size=(40, 30)):
    """What the page shows in the end after a click on the button, by elem_id."""
    PIL.Image.new("RGB", size).save(tmp_path / "a.png")
    (click,) = [one.fn for one in demo.fns.values() if getattr(one.fn, "__name__", "") == "work"]
    request = SimpleNamespace(session_hash="visitor")
    shown = {}
    others = len(offered_options()) - len(values)
    lacking = [None] * others  # the options of sources that lack something here come first
    for updates in click(request, str(tmp_path / "a.png"), *limits, name, *lacking, *values):
        shown |= {block.elem_id: update for block, update in updates.items()}
    return shown


def test_the_chosen_source_gets_its_own_options_and_its_caption_is_shown(page, monkeypatch, tmp_path):
    monkeypatch.setitem(table.SOURCES, "bard", replace(make_poet(), name="bard", title="A bard"))
    monkeypatch.setitem(table.SOURCES, "poet", make_poet())
    controls, demo = page()
    bard, poet = (3, True, 500, "en"), (7, False, 400, "de")
    shown = written(demo, controls, tmp_path, "poet", *bard, *poet)
    assert shown["caption"] == "7 lines on 40 x 30"


def test_what_a_search_has_found_is_kept_when_it_is_cancelled(page, monkeypatch, tmp_path):
    for usable in (False, True):
        monkeypatch.setitem(table.SOURCES, "poet", replace(make_poet(), usable_at_once=usable))
        controls, demo = page()
        shown = written(demo, controls, tmp_path, "poet", 9, True, 500, "en")
        assert shown.get("caption") == ("o first line" if usable else None)


def test_a_source_that_finds_no_words_leaves_the_caption_and_says_so(page, monkeypatch, tmp_path):
    monkeypatch.setitem(
        table.SOURCES, "poet", replace(make_poet(), write=lambda picture, options, progress: "")
    )
    controls, demo = page()
    shown = written(demo, controls, tmp_path, "poet", 1, True, 500, "en")
    assert "caption" not in shown and "No words were found" in shown["line"]


def test_what_is_written_for_a_picture_that_is_no_longer_there_is_dropped(page, monkeypatch, tmp_path):
    def write(picture, options, progress):
        demo.leave(SimpleNamespace(session_hash="visitor"))
        return "words for the picture before"

    monkeypatch.setitem(table.SOURCES, "poet", replace(make_poet(), write=write))
    controls, demo = page()
    shown = written(demo, controls, tmp_path, "poet", 1, True, 500, "en")
    assert "caption" not in shown and shown["write"]["interactive"]


def proposed(demo, tmp_path, typed="", automatic=True, budget=600, size=(240, 160), mode="three-layer"):
    """What a quick source proposes for a picture that a visitor brings."""
    PIL.Image.new("RGB", size).save(tmp_path / "a.png")
    (propose,) = [one.fn for one in demo.fns.values() if getattr(one.fn, "__name__", "") == "propose"]
    values = [one.default for one in offered_options()]
    request = SimpleNamespace(session_hash="visitor")
    asked = (str(tmp_path / "a.png"), typed, automatic, mode, "custom", str(budget), 0, None, *values)
    found = [value for updates in propose(request, *asked) for value in updates.values()]
    return next((value for value in reversed(found) if isinstance(value, str) and "<" not in value), None)


def test_a_caption_is_proposed_for_a_picture_without_one_and_is_a_fifth_of_the_budget_at_most(
    page, monkeypatch, tmp_path
):
    long = "a brown dog with a red collar running on the beach near the water"
    slow = replace(make_poet(), write=lambda picture, options, progress: "a slow one")
    monkeypatch.setitem(table.SOURCES, "slow", replace(slow, name="slow"))
    _, demo = page()
    assert proposed(demo, tmp_path) == ""  # it would take minutes, and nobody asked
    quick = replace(slow, name="quick", quick=True, write=lambda picture, options, progress: long)
    monkeypatch.setitem(table.SOURCES, "quick", quick)
    _, demo = page()
    assert proposed(demo, tmp_path) == long
    assert proposed(demo, tmp_path, typed="mine") == "" == proposed(demo, tmp_path, automatic=False)
    short = proposed(demo, tmp_path, budget=60)
    assert long.startswith(short) and 0 < len(encode_text(short)) <= 12


LONG = "a brown dog with a red collar running on the beach near the water"


def test_at_micro_what_is_written_or_proposed_fits_by_itself(page, monkeypatch, tmp_path):
    dog = replace(make_poet(), name="dog", quick=True, write=lambda picture, options, progress: LONG)
    monkeypatch.setitem(table.SOURCES, "dog", dog)
    controls, demo = page()
    size, limits = (1024, 1024), ("text-only", "micro", "", 0)
    shown = written(demo, controls, tmp_path, "dog", 1, True, 500, "en", limits=limits, size=size)
    by_itself = proposed(demo, tmp_path, budget="100 micro-bpp", mode="text-only", size=size)
    for caption in (shown["caption"], by_itself):
        data = ts.encode(tmp_path / "a.png", mode="text-only", budget=13, caption=caption).data
        assert LONG.startswith(caption) and len(caption) > 10 and 10 <= len(data) <= 13
    none = written(
        demo, controls, tmp_path, "dog", 1, True, 500, "en", limits=("three-layer", "custom", "4", 0)
    )
    assert "caption" not in none and "leaves no room for words" in none["line"]


def test_what_a_search_has_found_fits_when_it_is_cancelled(page, monkeypatch, tmp_path):
    def search(picture, options, progress):
        progress(0.5, LONG)
        raise JobCancelledError

    monkeypatch.setitem(table.SOURCES, "dog", replace(make_poet(), write=search, usable_at_once=True))
    controls, demo = page()
    limits = ("text-only", "custom", "12", 0)
    shown = written(demo, controls, tmp_path, "dog", 1, True, 500, "en", limits=limits)
    assert LONG.startswith(shown["caption"]) and 0 < len(encode_text(shown["caption"])) <= 10
