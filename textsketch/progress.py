"""Word of how far a long piece of work is, passed down to whoever does it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Called with the fraction done, 0 to 1, and a short message; an exception it raises stops the work."""


def ignore(fraction: float, message: str) -> None:
    """The progress nobody looks at."""


def share(progress: Progress, begin: float, end: float) -> Progress:
    """The progress of a part of the work that lasts from `begin` to `end` of the whole."""
    return lambda fraction, message: progress(begin + (end - begin) * fraction, message)
