"""textsketch in the browser: three tabs over `textsketch.pipeline`, put together and launched."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

from textsketch.models import zero_gpu

zero_gpu.start()  # before anything imports torch

import gradio as gr

from textsketch.render.diffusion import profiles
from textsketch.web.api import add_endpoints
from textsketch.web.decode_tab import decode_tab
from textsketch.web.encode_tab import encode_tab, warm_up
from textsketch.web.jobs import Jobs
from textsketch.web.rate_tab import rate_tab
from textsketch.web.showcase import Showroom
from textsketch.web.sweeps import SweepRoom
from textsketch.web.workers import WORKERS, Pool

EXAMPLES = Path(__file__).parent / "examples"
STYLE = Path(__file__).parent / "textsketch" / "web" / "style.css"
MAX_UPLOAD = "32mb"

if zero_gpu.active():
    from textsketch.render.diffusion import sampler

    sampler.gpu_run()
    if (profile := profiles.default()) is not None:
        sampler.prepare(profile.name)

pool = Pool()
jobs = Jobs(WORKERS)
showroom = Showroom(pool)


def build() -> gr.Blocks:
    """Lay out the demo and wire it."""
    with gr.Blocks(
        title="textsketch", analytics_enabled=False, delete_cache=(3600, 24 * 3600), fill_width=True
    ) as demo:
        gr.HTML(
            "<h1>textsketch</h1><p>A picture, sent in the space of a sentence: as a caption, a line drawing "
            "and a map of its colours.</p>",
            elem_id="title",
        )
        with gr.Tab("Encode", id="encode"):
            current = encode_tab(demo, showroom, jobs, EXAMPLES)
        with gr.Tab("Decode", id="decode"):
            decode_tab(showroom, jobs)
        with gr.Tab("Rate and quality", id="rate"):
            rate_tab(SweepRoom(showroom.root, pool), jobs, current)
        add_endpoints(showroom, jobs)
    demo.queue(max_size=32, default_concurrency_limit=WORKERS)
    return demo


def launch(demo: gr.Blocks) -> None:
    """Serve `demo` from a thread; at GRADIO_SERVER_PORT, where that is set, and at no other."""
    port = os.environ.get("GRADIO_SERVER_PORT")
    try:
        demo.launch(
            server_port=int(port) if port else None,
            theme=gr.themes.Base(
                primary_hue="orange",
                neutral_hue="stone",
                font=["ui-sans-serif", "system-ui", "sans-serif"],
                font_mono=["ui-monospace", "monospace"],
            ),
            css=STYLE.read_text(encoding="utf-8"),
            allowed_paths=[str(EXAMPLES), str(showroom.root)],
            max_file_size=MAX_UPLOAD,
            enable_monitoring=False,
            ssr_mode=False,
            show_error=True,
            prevent_thread_lock=True,
            footer_links=["api"],
        )
    except OSError as error:
        if port is None or "empty port" not in str(error):
            raise
        print(f"textsketch: error: port {port} is taken; choose another one or none", file=sys.stderr)
        sys.exit(2)


demo = build()

if __name__ == "__main__":
    pool.start()
    launch(demo)
    if not zero_gpu.active():  # its GPU is there for visitors only
        threading.Thread(target=warm_up, args=(showroom, jobs, EXAMPLES), daemon=True).start()
    demo.block_thread()
