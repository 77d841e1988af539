"""Prompts as CLIP's text encoders read them: 75 tokens at a time, of a long caption several times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

_CHUNK = 75
"""Tokens between the beginning and the end that the encoder's 77 places have."""
_LAST_WORDS = 4


@dataclass(frozen=True)
class Prompt:
    """Tokens in chunks of at most 75; last: the last words that are read, None if nothing was cut."""

    chunks: tuple[tuple[int, ...], ...]
    last: str | None = None


def split(tokenizer: Any, text: str, suffix: str, most_chunks: int) -> Prompt:
    """`text` and `suffix` in one chunk if they fit, else the suffix first and as much text as fits."""
    whole = _tokens(tokenizer, ", ".join(part for part in (text, suffix) if part))
    if len(whole) <= _CHUNK:
        return Prompt((tuple(whole),))
    first = _tokens(tokenizer, f"{suffix}, " if suffix else "")
    words = _tokens(tokenizer, text)
    kept = words[: most_chunks * _CHUNK - len(first)]
    tokens = [*first, *kept]
    chunks = tuple(tuple(tokens[begin : begin + _CHUNK]) for begin in range(0, len(tokens), _CHUNK))
    if len(kept) == len(words):
        return Prompt(chunks)
    return Prompt(chunks, " ".join(tokenizer.decode(kept).split()[-_LAST_WORDS:]))


def embed(tokenizer: Any, encode: Any, prompts: Sequence[Prompt], device: torch.device) -> list[Any]:
    """What `encode` makes of each chunk of the prompts, the shorter ones filled up with empty chunks.

    encode: takes token numbers, (prompts, 77). Returns one answer a chunk.
    """
    import torch

    count = max(len(prompt.chunks) for prompt in prompts)
    chunks = (
        [_framed(tokenizer, prompt.chunks[index] if index < len(prompt.chunks) else ()) for prompt in prompts]
        for index in range(count)
    )
    return [encode(torch.tensor(chunk).to(device)) for chunk in chunks]


def _tokens(tokenizer: Any, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids


def _framed(tokenizer: Any, chunk: Sequence[int]) -> list[int]:
    framed = [tokenizer.bos_token_id, *chunk, tokenizer.eos_token_id]
    return framed + [tokenizer.pad_token_id] * (_CHUNK + 2 - len(framed))
