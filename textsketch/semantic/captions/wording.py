"""Makes what a captioner wrote fit for sending: without its tics, and as short as the budget asks."""

from __future__ import annotations

import re
import unicodedata

_WORDS = (  # what BLIP writes for people and dogs it cannot name
    re.compile(r"\baraf+(?:ed|es?|y|ing|s)?\b\s*", re.IGNORECASE),
)
_KIND = "(?:image|picture|photo|photograph|photography)"
_OPENINGS = re.compile(
    rf"^(?:(?:this|it) is (?:an?|the) {_KIND} (?:of|showing)"
    rf"|(?:(?:the|this|an?) )?{_KIND} (?:is of|is|of|(?:show|depict|feature|display|capture|contain)(?:s|ing)"
    r"|(?:featur|captur)ing)(?: us)?:?"
    rf"|in (?:the|this) {_KIND},?(?: (?:(?:we|you|i) can see|there (?:is|are)))?"
    r"|there (?:is|are)|we (?:can )?see)(?:\s+|$)",
    re.IGNORECASE,
)
_FENCE = re.compile(r"^\s*```[^\n]*$", re.MULTILINE)
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_LIST_MARK = re.compile(r"^\s*(?:[-*+>#]+|\d+[.)])\s+")
_PREAMBLE = re.compile(
    r"^(?:(?:sure|certainly|of course|okay|ok|absolutely)\b[^:]*[!.:]\s*)?"
    r"(?:(?:here(?:'s| is| are)|this is)\b[^:]{0,60}:"
    r"|(?:(?:the|my|a|new|short(?:er)?|revised) ){0,2}caption\s*:)\s*",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"^(?:(?:sure|certainly|of course|okay|ok|absolutely)\b[^:]*[!.:]|caption)$", re.IGNORECASE
)
_QUOTES = "\"'`“”„‘’«»*_"
_MOST_LETTERS = 1000
_JOINERS = "\u200c\u200d"  # letters of some scripts, and emoji, are written with them
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
    """The caption without "arafed", "The image shows" and their like, in one line, without a final full stop.

    Nor does it keep what cannot be seen: control characters, marks of direction, halves of characters.
    """
    seen = (c for c in caption if c.isspace() or c in _JOINERS or unicodedata.category(c)[0] != "C")
    text = " ".join("".join(seen).split())
    for tic in _WORDS:
        text = tic.sub("", text)
    while (shorter := _OPENINGS.sub("", text)) != text:
        text = shorter
    words = text.strip().removesuffix(".").split()
    while words and words[-1].lower() in _NO_END:
        del words[-1]
    return " ".join(words)


def unwrapped(answer: str) -> str:
    """The caption in what a model of conversations answered: `cleaned`, without markdown, quotes or preamble."""
    text = _FENCE.sub("", _THOUGHTS.sub("", answer))
    for line in text.splitlines():
        line = _LIST_MARK.sub("", line).strip().strip(_QUOTES).strip()
        line = _PREAMBLE.sub("", line).strip().strip(_QUOTES).strip()
        if line and not _CHATTER.match(line):
            break
    else:
        return ""
    line = re.sub(r"(\*\*|__|`)", "", line)
    if len(line) > _MOST_LETTERS:
        line = line[:_MOST_LETTERS].rsplit(" ", 1)[0]
    return cleaned(line).strip(_QUOTES)


def fitted(caption: str, most_bytes: int) -> str:
    """As much of the caption's beginning, in whole phrases, as costs at most so many bytes; "" if none does."""
    if cost_bytes(caption) <= most_bytes:
        return caption
    words = caption.split()
    ends = range(len(words) - 1, 0, -1)
    phrases = [n for n in ends if words[n - 1][-1] in ",;:.!?" or words[n].lower() in _PHRASE_BEGINS]
    for n in (*phrases, *ends):
        if words[n - 1].lower() in _NO_END:
            continue
        shorter = " ".join(words[:n]).rstrip(" ,;:.")
        if cost_bytes(shorter) <= most_bytes:
            return shorter
    return ""


def phrases(caption: str) -> list[str]:
    """The caption in its phrases, such as "a red pagoda", "above trees", "by a lake"."""
    found: list[list[str]] = [[]]
    for word in caption.split():
        if found[-1] and (word.lower() in _PHRASE_BEGINS or found[-1][-1][-1] in ",;:.!?"):
            found.append([])
        found[-1].append(word)
    return [shown for words in found if (shown := " ".join(words).strip(" ,;:.!?"))]


def cost_bytes(caption: str) -> int:
    """Bytes of a caption in a file. Raises CaptionError for one that no file can hold."""
    from textsketch.semantic.text.coder import encode_text

    return len(encode_text(caption))
