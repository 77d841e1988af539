"""The rounds of a reflection as HTML: what each said, what was painted from it, and which one is kept."""

from __future__ import annotations

from html import escape

from textsketch.web import html, pictures
from textsketch.web.pictures import address
from textsketch.web.reflections import Improvement, Tried


def cards(found: Improvement, asked: str, *, going_on: bool = False) -> str:
    """A card for each round and how the best is told. asked: the sentence about the calls that were made.

    page.js puts the words of a round into the caption's box. going_on: whether more rounds may come.
    """
    told = "".join(_card(one, found, going_on) for one in found.rounds)
    if len(found.rounds) > 1:
        best = f"{'Best so far' if going_on else 'The best'}: round {found.best}, chosen {found.chosen_by}."
    else:
        best = ""
    notes = "".join(f'<div class="ts-note">{escape(line)}</div>' for line in (best, asked) if line)
    return f'<ol class="ts-rounds">{told}</ol>{notes}'


def _card(one: Tried, found: Improvement, going_on: bool) -> str:
    best = one.number == found.best and (len(found.rounds) > 1 or not going_on)
    mark = ' <span class="ts-mark">the best</span>' if best else ""
    picture = '<p class="ts-words">Not painted.</p>'
    if one.picture is not None:
        picture = pictures.against(
            found.original, one.picture, f"Round {one.number}", one.size_bytes, found.size
        )
    lines = [f"{html.byte_count(one.size_bytes)}, {html.rate(one.rate_bpp)}."]
    if one.similarity is not None:
        lines.append(f"CLIP finds it {one.similarity:.3f} like the original.")
    if one.differs:
        lines.append(f"Differs: {one.differs}")
    words = f'<p class="ts-words"><bdi>{escape(" ".join(lines))}</bdi></p>'
    caption, file = escape(one.caption, quote=True), escape(address(one.file), quote=True)
    return (
        f'<li class="ts-layer{" ts-best" if best else ""}"><div class="ts-card-title"><b>Round {one.number}</b>'
        f"{mark}</div>{picture}"
        f'<div class="ts-caption"><div>“<bdi>{escape(one.caption)}</bdi>”</div></div>{words}'
        f'<p class="ts-words"><button type="button" class="ts-link" data-words="{caption}">Use these words'
        f'</button> <a href="{file}" download="round-{one.number}.tsk">The file</a></p></li>'
    )
