"""What the app and its worker processes tell each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from textsketch.errors import TextsketchError
from textsketch.web.jobs import JobCancelledError


@dataclass(frozen=True)
class Job:
    """A call `function(report, **arguments)`; function stands at the top of a module, all else is plain.

    cpu_seconds: processor time of all the worker's threads the job may take, in whole seconds.
    """

    function: Callable[..., Any]
    arguments: dict[str, Any]
    cpu_seconds: int


@dataclass(frozen=True)
class Ready:
    """The worker has loaded what jobs need."""


@dataclass(frozen=True)
class Begun:
    """The worker is alive and has the job."""


@dataclass(frozen=True)
class Progress:
    """A job's report of how far it is."""

    fraction: float
    message: str


@dataclass(frozen=True)
class Preview:
    """What a job has to show before its end."""

    shown: Any


@dataclass(frozen=True)
class Result:
    """What a job returned."""

    value: Any


@dataclass(frozen=True)
class Refusal:
    """A job ended with one of textsketch's errors."""

    error: TextsketchError


@dataclass(frozen=True)
class OutOfMemory:
    """A job needed more memory than a worker may have."""


@dataclass(frozen=True)
class Stopped:
    """A job ended because it was told to."""


@dataclass(frozen=True)
class Failure:
    """A job ended with an error nobody foresaw. trace: its traceback, for the log and nobody else."""

    trace: str


class Report:
    """What a job in a worker reports with; its side of `jobs.Reporter`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __call__(self, fraction: float, message: str) -> None:
        """Report how far the job is; this is where a cancelled job stops."""
        if self._connection.poll():
            raise JobCancelledError
        self._connection.send(Progress(fraction, message))

    def preview(self, shown: Any) -> None:
        """Report what there is to show already."""
        self._connection.send(Preview(shown))
