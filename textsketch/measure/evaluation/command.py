"""`textsketch evaluate`: its arguments, and the run from pictures to results."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textsketch.errors import TextsketchError
from textsketch.layers import Mode

if TYPE_CHECKING:
    from textsketch.measure.evaluation.cells import Settings
    from textsketch.progress import Progress

DEFAULT_BUDGETS = "25B,100B,300B,1000B,3000B"
_LOG_SECONDS = 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    from textsketch.allocation.search import MOST_EFFORT
    from textsketch.measure.baselines.table import FORMATS
    from textsketch.measure.metrics.table import METRICS
    from textsketch.render import registry

    parser.add_argument("pictures", nargs="+", metavar="FOLDER|FILES", help="pictures, or folders of them")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for the results; a later run goes on"
    )
    parser.add_argument("--modes", default=",".join(Mode), metavar="LIST", help="default: %(default)s")
    parser.add_argument(
        "--budgets",
        default=DEFAULT_BUDGETS,
        metavar="LIST",
        help="bytes, rates or presets, comma-separated (default: %(default)s)",
    )
    parser.add_argument(
        "--renderers",
        default=registry.DEFAULT.name,
        metavar="LIST",
        help=f"of {', '.join(registry.names())} (default: %(default)s)",
    )
    parser.add_argument(
        "--baselines",
        default="jpeg,jpeg2000,webp,avif",
        metavar="LIST",
        help=f"of {', '.join(FORMATS)}; '' for none (default: %(default)s)",
    )
    parser.add_argument(
        "--metrics",
        default="all",
        metavar="LIST",
        help=f"of {', '.join(METRICS)} (default: all that is there)",
    )
    parser.add_argument(
        "--captions", metavar="FILE", help="YAML or JSON: a picture's file name, then its caption"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the decoder's random choices (default: 0)")
    parser.add_argument(
        "--effort",
        type=int,
        default=MOST_EFFORT,
        metavar="N",
        help=f"of the painter's encoder, 1 to {MOST_EFFORT} (default: %(default)s)",
    )
    parser.add_argument(
        "--grain",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="the painter's grain (default: on)",
    )
    parser.add_argument(
        "--plain",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="measure the painting without the brush's network, too (default: on)",
    )
    parser.add_argument(
        "--max-side",
        type=int,
        default=2048,
        metavar="PIXELS",
        help="scale longer pictures down first (default: 2048)",
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=min(2, os.cpu_count() or 1),
        help="local processes, about 1 GB each (default: %(default)s; 1 under accelerate launch)",
    )


def run(options: argparse.Namespace, progress: Progress | None) -> dict[str, Any]:
    """Evaluate, write everything into the folder and return what `summary.json` holds.

    progress: shows how far it is; None prints a line now and then instead. In a process that
    `accelerate launch` started, measures that process's share; the first one writes the results.
    """
    from textsketch.measure.evaluation.run import evaluate
    from textsketch.measure.evaluation.worklist import find_pictures, this_share
    from textsketch.render import registry

    items = find_pictures(options.pictures)
    settings, left_out = read_settings(options, len(items))
    if settings.captions and not any(settings.caption_of(item) for item in items):
        raise TextsketchError(f"{options.captions} has no caption for any of the pictures; name their files")
    folder = Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    share = this_share()
    beside = all(registry.get(name).paints_beside for name in settings.renderers)
    workers = options.workers if beside and share.world == 1 else 1
    with share.together(folder):
        evaluate(items, settings, folder, share=share, workers=workers, progress=progress or _Log(share.rank))
    if share.rank != 0:
        return {}
    return write_all(items, settings, folder, left_out)


def write_all(
    items: Sequence[Any], settings: Settings, folder: Path, left_out: dict[str, str]
) -> dict[str, Any]:
    """Write the tables, plots, gallery and contact sheet; return what `summary.json` holds."""
    from textsketch.measure.evaluation.gallery import write_contact_sheet, write_gallery
    from textsketch.measure.evaluation.plots import write_plots
    from textsketch.measure.evaluation.summary import write_results

    summary = write_results(items, settings, folder, left_out)
    write_plots(summary, folder)
    write_gallery(items, settings, folder, summary)
    write_contact_sheet(items, settings, folder, summary)
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def read_settings(options: argparse.Namespace, picture_count: int) -> tuple[Settings, dict[str, str]]:
    """The settings the arguments stand for, and by name why what was asked for is left out.

    Raises TextsketchError or BudgetError if a name or a budget is none, or nothing is left to evaluate.
    """
    from textsketch.budget import parse_budget
    from textsketch.measure.baselines.table import FORMATS
    from textsketch.measure.evaluation.cells import Settings
    from textsketch.measure.metrics import table as metrics_table
    from textsketch.options import fill
    from textsketch.pipeline import parse_seed
    from textsketch.render import registry

    modes = _names(options.modes, tuple(Mode), "mode")
    renderers = _names(options.renderers, registry.names(), "renderer")
    baselines = _names(options.baselines, tuple(FORMATS), "baseline")
    metrics = tuple(metrics_table.METRICS)
    if options.metrics != "all":
        metrics = _names(options.metrics, metrics, "metric")
    budgets = tuple(dict.fromkeys(name.strip() for name in options.budgets.split(",") if name.strip()))
    for budget in budgets:
        parse_budget(budget, (1024, 1024))
    if not budgets or not modes + baselines:
        raise TextsketchError(
            "there is nothing to evaluate; name at least one budget and one mode or baseline"
        )
    parse_seed(options.seed)
    fill("the evaluation", registry.DEFAULT.allocation, {"effort": options.effort})
    if options.workers < 1 or options.max_side < 16:
        raise TextsketchError("--workers must be at least 1 and --max-side at least 16")
    reasons = {name: FORMATS[name].unavailable() for name in baselines}
    reasons |= {name: registry.get(name).unavailable() for name in renderers}
    reasons |= {row.name: row.unavailable() for row in metrics_table.of_pictures(metrics)}
    reasons |= {row.name: row.unavailable(picture_count) for row in metrics_table.of_sets(metrics)}
    left_out = {name: reason for name, reason in reasons.items() if reason is not None}
    renderers = tuple(name for name in renderers if name not in left_out)
    baselines = tuple(name for name in baselines if name not in left_out)
    if not budgets or not ((modes and renderers) or baselines):
        lacking = " ".join(dict.fromkeys(left_out.values()))
        raise TextsketchError(
            f"there is nothing to evaluate; name a budget and a mode or baseline. {lacking}"
        )
    settings = Settings(
        modes=modes,
        budgets=budgets,
        renderers=renderers,
        baselines=baselines,
        metrics=tuple(name for name in metrics if name not in left_out),
        captions=_captions(options.captions),
        seed=options.seed,
        effort=options.effort,
        grain=options.grain,
        plain=options.plain,
        max_side=options.max_side,
    )
    return settings, left_out


def _names(text: str, known: Sequence[str], what: str) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in known:
            raise TextsketchError(f"unknown {what} {name!r}; choose from {', '.join(known)}")
    return names


def _captions(path: str | None) -> dict[str, str]:
    if path is None:
        return {}
    import yaml

    try:
        captions = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        captions = None
    if not isinstance(captions, dict) or not all(isinstance(text, str) for text in captions.values()):
        raise TextsketchError(f"{path} is not a list of picture names with captions, in YAML or JSON")
    return {str(name): text for name, text in captions.items()}


class _Log:
    """Prints how far the run is, now and then, where there is no terminal to draw a bar on."""

    def __init__(self, rank: int) -> None:
        self._prefix = f"process {rank}: " if rank else ""
        self._latest = time.monotonic()

    def __call__(self, fraction: float, message: str) -> None:
        if time.monotonic() - self._latest >= _LOG_SECONDS:
            self._latest = time.monotonic()
            print(f"{self._prefix}{fraction:.0%}, {message}", file=sys.stderr, flush=True)
