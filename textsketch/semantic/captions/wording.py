"""Makes what a captioner wrote fit for sending: without its tics, and as short as the budget asks."""

from __future__ import annotations

import re

_WORDS = (  # what BLIP writes for people and dogs it cannot name
    re.compile(r"\b(?:araf+ed|araf+es?|araf+)\b\s*", re.IGNORECASE),
)
_OPENINGS = re.compile(
    r"^(?:(?:(?:the|this|an?) )?(?:image|picture|photo|photograph|photography)(?: (?:shows|depicts|features|"
    r"displays|captures|is|of|contains))(?: us)?|(?:in (?:the|this) (?:image|picture|photo|photograph),? )"
    r"(?:we can see|there (?:is|are)|i can see)?|there (?:is|are)|we (?:can )?see)\s+",
    re.IGNORECASE,
)
_PHRASE_BEGINS = frozenset(
    (
        "with",
        "and",
        "in",
        "on",
        "at",
        "near",
        "under",
        "over",
        "above",
        "below",
        "behind",
        "beside",
        "next",
        "before",
        "against",
        "while",
        "where",
        "that",
        "which",
        "who",
        "as",
        "from",
        "during",
        "through",
        "towards",
        "around",
        "among",
        "between",
        "surrounded",
    )
)
_NO_END = _PHRASE_BEGINS | frozenset(
    (
        "a",
        "an",
        "the",
        "of",
        "to",
        "is",
        "are",
        "its",
        "his",
        "her",
        "their",
        "by",
        "for",
        "or",
    )
)


def cleaned(caption: str) -> str:
    """The caption without "arafed", "The image shows" and their like, in one line, without a final full stop."""
    text = " ".join(caption.split())
    for tic in _WORDS:
        text = tic.sub("", text)
    while (shorter := _OPENINGS.sub("", text)) != text:
        text = shorter
    return text.strip().removesuffix(".").strip()


def fitted(caption: str, most_bytes: int) -> str:
    """As much of the caption's beginning, in whole phrases, as costs at most so many bytes; "" if none does."""
    if _cost(caption) <= most_bytes:
        return caption
    words = caption.split()
    ends = range(len(words) - 1, 0, -1)
    phrases = [n for n in ends if words[n - 1][-1] in ",;:.!?" or words[n].lower() in _PHRASE_BEGINS]
    for n in (*phrases, *ends):
        if words[n - 1].lower() in _NO_END:
            continue
        shorter = " ".join(words[:n]).rstrip(" ,;:.")
        if _cost(shorter) <= most_bytes:
            return shorter
    return ""


def _cost(caption: str) -> int:
    from textsketch.semantic.text.coder import encode_text

    return len(encode_text(caption))
