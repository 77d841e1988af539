"""Who looks at original and decode, and says what to write next.

That is a caption source that can look at two pictures, or one that writes words for both, which are compared.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from textsketch.progress import Progress
from textsketch.semantic.captions.source import Attempt, Revision, Source
from textsketch.semantic.captions.wording import fitted, phrases

if TYPE_CHECKING:
    from PIL import Image

_WORD = re.compile(r"[^\W\d_]{3,}")
_EMPTY_WORDS = frozenset(
    ("the", "and", "with", "that", "this", "are", "from", "for", "its", "his", "her", "some")
)
_MOST_NAMED = 6


class Critic(Protocol):
    """Looks at attempts; see `source.Revise`."""

    def __call__(
        self,
        best: Attempt,
        newer: Attempt | None,
        tried: Sequence[str],
        most_bytes: int,
        progress: Progress,
    ) -> Revision:
        """The arguments are those of `source.Revise`."""


def critic_of(source: Source, options: Any, picture: Image.Image) -> Critic:
    """Who looks at attempts at an RGB picture for `source`, told its own `options`."""
    if source.revise is None:
        return _WordCritic(source, options, picture)
    return partial(_ask, source, options, picture)


def judge(source: Source) -> str:
    """How the better of two attempts is told where CLIP is not there, as a report says it."""
    if source.revise is None:
        return f"by how much of what {source.title} says of the original it says of the decode"
    return f"by the comparison of {source.title[0].lower()}{source.title[1:]}"


def _ask(
    source: Source,
    options: Any,
    picture: Image.Image,
    best: Attempt,
    newer: Attempt | None,
    tried: Sequence[str],
    most_bytes: int,
    progress: Progress,
) -> Revision:
    assert source.revise is not None
    return source.revise(picture, best, newer, tried, most_bytes, options, progress)


class _WordCritic:
    """Has a captioner say what original and decode show; what is said of one alone is what differs."""

    def __init__(self, source: Source, options: Any, picture: Image.Image) -> None:
        self._source = source
        self._options = options
        self._picture = picture
        self._said: list[tuple[Image.Image, str]] = []

    def __call__(
        self,
        best: Attempt,
        newer: Attempt | None,
        tried: Sequence[str],
        most_bytes: int,
        progress: Progress,
    ) -> Revision:
        original = self._words(self._picture, progress)
        newer_wins = None
        if newer is not None:
            newer_wins = self._likeness(newer, progress) > self._likeness(best, progress)
        seen = self._words(newer.decoded if newer is not None and newer_wins else best.decoded, progress)
        lost, invented = _beyond(original, seen), _beyond(seen, original)
        parts = [f"{name}: {', '.join(words[:_MOST_NAMED])}" for name, words in
                 (("not seen in it", lost), ("seen in it instead", invented)) if words]  # fmt: skip
        caption = _rewritten(original, lost, tried, most_bytes) if most_bytes else ""
        return Revision("; ".join(parts) or "the same is said of both", caption, newer_wins)

    def _words(self, picture: Image.Image, progress: Progress) -> str:
        for known, said in self._said:
            if known is picture:
                return said
        said = self._source.write(picture, self._options, progress)
        self._said.append((picture, said))
        return said

    def _likeness(self, attempt: Attempt, progress: Progress) -> float:
        """The share of the original's words, 0 to 1, that are said of the decode as well."""
        original = _content(self._words(self._picture, progress))
        seen = _content(self._words(attempt.decoded, progress))
        return len(set(original) & set(seen)) / max(1, len(set(original)))


def _content(text: str) -> list[str]:
    found = (word.lower() for word in _WORD.findall(text))
    return list(dict.fromkeys(word for word in found if word not in _EMPTY_WORDS))


def _beyond(text: str, other: str) -> list[str]:
    known = set(_content(other))
    return [word for word in _content(text) if word not in known]


def _rewritten(original: str, lost: Sequence[str], tried: Sequence[str], most_bytes: int) -> str:
    """The original's words, those that were lost first, in an order not tried before; "" where there is none."""
    parts = phrases(original)
    parts.sort(key=lambda phrase: -len(set(_content(phrase)) & set(lost)))
    for first in range(len(parts)):
        caption = fitted(", ".join([parts[first], *parts[:first], *parts[first + 1 :]]), most_bytes)
        if caption and caption not in tried:
            return caption
    return ""
