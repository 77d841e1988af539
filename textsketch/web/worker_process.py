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
from multiprocessing.connection import Connection
from typing import Any

import cv2

from textsketch.errors import TextsketchError
from textsketch.web.jobs import JobCancelledError
from textsketch.web.worker_messages import (
    Begun,
    Failure,
    Job,
    OutOfMemory,
    Ready,
    Refusal,
    Report,
    Result,
    Stopped,
)

_PR_SET_PDEATHSIG = 1


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
        connection.send(Ready())
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
    from textsketch.web import edits, results, sweeps  # noqa: F401

    results.rehearse()


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
