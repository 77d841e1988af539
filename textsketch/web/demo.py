"""The demo: the page's tabs put together, and served."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path

import gradio as gr
from starlette.middleware import Middleware

from textsketch.models import zero_gpu
from textsketch.render import registry
from textsketch.service import calls
from textsketch.web.api import add_endpoints
from textsketch.web.decode_tab import decode_tab
from textsketch.web.edit_tab import edit_tab
from textsketch.web.edits import Edits
from textsketch.web.encode_tab import encode_tab, first_result
from textsketch.web.first_paint import first_paint
from textsketch.web.how_tab import how_tab
from textsketch.web.jobs import Jobs, Reporter
from textsketch.web.page import ClosedRoutes, Page
from textsketch.web.player import PLACE, PlayerFiles
from textsketch.web.rate_tab import rate_tab
from textsketch.web.reflections import Reflections
from textsketch.web.results import Result, Results
from textsketch.web.shared import Shared
from textsketch.web.shell import SUMMARY, TITLE, Shell
from textsketch.web.sweeps import Sweeps
from textsketch.web.workers import WORKERS, Pool
from textsketch.web.workspace import Workspace

STYLE = Path(__file__).with_name("style.css")
SCRIPT = Path(__file__).with_name("page.js")
MAX_UPLOAD = "32mb"
_FILES_STAY_SECONDS = 24 * 3600
_MOST_FOLLOWED = 16
"""Visitors who are told how far their job is, or how many are before it."""
_MOST_WAITING = 32
"""More of them, who wait without a word."""
_MOST_SESSIONS = 500
"""Visitors whose state is kept, the latest, about half a megabyte each: not all say that they leave."""


TABS: tuple[tuple[str, str, Callable[[Shared], None]], ...] = (
    ("Encode", "encode", encode_tab),
    ("Decode", "decode", decode_tab),
    ("Edit", "edit", edit_tab),
    ("Rate and quality", "rate", rate_tab),
    ("How it works", "how", how_tab),
)
"""Title, id and layout of each tab. The first lays out the picture that later ones may look at."""


def build(
    workspace: Workspace, jobs: Jobs, results: Results, sweeps: Sweeps, edits: Edits
) -> tuple[Page, Callable[[Result], None]]:
    """Lay out the demo and wire it. What is returned with it makes a result the one that it begins with."""
    with Page(
        workspace,
        title="textsketch",
        analytics_enabled=False,
        delete_cache=(3600, _FILES_STAY_SECONDS),
        fill_width=True,
    ) as demo:
        gr.HTML(_header(), elem_id="title")
        reflections = Reflections(workspace.results, results)
        shared = Shared(demo, jobs, results, sweeps, edits, reflections, workspace.examples)
        with gr.Tabs(elem_id="tabs", overflow_behavior="wrap"):
            for title, name, lay_out in TABS:
                with gr.Tab(title, id=name, elem_id=f"tab-{name}") as shared.tab:
                    lay_out(shared)
        add_endpoints(results, jobs)
        shared.wire()
    demo.queue(max_size=_MOST_WAITING, default_concurrency_limit=_MOST_FOLLOWED, api_open=False)

    def begin_with(result: Result) -> None:
        shared.show_first(result)
        demo.config = demo.get_config_file()

    return demo, begin_with


def _header() -> str:
    return f"<header><h1>{TITLE}</h1><p>{SUMMARY}</p>{_links()}</header>"


def _links() -> str:
    """Where the player is; of a Space also the source and the format."""
    links = {"Player": PLACE}
    space = os.environ.get("SPACE_ID")
    if space:
        here = f"https://huggingface.co/spaces/{escape(space, quote=True)}"
        links |= {"Source": f"{here}/tree/main", "File format": f"{here}/blob/main/docs/format.md"}
    anchors = "".join(f'<a href="{address}">{title}</a>' for title, address in links.items())
    return f'<nav aria-label="About">{anchors}</nav>'


def _theme() -> gr.themes.Base:
    """Colours of which text and ground differ as WCAG AA asks, in both themes."""
    return gr.themes.Base(
        primary_hue="orange",
        neutral_hue="stone",
        font=["ui-sans-serif", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        block_label_text_color="*neutral_700",
        block_info_text_color="*neutral_600",
        block_title_text_color="*neutral_700",
        input_placeholder_color="*neutral_500",
        input_placeholder_color_dark="*neutral_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_hover_dark="*primary_800",
    )


@dataclass
class _First:
    """What there is of the first result: what a shared link shows, and what the page's frame does."""

    card: bytes | None = None
    paint: str = ""


def launch(demo: gr.Blocks, first: _First) -> None:
    """Serve `demo` from a thread; at GRADIO_SERVER_PORT, where that is set, and at no other."""
    shell = Middleware(Shell, card=lambda: first.card, first_paint=lambda: first.paint)
    port = os.environ.get("GRADIO_SERVER_PORT")
    try:
        demo.launch(
            server_port=int(port) if port else None,
            theme=_theme(),
            css=STYLE.read_text(encoding="utf-8"),
            head=f"<script>{SCRIPT.read_text(encoding='utf-8')}</script>",
            app_kwargs={"middleware": [Middleware(ClosedRoutes), Middleware(PlayerFiles), shell]},
            max_file_size=MAX_UPLOAD,
            state_session_capacity=_MOST_SESSIONS,
            enable_monitoring=False,
            run_history=False,
            ssr_mode=False,
            prevent_thread_lock=True,
            footer_links=["api"],
        )
    except OSError as error:
        if port is None or "empty port" not in str(error):
            raise
        print(f"textsketch: error: port {port} is taken; choose another one or none", file=sys.stderr)
        sys.exit(2)


def _keep_first(
    results: Results, jobs: Jobs, examples: Path, begin_with: Callable[[Result], None], first: _First
) -> None:
    """Make what a visitor sees first, so that it is there at once, and what a shared link shows; for ever."""
    while True:
        result = jobs.call(lambda report: first_result(results, examples, report), Reporter())
        begin_with(result)
        first.paint = first_paint(result, _header())
        slide = jobs.call(partial(results.slide, result, None), Reporter())
        first.card = Path(slide).read_bytes()
        time.sleep(_FILES_STAY_SECONDS / 2)


def serve(workspace: Workspace) -> None:
    """Serve the demo until the process is asked to end."""
    if zero_gpu.active():
        registry.start_on_shared_gpu()
    calls.serve_visitors()
    pool, jobs = Pool(), Jobs(WORKERS)
    results, sweeps = Results(workspace.results, pool), Sweeps(workspace.results, pool)
    edits = Edits(workspace.results, pool)
    demo, begin_with = build(workspace, jobs, results, sweeps, edits)
    pool.start()
    first = _First()
    launch(demo, first)
    if not zero_gpu.active():  # its GPU is there for visitors only
        threading.Thread(
            target=_keep_first, args=(results, jobs, workspace.examples, begin_with, first), daemon=True
        ).start()
    demo.block_thread()
