"""How many calls a reflection makes of an API at most, and what they may cost."""

from __future__ import annotations

from dataclasses import dataclass

from textsketch.errors import OptionError, quoted
from textsketch.render.renderer import Renderer
from textsketch.semantic.captions.remote import MOST_TURNS
from textsketch.semantic.captions.source import Source
from textsketch.service.settings import Service

MOST_ROUNDS = 10


@dataclass(frozen=True)
class Plan:
    """calls: that may be made, of which `words` ask for words and `pictures` for pictures at most.

    cost: what they cost at most, in the money of the settings; None where no prices are set.
    service: that is asked.
    """

    calls: int
    words: int
    pictures: int
    cost: float | None
    service: Service | None = None

    @property
    def sentence(self) -> str:
        """The plan for people, before it begins."""
        if not self.calls:
            return "No API is asked."
        cost = "" if self.cost is None else f", which cost at most {self.cost:.4g}"
        return (
            f"At most {self.calls} calls of the API ({self.words} for words, {self.pictures} for pictures)"
            f"{cost}."
        )

    def afterwards(self, words: int, pictures: int) -> str:
        """What was asked in the end, for people."""
        if not self.calls:
            return "No API was asked."
        spent = cost_of(words, pictures, self.service)
        cost = "" if spent is None else f", which cost {spent:.4g}"
        return (
            f"{words + pictures} of at most {self.calls} calls of the API were made "
            f"({words} for words, {pictures} for pictures){cost}."
        )


def plan(
    rounds: int,
    source: Source,
    renderer: Renderer,
    *,
    has_caption: bool,
    has_clip: bool,
    max_calls: int | None,
    service: Service | None,
) -> Plan:
    """The most that `rounds` rounds ask. max_calls: an upper bound somebody set. Raises OptionError.

    has_caption: whether the first is given. has_clip: whether the best is chosen without asking.
    """
    if isinstance(rounds, bool) or not isinstance(rounds, int) or not 1 <= rounds <= MOST_ROUNDS:
        raise OptionError(f"rounds must be a whole number from 1 to {MOST_ROUNDS}, not {quoted(rounds)}")
    if max_calls is not None and (
        isinstance(max_calls, bool) or not isinstance(max_calls, int) or max_calls < 0
    ):
        raise OptionError(f"max_calls must be a whole number from 0, not {quoted(max_calls)}")
    words = pictures = 0
    if source.remote:
        words = MOST_TURNS * (rounds - has_caption) + (1 if rounds > 1 and not has_clip else 0)
    if renderer.remote:
        pictures = rounds + 1  # the first may have to be asked for again, in other words
    calls = words + pictures if max_calls is None else min(words + pictures, max_calls)
    cost = _most_cost(calls, words, pictures, service)
    return Plan(calls, min(words, calls), min(pictures, calls), cost, service)


def cost_of(words: int, pictures: int, service: Service | None) -> float | None:
    """What so many calls cost, None where a price that is needed is not set."""
    if service is None:
        return None
    if (words and service.caption_price is None) or (pictures and service.image_price is None):
        return None
    return words * (service.caption_price or 0.0) + pictures * (service.image_price or 0.0)


def _most_cost(calls: int, words: int, pictures: int, service: Service | None) -> float | None:
    costs = [
        cost_of(calls - number, number, service)
        for number in range(max(0, calls - words), min(pictures, calls) + 1)
    ]
    known = [cost for cost in costs if cost is not None]
    return max(known) if known and len(known) == len(costs) else None
