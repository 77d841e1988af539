"""Long calls for visitors: one at a time for each, their progress shown, stopped on request."""

from __future__ import annotations

import contextlib
import contextvars
import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

_POLL_SECONDS = 0.1
_POLLS_OF_SILENCE = 5
_UPDATE_SECONDS = 0.2
"""A page that is told more often falls behind."""
_MOST_OWNERS = 10_000
_END_SECONDS = 10.0
"""How long a job waits for the end of what the one it overtook tells; then nobody takes it any more."""


class JobCancelledError(BaseException):
    """A job was cancelled. Not an Exception, so that no job can swallow it."""


class JobOvertakenError(JobCancelledError):
    """A job was stopped because its owner asked for something else: nobody waits for an answer to it."""


@dataclass(frozen=True)
class Update:
    """How far a job is. preview is the latest rough picture, if there is any; result comes with the last."""

    fraction: float
    message: str
    preview: Any = None
    done: bool = False
    result: Any = None


class Reporter:
    """What a job reports with: called as progress(fraction, message), and `preview(picture)`."""

    def __init__(self) -> None:
        self.updates: queue.SimpleQueue[Update | BaseException] = queue.SimpleQueue()
        self.stop = threading.Event()
        self.ended = threading.Event()
        """Set once nothing more is told."""
        self._latest = Update(0.0, "starting")

    def __call__(self, fraction: float, message: str) -> None:
        """Report how far the job is; this is where a cancelled job stops."""
        if self.stop.is_set():
            raise JobCancelledError
        self._put(replace(self._latest, fraction=fraction, message=message))

    def preview(self, picture: Any) -> None:
        """Report a rough picture of what is coming."""
        self._put(replace(self._latest, preview=picture))

    def _put(self, update: Update) -> None:
        self._latest = update
        self.updates.put(update)


class Jobs:
    """Runs at most one job for each owner (a visitor's session), and stops it on request.

    places: how many jobs work at once; the others wait in the order they came and report how many are ahead.
    asking: how many jobs that wait for an API there are beside them; they take no place of those that work.
    """

    def __init__(self, places: int, *, asking: int = 4) -> None:
        self._work, self._ask = _Line(places), _Line(asking)
        self._starting, self._turns = threading.Lock(), threading.Lock()
        self._running: dict[str, Reporter] = {}
        self._newest: dict[str, int] = {}  # what each owner asked for last
        self._announced: dict[str, bool] = {}  # whether it was cancelled before it ran

    def announce(self, owner: str, turn: int | None = None) -> None:
        """Tell that a job of the owner is about to run: who cancels it before it does is heard.

        turn: see `overtake`; what is overtaken already is not announced.
        """
        with self._starting:
            if self.is_newest(owner, turn):
                self._announced.setdefault(owner, False)

    def run(
        self, owner: str, job: Callable[[Reporter], Any], *, asks: bool = False, turn: int | None = None
    ) -> Iterator[Update]:
        """Run `job(reporter)` in a thread and yield an `Update` at once, at least twice a second,
        and one when it is done.

        asks: whether it waits for an API. turn: see `overtake`.
        A job of the same owner that still runs is overtaken; it has ended before this one tells anything, so
        that no older word follows a newer one: the page tells what it told last once more when it ends. Raises
        what the job raises; JobCancelledError if it was cancelled, also since it was announced, once the work
        on it has ended; JobOvertakenError, at once, if it was overtaken. Closing the iterator cancels the job
        too, without waiting for its end; its place stays taken until then.
        """
        with self._starting:  # of several at once each overtakes the one before
            if not self.is_newest(owner, turn):
                raise JobOvertakenError
            too_late = self._announced.get(owner, False)
            before = self._running.get(owner)
            self._end(owner)
            if too_late:
                raise JobCancelledError
            reporter = self._running[owner] = Reporter()
        if before is not None:
            before.ended.wait(_END_SECONDS)

        def work() -> None:
            try:
                result = self.call(job, reporter, asks=asks)
            except BaseException as error:  # handed to the iterator's thread
                reporter.updates.put(error)
            else:
                reporter.updates.put(Update(1.0, "done", done=True, result=result))

        # Who asks for a shared GPU is known by the context of the call.
        context = contextvars.copy_context()
        thread = threading.Thread(target=context.run, args=(work,), daemon=True, name="textsketch-job")
        thread.start()
        latest = Update(0.0, "starting")
        try:
            yield latest  # what else there is to say of the beginning waits for nothing
            waited, news, told_s = 0, False, time.monotonic()
            seen, seen_s = None, -math.inf  # a picture waits for no word told just before it
            while not latest.done:
                try:
                    latest, waited, news = _newest(reporter.updates), 0, True
                except queue.Empty:
                    waited += 1
                if reporter.stop.is_set():
                    if self._running.get(owner) is not reporter:
                        raise JobOvertakenError
                    if thread.is_alive():
                        yield replace(latest, message="cancelling")
                    thread.join()
                    raise JobCancelledError
                # Each is work for the server, and for the page.
                now_s = time.monotonic()
                silent = waited > 0 and waited % _POLLS_OF_SILENCE == 0
                looks = latest.preview is not seen and now_s - seen_s >= _UPDATE_SECONDS
                if latest.done or silent or looks or (news and now_s - told_s >= _UPDATE_SECONDS):
                    if latest.preview is not seen:
                        seen, seen_s = latest.preview, now_s
                    yield latest
                    news, told_s = False, now_s
        except JobCancelledError:
            if self._running.get(owner) is not reporter:
                raise JobOvertakenError from None
            raise
        finally:
            reporter.stop.set()
            reporter.ended.set()
            if self._running.get(owner) is reporter:
                del self._running[owner]

    def call(self, job: Callable[[Reporter], Any], reporter: Reporter, *, asks: bool = False) -> Any:
        """Run `job(reporter)` in this thread, once there is a place for it, and return what it returns."""
        with (self._ask if asks else self._work).place(reporter):
            return job(reporter)

    def running(self, owner: str) -> bool:
        """Whether the owner has a job that has not been stopped."""
        reporter = self._running.get(owner)
        return reporter is not None and not reporter.stop.is_set()

    def cancel(self, owner: str) -> None:
        """Cancel the owner's job, if one is running or announced."""
        if owner in self._announced:
            self._announced[owner] = True
        reporter = self._running.get(owner)
        if reporter is not None:
            reporter.stop.set()

    def overtake(self, owner: str, turn: int | None = None) -> None:
        """Stop the owner's job, if one is running or announced, for something else that is about to run.

        turn: a number that grows with each thing asked for; what is asked for is not always begun in that order.
        Nothing overtakes what was asked for after it. None stands for now.
        """
        with self._starting:
            if self.is_newest(owner, turn):
                self._end(owner)

    def is_newest(self, owner: str, turn: int | None) -> bool:
        """Whether the owner asked for nothing after `turn`, see `overtake`; it is remembered."""
        if turn is None:
            return True
        with self._turns:
            newest = max(turn, self._newest.pop(owner, turn))
            self._newest[owner] = newest
            if len(self._newest) > _MOST_OWNERS:
                del self._newest[next(iter(self._newest))]
            return turn == newest

    def _end(self, owner: str) -> None:
        self._announced.pop(owner, None)
        reporter = self._running.pop(owner, None)
        if reporter is not None:  # it ends at once, and its work when it can
            reporter.stop.set()
            reporter.updates.put(JobOvertakenError())


class _Line:
    """Where jobs wait for one of `places` places."""

    def __init__(self, places: int) -> None:
        self._places, self._working = places, 0
        self._waiting: list[Reporter] = []
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def place(self, report: Reporter) -> Iterator[None]:
        """Wait for a place and hold it. Raises JobCancelledError once the wait is cancelled."""
        with self._changed:
            self._waiting.append(report)
            told = None
            try:
                while (before := self._waiting.index(report)) >= self._places - self._working:
                    if report.stop.is_set():
                        raise JobCancelledError
                    if (ahead := before + self._working) != told:
                        report(0.0, f"waiting, {ahead} ahead")
                        told = ahead
                    self._changed.wait(_POLL_SECONDS)
                self._working += 1
            finally:
                self._waiting.remove(report)
                self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()


def _newest(updates: queue.SimpleQueue[Update | BaseException]) -> Update:
    """Wait a moment for an update and skip those already overtaken. Raises queue.Empty if none came."""
    update = updates.get(timeout=_POLL_SECONDS)
    while not updates.empty() and isinstance(update, Update) and not update.done:
        update = updates.get()
    if isinstance(update, BaseException):
        raise update
    return update
