"""The rounds of a reflection: encode, decode from the bytes, look, rewrite; the best is kept.

As in micro-bpp compression (arXiv 2402.13536), with any caption source and any renderer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from textsketch import options as option_tables
from textsketch.allocation.caption_room import caption_room
from textsketch.budget import parse_budget
from textsketch.errors import BudgetError, OptionError, TextsketchError
from textsketch.layers import Mode
from textsketch.models import clip
from textsketch.pipeline import Encoded, decode, encode, parse_mode, parse_seed
from textsketch.progress import Progress, ignore, share
from textsketch.reflection.critics import Critic, critic_of, judge
from textsketch.reflection.plan import Plan, cost_of, plan
from textsketch.render import registry
from textsketch.semantic.captions import table
from textsketch.semantic.captions.source import Attempt
from textsketch.service import settings
from textsketch.service.calls import Ledger

if TYPE_CHECKING:
    from PIL import Image

    from textsketch.image.reading import Source

_DECODES, _LOOKS = 0.3, 0.7
"""Where in a round decoding and looking begin."""


@dataclass(frozen=True, eq=False)
class Round:
    """One caption and what came of it.

    number: from 1. decoded: painted from the bytes of `encoded` alone, None if that failed. similarity: to the
    original, the choosing CLIP's cosine, None without it. differs: what was found to differ between the original
    and the best decode up to here, "" if nobody looked.
    """

    number: int
    caption: str
    encoded: Encoded
    decoded: Image.Image | None = None
    similarity: float | None = None
    differs: str = ""


@dataclass(frozen=True, eq=False)
class Reflection:
    """How far a reflection is, or what came out of it.

    original: the picture as it was read. best: the round to keep. chosen_by: how that is told, for a report.
    plan: the most that was to be asked. words, pictures, cost: what was asked of an API so far. stopped: the
    sentence of what ended it early, or None. captions, renderer: names of the rows that wrote and painted.
    """

    original: Image.Image
    budget_bytes: int
    rounds: tuple[Round, ...]
    best: Round
    chosen_by: str
    plan: Plan
    captions: str
    renderer: str
    words: int = 0
    pictures: int = 0
    cost: float | None = None
    stopped: str | None = None

    @property
    def encoded(self) -> Encoded:
        """The file to keep."""
        return self.best.encoded

    @property
    def calls_sentence(self) -> str:
        """What was asked, for people, afterwards."""
        return self.plan.afterwards(self.words, self.pictures)


def reflect(source: Source, *, progress: Progress | None = None, **asked: Any) -> Reflection:
    """Improve a picture's words in rounds; `improve` has the arguments, and gives every round as it is done.

    >>> found = ts.reflect("photo.jpg", rounds=3, budget="micro", captions="api", renderer="api")
    >>> found.encoded.data, found.best.caption
    """
    *_, last = improve(source, progress=progress, **asked)
    return last


def improve(
    source: Source,
    *,
    rounds: int = 3,
    mode: str = Mode.TEXT_ONLY,
    budget: int | str = "micro",
    caption: str = "",
    captions: str | None = None,
    renderer: str | None = None,
    seed: int = 0,
    max_calls: int | None = None,
    progress: Progress | None = None,
    **options: object,
) -> Iterator[Reflection]:
    """Improve a picture's words, and give the state after every decode and after every look at one.

    source, mode, budget, seed: as in `encode`; no file is larger than the budget. rounds: captions to try, 1 to
    10. caption: the first one, written by the source if empty. captions: the name of a caption source, renderer:
    of a renderer; by default those over an API where one is set up, else those that are here. max_calls: of an
    API, at most; what was found before the limit is kept. options: of the source and of the renderer.
    The best decode is the one that the choosing CLIP finds most like the original; without CLIP the source
    tells. An error after the first file ends the rounds and is told in `Reflection.stopped`; one before it is
    raised.
    """
    return _Run(
        source,
        rounds,
        mode,
        budget,
        caption,
        captions,
        renderer,
        seed,
        max_calls,
        progress or ignore,
        options,
    ).states()


def planned(
    *,
    rounds: int = 3,
    caption: str = "",
    captions: str | None = None,
    renderer: str | None = None,
    max_calls: int | None = None,
    **options: object,
) -> Plan:
    """What `improve` with the same arguments asks of an API at most. Raises what it raises; nothing is asked."""
    writer, painter = table.get(captions or usual_source()), registry.get(renderer or usual_renderer())
    service = None
    if writer.remote or painter.remote:
        names = {name: value for name, value in options.items() if name in settings.VARIABLES}
        service = settings.service(**names)
    return plan(
        rounds,
        writer,
        painter,
        has_caption=bool(caption),
        has_clip=_has_clip(),
        max_calls=max_calls,
        service=service,
    )


def usual_source() -> str:
    """The caption source to take unless asked for another. Raises OptionError if none can be used here."""
    ready = [source for source in table.SOURCES.values() if source.unavailable() is None]
    if not ready:
        reasons = (str(source.unavailable()).rstrip(".") for source in table.SOURCES.values())
        raise OptionError(f"nothing here can write captions: {'; '.join(reasons)}")
    return max(ready, key=lambda source: source.remote).name


def usual_renderer() -> str:
    """The renderer to take unless asked for another. Raises OptionError if none that reads words can be used."""
    ready = [one for one in registry.RENDERERS if one.reads_words and one.unavailable() is None]
    if not ready:
        raise OptionError(
            "nothing here paints from words, so that better ones would not be seen; set up an API "
            "(docs/api.md), run textsketch weights fetch fast, or name a renderer"
        )
    usual = registry.preferred()
    return max(ready, key=lambda one: (one.remote, one is usual)).name


def _has_clip() -> bool:
    return clip.unavailable(clip.CHOOSING) is None


class _Run:
    """One reflection while it runs."""

    def __init__(
        self,
        source: Source,
        rounds: int,
        mode: str,
        budget: int | str,
        caption: str,
        captions: str | None,
        renderer: str | None,
        seed: int,
        max_calls: int | None,
        progress: Progress,
        options: dict[str, object],
    ) -> None:
        from textsketch.image.reading import read_image

        self._writer = table.get(captions or usual_source())
        self._painter = registry.get(renderer or usual_renderer())
        self._plan = planned(
            rounds=rounds,
            caption=caption,
            captions=self._writer.name,
            renderer=self._painter.name,
            max_calls=max_calls,
            **options,
        )
        self._rounds = rounds
        self._mode, self._seed = parse_mode(mode), parse_seed(seed)
        self._writing, self._rendering, self._allocation = _told(self._writer, self._painter, options)
        self._picture = read_image(source)
        self._budget_bytes = parse_budget(budget, self._picture.size)
        self._room = caption_room(self._picture.size, self._mode, self._budget_bytes, seed=self._seed)
        self._first = caption
        self._progress = progress
        self._ledger = Ledger(self._plan.calls)
        self._has_clip = _has_clip()

    def states(self) -> Iterator[Reflection]:
        # The ledger counts within each step and never while a state is looked at elsewhere.
        with self._ledger.counting():
            caption = self._first or self._written()
            critic = critic_of(self._writer, self._filled(), self._picture)
        done: list[Round] = []
        best = 0
        for number in range(1, self._rounds + 1):
            report = share(self._progress, (number - 1) / self._rounds, number / self._rounds)
            with self._ledger.counting():
                stopped = self._tried(done, number, caption, report)
            if stopped is None and self._has_clip:
                best = max(range(len(done)), key=lambda index: done[index].similarity or -2.0)
            yield self._state(done, best, stopped)
            if stopped is not None:
                return
            last = number == self._rounds
            newer = None if self._has_clip or len(done) == 1 else done[-1]
            if last and newer is None:
                return
            with self._ledger.counting():
                try:
                    caption, best = self._looked(critic, done, best, newer, last, share(report, _LOOKS, 1.0))
                except TextsketchError as error:
                    stopped = str(error)
            if stopped is None and not caption and not last:
                stopped = "no new caption was found that fits"
            yield self._state(done, best, stopped)
            if stopped is not None:
                return

    def _filled(self) -> Any:
        return option_tables.fill(self._writer.title, self._writer.options, self._writing)

    def _written(self) -> str:
        found = table.write(
            self._picture,
            self._writer.name,
            most_bytes=self._room,
            progress=share(self._progress, 0.0, _DECODES / self._rounds / 2),
            **self._writing,
        )
        if not found:
            raise BudgetError(
                f"no caption of {self._writer.title} fits into {self._room} bytes; choose a larger budget or, "
                "for a rate, a larger picture"
            )
        return found

    def _tried(self, done: list[Round], number: int, caption: str, report: Progress) -> str | None:
        """Encode and decode with a caption, as a new round; the sentence of what failed, or None."""
        name = self._painter.name
        try:
            encoded = encode(
                self._picture,
                mode=self._mode,
                budget=self._budget_bytes,
                caption=caption,
                seed=self._seed,
                renderer=name,
                progress=share(report, 0.0, _DECODES),
                **self._allocation,
            )
            done.append(Round(number, caption, encoded))
            image = decode(
                encoded.data, renderer=name, progress=share(report, _DECODES, _LOOKS), **self._rendering
            ).image
            done[-1] = replace(done[-1], decoded=image)
            if self._has_clip:
                score = clip.score(self._picture, [image], name=clip.CHOOSING)[0]
                done[-1] = replace(done[-1], similarity=score.image_image)
        except TextsketchError as error:
            if not done:
                raise
            return str(error)
        return None

    def _looked(
        self,
        critic: Critic,
        done: list[Round],
        best: int,
        newer: Round | None,
        last: bool,
        report: Progress,
    ) -> tuple[str, int]:
        """The next caption, "" if there is none, and the index of the best round."""
        found = critic(
            _attempt(done[best]),
            None if newer is None else _attempt(newer),
            [one.caption for one in done],
            0 if last else self._room,
            report,
        )
        done[-1] = replace(done[-1], differs=found.differs)
        return found.caption, len(done) - 1 if found.newer_wins else best

    def _state(self, done: list[Round], best: int, stopped: str | None) -> Reflection:
        words, pictures = self._ledger.words, self._ledger.pictures
        chosen_by = judge(self._writer)
        if self._has_clip:
            chosen_by = f"by the CLIP that chooses ({clip.CHOOSING}), the original beside each decode"
        return Reflection(
            self._picture,
            self._budget_bytes,
            tuple(done),
            done[best],
            chosen_by,
            self._plan,
            self._writer.name,
            self._painter.name,
            words,
            pictures,
            cost_of(words, pictures, self._plan.service),
            stopped,
        )


def _attempt(one: Round) -> Attempt:
    assert one.decoded is not None  # a round that failed is the last
    return Attempt(one.caption, one.decoded)


def _told(
    writer: Any, painter: Any, given: dict[str, object]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """What of the options is for the source, for painting and for encoding. Raises OptionError for others."""
    kinds = (writer.options, painter.options, painter.allocation)
    parts = [option_tables.taken(kind, given) for kind in kinds]
    left = {name: value for name, value in given.items() if not any(name in part for part in parts)}
    owner = f"a reflection with {writer.name} and {painter.name}"
    option_tables.fill(owner, option_tables.Options, left)
    return parts[0], parts[1], parts[2]
