"""Reflections for the demo: the decode and the file of every round as files that can be served."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from textsketch.reflection.rounds import Reflection, Round, improve
from textsketch.service.calls import Ledger
from textsketch.web.jobs import Reporter
from textsketch.web.result_cache import ResultCache
from textsketch.web.results import Results, file_stem, write_shown

ROUNDS = 3
_MOST_FOLDERS = 32  # of about 1 MB; a page shows its rounds from there
_FILE = "round-*"


@dataclass(frozen=True)
class Tried:
    """A round without its pixels. file: path of the .tsk file. picture: path of its decode, None if that failed.

    number, caption, similarity and differs are those of `reflection.rounds.Round`.
    """

    number: int
    caption: str
    size_bytes: int
    rate_bpp: float
    file: str
    picture: str | None
    similarity: float | None
    differs: str


@dataclass(frozen=True)
class Improvement:
    """How far a reflection is. original: path of the picture for the screen; size: its (width, height).

    best: the number of the round to keep; chosen_by and stopped are those of `reflection.rounds.Reflection`.
    """

    original: str
    size: tuple[int, int]
    rounds: tuple[Tried, ...]
    best: int
    chosen_by: str
    stopped: str | None

    @property
    def chosen(self) -> Tried:
        """The round to keep."""
        return self.rounds[self.best - 1]


class Reflections:
    """Runs reflections, whose files are kept below `root` for a while; `results` reads the pictures."""

    def __init__(self, root: Path, results: Results) -> None:
        self._results = results
        self._cache: ResultCache[Improvement] = ResultCache(root, _MOST_FOLDERS)

    def run(
        self,
        path: str,
        *,
        max_side: int,
        report: Reporter,
        made: Ledger,
        **asked: Any,
    ) -> Improvement:
        """Improve the words of the picture at `path`, scaled down to `max_side` if larger.

        report: gets the progress, and the state after every decode and every look as its preview. made: counts
        what an API is asked. asked: see `reflection.rounds.improve`.
        """
        picture = self._results.picture(path, max_side, report)
        with self._folder() as folder, made.counting():
            original = write_shown(picture, folder, "original")
            written: dict[int, Tried] = {}
            for state in improve(picture, rounds=ROUNDS, progress=report, **asked):
                for one in state.rounds:  # its files once: a page may be loading them
                    if one.number not in written:
                        written[one.number] = _written(one, folder, file_stem(path))
                tried = tuple(replace(written[one.number], differs=one.differs) for one in state.rounds)
                latest = _told(state, original, tried)
                report.preview(latest)
        return latest

    @contextmanager
    def _folder(self) -> Iterator[Path]:
        with self._cache.new_folder(on_show=_FILE) as folder:
            yield folder
        self._cache.put(folder)


def _written(one: Round, folder: Path, stem: str) -> Tried:
    file = folder / f"{stem}-round-{one.number}.tsk"
    file.write_bytes(one.encoded.data)
    picture = None if one.decoded is None else write_shown(one.decoded, folder, f"round-{one.number}")
    return Tried(
        one.number,
        one.caption,
        one.encoded.size_bytes,
        one.encoded.rate_bpp,
        str(file),
        picture,
        one.similarity,
        one.differs,
    )


def _told(state: Reflection, original: str, tried: tuple[Tried, ...]) -> Improvement:
    return Improvement(
        original, state.original.size, tried, state.best.number, state.chosen_by, state.stopped
    )
