"""What the page offers to write captions with, for a table with one more row."""

from dataclasses import make_dataclass, replace

import gradio as gr
import pytest

from textsketch.models import weights
from textsketch.options import Options, option
from textsketch.semantic.captions import table
from textsketch.semantic.captions.source import Source
from textsketch.web.caption_writer import caption_writer
from textsketch.web.jobs import Jobs


@pytest.fixture
def page(monkeypatch, tmp_path):
    """Lays the controls out anew and gives them by elem_id; no weights are here."""
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))

    def lay_out():
        with gr.Blocks() as demo:
            picture, caption, line = gr.Image(), gr.Textbox(), gr.HTML(elem_id="line")
            caption_writer(Jobs(1), lambda path, report: None, picture, caption, line)
        return {getattr(block, "elem_id", None): block for block in demo.blocks.values()}, demo

    return lay_out


def make_poet():
    fields = [
        ("lines", int, option(1, "lines of the poem", least=1, most=9)),
        ("rhymed", bool, option(True, "end the lines alike")),
        ("length", int, option(500, "letters at most", least=1, most=10_000)),
        ("language", str, option("en", "language of the poem")),
    ]
    options = make_dataclass("PoetOptions", fields, bases=(Options,), frozen=True)
    return Source("poet", "A poet", "verses", options, lambda: None, lambda picture, options, progress: "o")


def row_of(block):
    return block if isinstance(block, gr.Row) else row_of(block.parent)


def test_without_any_source_the_page_says_what_helps(page):
    controls, demo = page()
    assert "caption-source" not in controls
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
