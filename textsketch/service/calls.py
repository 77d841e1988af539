"""Counts what a service is asked, and stops before it is asked more often than somebody allowed."""

from __future__ import annotations

import contextlib
import enum
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field

from textsketch.errors import ServiceError
from textsketch.service.settings import VARIABLES, Service

_DAY_S = 24 * 3600


class Kind(enum.StrEnum):
    """What a call is for."""

    WORDS = "words"
    PICTURE = "picture"


@dataclass
class Ledger:
    """most: calls that may be made, None for any number. words, pictures: those that were made."""

    most: int | None = None
    words: int = 0
    pictures: int = 0
    _around: Ledger | None = field(default=None, init=False, repr=False)

    @property
    def made(self) -> int:
        """All calls that were made."""
        return self.words + self.pictures

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        """Count what is asked inside the block, and let nothing be asked beyond `most`.

        A ledger that counts around the block counts it, too.
        """
        self._around = _ledger.get()
        token = _ledger.set(self)
        try:
            yield
        finally:
            _ledger.reset(token)

    def chain(self) -> list[Ledger]:
        """This one and those that count around it."""
        return [self, *(self._around.chain() if self._around is not None else ())]


_ledger: ContextVar[Ledger | None] = ContextVar("ledger", default=None)


class _Visitors:
    """The calls of the last 24 hours, of everybody together, in a process that serves strangers."""

    def __init__(self) -> None:
        self.serves = False
        self._made: deque[float] = deque()
        self._lock = threading.Lock()

    def spend(self, most: int) -> None:
        """Count a call. Raises ServiceError where `most` were made."""
        with self._lock:
            now_s = time.monotonic()
            while self._made and now_s - self._made[0] >= _DAY_S:
                self._made.popleft()
            if len(self._made) >= most:
                raise ServiceError(
                    f"all {most} calls that this page may make of the API in a day are made; try again "
                    f"tomorrow, or let its owner set {VARIABLES['page_calls']}"
                )
            self._made.append(now_s)


_visitors = _Visitors()


def serve_visitors() -> None:
    """From now on this process asks for strangers: `Service.page_calls` times in 24 hours, for all together."""
    _visitors.serves = True


def spend(kind: Kind, service: Service) -> None:
    """Count one call of `service` that is about to be made. Raises ServiceError instead where none is left."""
    ledger = _ledger.get()
    ledgers = [] if ledger is None else ledger.chain()
    for one in ledgers:
        if one.most is not None and one.made >= one.most:
            raise ServiceError(f"the limit of {one.most} calls to the API is reached; allow more calls")
    if _visitors.serves:
        _visitors.spend(service.page_calls)
    for one in ledgers:
        if kind is Kind.WORDS:
            one.words += 1
        else:
            one.pictures += 1
