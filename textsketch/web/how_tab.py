"""How it works, on one screen: the layers of the first example, as they stand in its file."""

from __future__ import annotations

import gradio as gr

from textsketch.web import html
from textsketch.web.controls import PRIVATE
from textsketch.web.encode_tab import first_result
from textsketch.web.jobs import Reporter
from textsketch.web.shared import Shared


def how_tab(shared: Shared) -> None:
    """Lay out the tab; its pictures are there once it is opened."""
    screen = gr.HTML("", elem_id="how")

    def show() -> str:
        result = shared.jobs.call(
            lambda report: first_result(shared.results, shared.examples, report), Reporter()
        )
        return html.how_it_works(result)

    shared.tab.select(show, None, screen, **PRIVATE)
