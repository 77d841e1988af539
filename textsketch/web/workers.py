"""A few worker processes for what handles strangers' files: each job in one, within limits, killed if need be.

The pools of the standard library and of `pebble` cannot end a job inside native code within half a second, and
break as a whole when a worker is killed from outside; here every worker has a socket of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import math
import multiprocessing
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from textsketch.errors import TextsketchError
from textsketch.web.jobs import JobCancelledError, Reporter
from textsketch.web.worker_messages import (
    Begun,
    Failure,
    Job,
    OutOfMemory,
    Preview,
    Progress,
    Refusal,
    Result,
    Stopped,
)

WORKERS = max(2, min(4, os.cpu_count() or 2))
"""How many jobs run at once, whatever they are; the page's queue lets as many in."""
MEMORY_BYTES = 2**30
CPU_SECONDS = 60
_JOBS_EACH = 50
_ATTEMPTS = 3
_POLL_SECONDS = 0.05
_GRACE_SECONDS = 0.3
_START = (
    "import sys; sys.path[:] = sys.argv[5:]; from textsketch.web.worker_process import serve; "
    "serve(*map(int, sys.argv[1:5]))"
)
_LIBRARY_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

UNFORESEEN = "something went wrong that textsketch did not foresee; its log has the details"

_log = logging.getLogger(__name__)


class WorkerError(TextsketchError):
    """A job ended because of its limits, a crash, or an error that nobody foresaw."""


class _NotBegunError(Exception):
    """A worker died before it had its job."""


class Pool:
    """Runs jobs in `count` processes, which are started in advance and replaced when worn out or dead.

    count: how many jobs run at once; more wait. memory_bytes: what each process may have for data.
    jobs_each: a process is replaced after so many jobs.
    """

    def __init__(
        self, count: int = WORKERS, *, memory_bytes: int = MEMORY_BYTES, jobs_each: int = _JOBS_EACH
    ) -> None:
        self._count, self._memory_bytes, self._jobs_each = count, memory_bytes, jobs_each
        self._threads = max(1, (os.cpu_count() or 1) // count)
        self._workers: set[_Worker] = set()
        self._idle: list[_Worker] = []
        self._came = threading.Condition()
        self._missing: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._keeper: threading.Thread | None = None
        self._closed = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the processes, if that has not been done, without waiting for them."""
        with self._lock:
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, daemon=True, name="textsketch-workers")
                for _ in range(self._count):
                    self._missing.put(None)
                self._keeper.start()
                atexit.register(self.close)

    def run(
        self,
        function: Callable[..., Any],
        report: Reporter,
        *,
        cpu_seconds: int = CPU_SECONDS,
        about: object = None,
        grace_seconds: float = _GRACE_SECONDS,
        **arguments: Any,
    ) -> Any:
        """Call `function(report, **arguments)` in a process and return what it returns.

        function, arguments and cpu_seconds: see `worker_process.Job`. report: gets the job's reports. about:
        what the job is about; of the idle processes it goes to the one whose last job was about the same,
        which knows it already.
        Once `report.stop` is set the job ends at its next report or its own end or, if neither comes within
        `grace_seconds`, with its process, which is then started anew; only then JobCancelledError is raised.
        Raises TextsketchErrors as the job does, and WorkerError if the job went beyond its limits, crashed or
        failed otherwise.
        """
        self.start()
        for _ in range(_ATTEMPTS):
            worker = self._take(report, about)
            try:
                return worker.run(Job(function, arguments, cpu_seconds), report, grace_seconds)
            except _NotBegunError:  # it died while it had nothing to do: the job has no part in that
                continue
            finally:
                self._put_back(worker)
        _log.error("%d workers in a row died before they had a job", _ATTEMPTS)
        raise WorkerError(UNFORESEEN)

    def close(self) -> None:
        """Kill all processes."""
        with self._lock:
            self._closed = True
            for worker in self._workers:
                worker.kill()

    def process_ids(self) -> list[int]:
        """The numbers of the processes there are."""
        with self._lock:
            return [worker.process.pid for worker in self._workers]

    def _keep(self) -> None:
        """Start missing processes. They die with the thread that started them, so it is one that stays."""
        while True:
            self._missing.get()
            with self._lock:
                if self._closed:
                    return
                try:
                    worker = _Worker(self._memory_bytes, self._threads)
                except OSError:  # the system has no room for a process just now
                    _log.exception("a worker could not be started")
                    self._missing.put(None)
                    time.sleep(_POLL_SECONDS)
                    continue
                self._workers.add(worker)
            self._offer(worker)

    def _offer(self, worker: _Worker) -> None:
        with self._came:
            self._idle.append(worker)
            self._came.notify()

    def _take(self, report: Reporter, about: object) -> _Worker:
        with self._came:
            while not report.stop.is_set():
                # Not one that is starting: to cancel its job would be to start it anew.
                ready = [one for one in self._idle if one.ready()]
                if ready:
                    known = [one for one in ready if about is not None and one.about == about]
                    worker = (known or ready)[0]
                    self._idle.remove(worker)
                    worker.about = about
                    return worker
                self._came.wait(_POLL_SECONDS)
        raise JobCancelledError

    def _put_back(self, worker: _Worker) -> None:
        if worker.fit and worker.jobs < self._jobs_each:
            self._offer(worker)
            return
        worker.kill()
        with self._lock:
            self._workers.discard(worker)
        self._missing.put(None)


class _Worker:
    """One process. jobs: how many it has begun. about: see `Pool.run`. fit: whether it can do another."""

    def __init__(self, memory_bytes: int, threads: int) -> None:
        self.about: object = None
        self._ready = False
        self.jobs, self.fit, self._begun = 0, True, False
        self._connection, theirs = multiprocessing.Pipe()
        numbers = (theirs.fileno(), os.getpid(), memory_bytes, threads)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _START, *map(str, numbers), *sys.path],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | dict.fromkeys(_LIBRARY_THREADS, str(threads)),
                start_new_session=True,  # a terminal's Ctrl-C is for the app, which ends its workers
            )

    def run(self, job: Job, report: Reporter, grace_seconds: float) -> Any:
        """Do a job; see `Pool.run`."""
        self.jobs, self.fit, self._begun = self.jobs + 1, False, False
        try:
            self._connection.send(job)
            outcome = self._outcome(report, grace_seconds)
        except (EOFError, OSError):
            raise self._died(job) if self._begun else _NotBegunError from None
        self.fit = isinstance(outcome, Result | Refusal | Stopped)
        if report.stop.is_set() or isinstance(outcome, Stopped):
            raise JobCancelledError
        if isinstance(outcome, Refusal):
            raise outcome.error
        if isinstance(outcome, OutOfMemory):
            raise WorkerError("this needs more memory than one job may have; scale the picture down")
        if isinstance(outcome, Failure):
            _log.error("a job failed in its worker:\n%s", outcome.trace)
            raise WorkerError(UNFORESEEN)
        return outcome.value

    def ready(self) -> bool:
        """Whether it has loaded what jobs need; that it has died meanwhile is found out with its next job."""
        if not self._ready and self._connection.poll():
            with contextlib.suppress(EOFError, OSError):
                self._connection.recv()
            self._ready = True
        return self._ready

    def kill(self) -> None:
        """End the process, whatever it does, and wait until it has ended."""
        self.process.kill()
        self.process.wait()

    def _outcome(
        self, report: Reporter, grace_seconds: float
    ) -> Result | Refusal | OutOfMemory | Stopped | Failure:
        """Pass on what the job reports, tell it to stop when that is asked for, and return how it ended."""
        kill_at = math.inf
        while True:
            if report.stop.is_set() and kill_at == math.inf:
                self._connection.send(None)
                kill_at = time.monotonic() + grace_seconds
            if time.monotonic() > kill_at:
                self.kill()
                raise JobCancelledError
            if not self._connection.poll(_POLL_SECONDS):
                continue
            message = self._connection.recv()
            with contextlib.suppress(JobCancelledError):  # the job is told so above
                if isinstance(message, Progress):
                    report(message.fraction, message.message)
                elif isinstance(message, Preview):
                    report.preview(message.shown)
                elif isinstance(message, Begun):
                    self._begun = True
                else:
                    return message

    def _died(self, job: Job) -> WorkerError:
        self.kill()
        code = self.process.returncode
        _log.warning("a worker ended with code %d in %s", code, job.function.__name__)
        if code == -signal.SIGXCPU:
            return WorkerError(
                f"this takes more than {job.cpu_seconds} seconds of processor time, which is all one job may "
                "have; scale the picture down"
            )
        return WorkerError("the work on this file broke down; save the picture anew, for example as PNG")
