"""What runs in a worker process: one job after the other, each within its limits, until the app is gone."""

from __future__ import annotations

import contextlib
import ctypes
import math
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

import cv2

from textsketch.errors import TextsketchError
from textsketch.web.jobs import JobCancelledError

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Job:
    """A call `function(report, **arguments)`; function stands at the top of a module, all else is plain.

    cpu_seconds: processor time of all the worker's threads the job may take, in whole seconds.
    """

    function: Callable[..., Any]
    arguments: dict[str, Any]
    cpu_seconds: int


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


def serve(descriptor: int, app: int, memory_bytes: int, threads: int) -> None:
    """Do the jobs that come over the socket `descriptor` until its other end is closed.

    app: process number of the app, with which this process dies. memory_bytes: all the memory this process
    may have for data. threads: how many OpenCV may use.
    """
    _die_with(app)
    for limit, amount in ((resource.RLIMIT_DATA, memory_bytes), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(ValueError):  # the system allows less already, or knows no such limit
            resource.setrlimit(limit, (amount, amount))
    cv2.setNumThreads(threads)
    _warm_up()
    with Connection(descriptor) as connection, contextlib.suppress(EOFError, ConnectionError):
        while True:
            job = connection.recv()
            if job is not None:  # None tells a job to stop; here it came too late for that
                connection.send(Begun())
                connection.send(_outcome(job, Report(connection)))


def _die_with(app: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != app:
        sys.exit()


def _warm_up() -> None:
    """Load what a job needs: modules, tables, networks."""
    from textsketch.web import showcase, sweeps  # noqa: F401

    showcase.rehearse()


def _outcome(job: Job, report: Report) -> Result | Refusal | OutOfMemory | Stopped | Failure:
    _allow(job.cpu_seconds)
    try:
        return Result(job.function(report, **job.arguments))
    except JobCancelledError:
        return Stopped()
    except TextsketchError as error:
        return Refusal(type(error)(_without_folders(str(error), job.arguments)))
    except MemoryError:
        return OutOfMemory()
    except cv2.error as error:
        return OutOfMemory() if error.code == cv2.Error.STS_NO_MEM else Failure(traceback.format_exc())
    except BaseException:
        return Failure(traceback.format_exc())


def _allow(cpu_seconds: int) -> None:
    """Let the kernel end this process when it has worked for so long from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime) + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _without_folders(sentence: str, arguments: dict[str, Any]) -> str:
    """The sentence with the files a job was given by name alone."""
    for value in arguments.values():
        if isinstance(value, str) and os.path.isabs(value):
            sentence = sentence.replace(value, os.path.basename(value))
    return sentence
