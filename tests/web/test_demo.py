import os
import runpy
import signal
from types import SimpleNamespace

import gradio as gr
from conftest import EXAMPLES, ROOT

import textsketch as ts
from textsketch.semantic import words
from textsketch.web import demo


def test_the_page_links_to_the_player_and_a_space_to_its_source_and_the_format(monkeypatch):
    assert '<a href="player/">' in demo._links()
    monkeypatch.setenv("SPACE_ID", "somebody/textsketch")
    links = demo._links()
    assert 'href="https://huggingface.co/spaces/somebody/textsketch/tree/main"' in links
    assert "/blob/main/docs/format.md" in links
    monkeypatch.delenv("SPACE_ID")
    assert "huggingface" not in demo._links()


def test_the_colours_in_words_are_those_of_the_picture():
    for name, colour in (("dahlia", "orange"), ("fig", "red")):
        encoded = ts.encode(EXAMPLES / f"{name}.jpg", mode="text-only", budget="sms")
        assert colour in words.describe(encoded.layers), name


def test_no_event_costs_a_table_of_all_before_it(monkeypatch):
    made = []

    def serve(workspace):
        with gr.Blocks() as blocks:
            made.append(blocks.queue()._queue)

    monkeypatch.setattr(demo, "serve", serve)
    monkeypatch.setattr(signal, "signal", lambda *handler: None)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    runpy.run_path(str(ROOT / "app.py"))["main"]()
    (queue,) = made
    queue.events_recorded = 10**6
    assert queue.compute_analytics_summary(
        [{"function": "work", "status": "success", "process_time": 1.0}]
    ) == {"functions": {}}


def test_the_state_of_the_latest_visitors_is_kept_and_no_more():
    told = {}
    demo.launch(SimpleNamespace(launch=lambda **options: told.update(options)), demo._First())
    assert told["state_session_capacity"] <= 500  # about half a megabyte each
