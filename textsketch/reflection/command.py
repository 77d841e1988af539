"""`textsketch reflect`: its arguments, and what it does."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textsketch.image.formats import LISTED
from textsketch.layers import Mode
from textsketch.options import add_arguments as add_options
from textsketch.options import given
from textsketch.progress import Progress
from textsketch.reflection import report
from textsketch.reflection.plan import MOST_ROUNDS
from textsketch.reflection.rounds import Reflection, improve, planned
from textsketch.render import registry
from textsketch.semantic.captions import table
from textsketch.service.calls import Ledger


def add_arguments(parser: argparse.ArgumentParser, budget_help: str) -> None:
    """Give `parser` the arguments of the command."""
    parser.add_argument("image", metavar="IMAGE", help=LISTED)
    parser.add_argument("out", metavar="OUT.tsk")
    parser.add_argument(
        "--rounds", type=int, default=3, metavar="N", help=f"captions to try, 1 to {MOST_ROUNDS} (default: 3)"
    )
    parser.add_argument("--budget", default="micro", help=f"{budget_help} (default: %(default)s)")
    parser.add_argument(
        "--mode", choices=list(Mode), default=Mode.TEXT_ONLY, help="layers to send (default: %(default)s)"
    )
    parser.add_argument(
        "--caption", default="", metavar="TEXT", help="the first caption, else one is written"
    )
    usual = "default: that over an API where one is set up, else what is here"
    parser.add_argument("--captions", choices=list(table.SOURCES), help=f"what writes and compares ({usual})")
    parser.add_argument(
        "--renderer", metavar="NAME", help=f"what paints: {', '.join(registry.names())} ({usual})"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the decoder's random choices (default: 0)")
    parser.add_argument(
        "--max-calls",
        type=int,
        metavar="N",
        help="calls that an API gets at most (default: as many as the rounds may take, which is told first)",
    )
    parser.add_argument(
        "--report", metavar="DIR", help="folder for all rounds, their pictures and report.json"
    )
    sources = {name: source.options for name, source in table.SOURCES.items()}
    kinds = {
        **{f"{name} (captions)": kind for name, kind in sources.items()},
        **{f"{one.name} (renderer)": one.options for one in registry.RENDERERS},
        **{f"{one.name} (encoding)": one.allocation for one in registry.RENDERERS},
    }
    add_options(parser, kinds)


def run(
    options: argparse.Namespace, out: Path, progress: Progress, show: Callable[[str], None]
) -> tuple[dict[str, Any], list[str]]:
    """Write the best file to `out` and the report; returns a record and lines for people.

    show: is told the plan before anything is asked. Ctrl+C keeps the best of the rounds that are done, and
    goes on as an interrupt.
    """
    rows: dict[str, Any] = {
        "captions": options.captions,
        "renderer": options.renderer,
        "caption": options.caption,
        "rounds": options.rounds,
        "max_calls": options.max_calls,
        **given(options),
    }
    plan = planned(**rows)
    show(plan.sentence)
    made = Ledger()
    asked: dict[str, Any] = {"mode": options.mode, "budget": options.budget, "seed": options.seed}
    found: Reflection | None = None
    try:
        with made.counting():
            for found in improve(options.image, progress=progress, **asked, **rows):
                out.write_bytes(found.encoded.data)
    finally:
        if found is not None and options.report is not None:
            report.save(found, Path(options.report))
        if sys.exc_info()[0] is not None:
            if found is not None:
                show(f"{out} holds the best of the rounds that are done: {found.best.caption!r}")
            if made.made:
                show(plan.afterwards(made.words, made.pictures))
    assert found is not None  # what gives no round raises
    first = f"{out}: {found.encoded.size_bytes:,} bytes, {found.encoded.rate_bpp * 1e6:,.0f} micro-bpp"
    return {"file": str(out), **report.record(found)}, [first, *report.lines(found)]
