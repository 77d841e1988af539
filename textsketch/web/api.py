"""The demo's two endpoints for programs, /encode and /decode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import anyio
import gradio as gr

from textsketch import bitstream
from textsketch.errors import TextsketchError
from textsketch.measure.report import Report
from textsketch.web.controls import MAX_SIDE
from textsketch.web.intake import REFUSED
from textsketch.web.jobs import JobCancelledError, Jobs, Reporter
from textsketch.web.results import Painted, Result, Results


def add_endpoints(results: Results, jobs: Jobs) -> None:
    """Add /encode and /decode to the app being built."""

    async def encode(
        image: gr.FileData,
        mode: str = "three-layer",
        budget: str = "packet",
        caption: str = "",
        seed: int = 0,
    ) -> tuple[gr.FileData, gr.FileData, dict]:
        """Encode a picture; returns the .tsk file, the decoded PNG and the report."""
        asked: dict[str, Any] = {"mode": mode, "budget": budget, "caption": caption, "seed": seed}

        def job(report: Reporter) -> tuple[Result, Report]:
            show = results.encode(_path(image), max_side=MAX_SIDE, report=report, watched=False, **asked)
            return show, results.scored(show, report)

        show, figures = await _answer(jobs, job)
        tsk, png = gr.FileData(path=show.files["tsk"]), gr.FileData(path=show.files["decoded"])
        return tsk, png, figures.as_dict()

    async def decode(
        file: gr.FileData, layers: str = "all", grain: bool = True, brush: bool = True
    ) -> tuple[gr.FileData, dict]:
        """Decode a .tsk file; returns the PNG and what the file holds. layers: "all" or a mode.

        Of a damaged file the layers before the damage are painted; "lost" then says what is missing. "invented"
        says what the picture shows that was not sent.
        """
        mode = None if layers == "all" else layers
        painted: Painted = await _answer(
            jobs,
            lambda report: results.decode_file(
                _path(file), mode=mode, options={"grain": grain, "brush": brush}, report=report
            ),
        )
        header = bitstream.read_header(painted.data)
        held = {
            "width": header.size[0],
            "height": header.size[1],
            "mode": str(painted.mode),
            "caption": painted.caption,
            "version": header.version,
            "lost": painted.lost,
            "invented": painted.invented,
        }
        return gr.FileData(path=painted.png), held

    gr.api(encode, api_name="encode", concurrency_id="work")
    gr.api(decode, api_name="decode", concurrency_id="work")


def _path(file: Any) -> str:
    """The path of a file handed to an endpoint; the page has checked the file, unless it is none."""
    if not isinstance(file, dict) or not isinstance(file.get("path"), str):
        raise TextsketchError(REFUSED)
    return file["path"]


async def _answer(jobs: Jobs, job: Callable[[Reporter], Any]) -> Any:
    """Do a job; it is cancelled with the request."""
    reporter = Reporter()
    cancelled = anyio.get_cancelled_exc_class()
    try:  # in threads of its own: those that Gradio serves files with must not wait for a job
        return await anyio.to_thread.run_sync(
            jobs.call, job, reporter, limiter=anyio.CapacityLimiter(1), abandon_on_cancel=True
        )
    except cancelled:
        reporter.stop.set()
        raise
    except JobCancelledError:
        raise cancelled from None
