"""Running a long call in a thread, so that its progress can be shown and the call can be stopped."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_POLL_SECONDS = 0.1


class _CancelledError(BaseException):
    """Raised inside a job's progress callback to stop it; not an Exception, so no job can swallow it."""


@dataclass(frozen=True)
class Update:
    """How far a job is. result is set in the last update only."""

    fraction: float
    message: str
    done: bool = False
    result: Any = None


def run_job(job: Callable[[Callable[[float, str], None]], Any]) -> Iterator[Update]:
    """Run `job(progress)` in a thread and yield an `Update` a few times a second and one when it is done.

    Closing the iterator (as Gradio does with a generator it cancels) stops the job at its next call of
    `progress`. What the job raises is raised here.
    """
    updates: queue.SimpleQueue[Update | BaseException] = queue.SimpleQueue()
    stop = threading.Event()

    def progress(fraction: float, message: str) -> None:
        if stop.is_set():
            raise _CancelledError
        updates.put(Update(fraction, message))

    def work() -> None:
        try:
            updates.put(Update(1.0, "done", done=True, result=job(progress)))
        except _CancelledError:
            pass
        except BaseException as error:  # handed to the iterator's thread
            updates.put(error)

    threading.Thread(target=work, daemon=True, name="textsketch-job").start()
    latest = Update(0.0, "starting")
    try:
        while not latest.done:
            with contextlib.suppress(queue.Empty):
                latest = _newest(updates)
            yield latest
    finally:
        stop.set()


def _newest(updates: queue.SimpleQueue[Update | BaseException]) -> Update:
    """Wait a moment for an update and skip those already overtaken. Raises queue.Empty if none came."""
    update = updates.get(timeout=_POLL_SECONDS)
    while not updates.empty() and isinstance(update, Update) and not update.done:
        update = updates.get()
    if isinstance(update, BaseException):
        raise update
    return update
