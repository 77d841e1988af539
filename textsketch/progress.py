"""Word of how far a long piece of work is, passed down to whoever does it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called with the fraction done, 0 to 1, and a short message; an exception it raises stops the work."""

_BEAT_S = 0.25
_SPEED_OVER_S = 10.0
_SPEED_AFTER_S = 1.0
_WORTH_COUNTING = 200_000
"""Bytes: what fewer of them took says nothing of a line's speed."""


def ignore(fraction: float, message: str) -> None:
    """The progress nobody looks at."""


def share(progress: Progress, begin: float, end: float) -> Progress:
    """The progress of a part of the work that lasts from `begin` to `end` of the whole."""
    return lambda fraction, message: progress(begin + (end - begin) * fraction, message)


def with_speed(progress: Progress, size_bytes: int) -> Progress:
    """A `Progress` for a download of so many bytes: adds how much is here, the speed and the time left."""
    seen: deque[tuple[float, float]] = deque()  # of the last seconds, of one message
    told = ""

    def report(fraction: float, message: str) -> None:
        nonlocal told
        now_s = time.monotonic()
        if message != told:  # another file, of which a part may be here: that is no speed
            seen.clear()
            told = message
        seen.append((now_s, fraction))
        while len(seen) > 2 and now_s - seen[1][0] > _SPEED_OVER_S:
            seen.popleft()
        (then_s, before) = seen[0]
        arrived = (fraction - before) * size_bytes
        if size_bytes >= _WORTH_COUNTING and fraction > 0:
            message += f", {fraction * size_bytes / 1e6:,.0f} of {size_bytes / 1e6:,.0f} MB"
        if now_s - then_s >= _SPEED_AFTER_S and arrived >= _WORTH_COUNTING:
            bytes_a_second = arrived / (now_s - then_s)
            left_s = (1 - fraction) * size_bytes / bytes_a_second
            left = f"{left_s / 60:.0f} min" if left_s >= 90 else f"{left_s:.0f} s"
            message += f", {bytes_a_second / 1e6:.1f} MB/s, {left} left"
        progress(fraction, message)

    return report


class Pulse:
    """A `Progress` that can repeat its last report, so that one who waits, or has given up, is heard.

    Work that cannot say how far it is calls `beat` as often as it likes.
    """

    def __init__(self, progress: Progress = ignore) -> None:
        self._progress = progress
        self._last = 0.0, ""
        self._reported_s = time.monotonic()

    @classmethod
    def of(cls, progress: Progress) -> Pulse:
        """`progress` itself if it is a pulse, else one that passes on to it."""
        return progress if isinstance(progress, cls) else cls(progress)

    def __call__(self, fraction: float, message: str) -> None:
        """Report; the fraction never falls."""
        self._last = max(fraction, self._last[0]), message
        self._reported_s = time.monotonic()
        self._progress(*self._last)

    def beat(self) -> None:
        """Repeat the last report if it is a while ago."""
        if time.monotonic() - self._reported_s > _BEAT_S:
            self(*self._last)
