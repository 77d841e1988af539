"""Counts what a service is asked, and stops before it is asked more often than somebody allowed."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

from textsketch.errors import ServiceError


class Kind(enum.StrEnum):
    """What a call is for."""

    WORDS = "words"
    PICTURE = "picture"


@dataclass
class Ledger:
    """most: calls that may be made. words, pictures: those that were made."""

    most: int
    words: int = 0
    pictures: int = 0

    @property
    def made(self) -> int:
        """All calls that were made."""
        return self.words + self.pictures

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        """Count what is asked inside the block, and let nothing be asked beyond `most`."""
        token = _ledger.set(self)
        try:
            yield
        finally:
            _ledger.reset(token)


_ledger: ContextVar[Ledger | None] = ContextVar("ledger", default=None)


def spend(kind: Kind) -> None:
    """Count one call that is about to be made. Raises ServiceError instead where none is left."""
    ledger = _ledger.get()
    if ledger is None:
        return
    if ledger.made >= ledger.most:
        raise ServiceError(f"the limit of {ledger.most} calls to the API is reached; allow more calls")
    if kind is Kind.WORDS:
        ledger.words += 1
    else:
        ledger.pictures += 1
