"""Prompt inversion by hard prompts made easy (PEZ, Wen et al., arXiv 2302.03668).

Looks for the words whose CLIP embedding is most like the picture's. The CLIP is Stable Diffusion 1.5's own
(OpenAI ViT-L/14), so the words found speak to the text encoder that will read them. Only tokens that are
whole words and survive being written and read again are used: the prompt travels as text.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textsketch.errors import TextsketchError
from textsketch.models import clip
from textsketch.options import Options, option
from textsketch.progress import Progress
from textsketch.semantic.captions.source import Source

if TYPE_CHECKING:
    import torch
    from PIL import Image


LEAST_TOKENS, MOST_TOKENS = 4, 32
MOST_STEPS = 10_000
_LEARNING_RATE = 0.1
_WEIGHT_DECAY = 0.1
_turn = threading.Lock()
_words: dict[int, torch.Tensor] = {}


@dataclass(frozen=True)
class InversionOptions(Options):
    """What the search takes; see `search`."""

    tokens: int = option(16, "words to look for", least=LEAST_TOKENS, most=MOST_TOKENS)
    steps: int = option(1000, "steps of the search", least=1, most=MOST_STEPS)


@dataclass(frozen=True)
class Inversion:
    """The best prompt so far, its CLIP cosine with the picture, -1 to 1, and how far the search is."""

    prompt: str
    similarity: float
    step: int
    steps: int


def invert(
    picture: Image.Image,
    *,
    tokens: int = 16,
    steps: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> Inversion:
    """Find the prompt of `tokens` words (4 to 32) most like an RGB picture within `steps` steps.

    Raises TextsketchError for other numbers and WeightsError if CLIP is not there. Raising from `progress`
    stops the search; the best prompt up to then has been reported to it.
    """
    best = None
    for best in search(picture, tokens=tokens, steps=steps, seed=seed):
        if progress is not None:
            progress(best.step / best.steps, best.prompt)
    assert best is not None  # `search` makes at least one step
    return best


def search(
    picture: Image.Image, *, tokens: int = 16, steps: int = 1000, seed: int = 0
) -> Iterator[Inversion]:
    """Yield the best prompt so far after every step; closing the generator stops the search."""
    import torch

    if not LEAST_TOKENS <= tokens <= MOST_TOKENS:
        raise TextsketchError(f"prompt inversion finds {LEAST_TOKENS} to {MOST_TOKENS} tokens, not {tokens}")
    if not 1 <= steps <= MOST_STEPS:
        raise TextsketchError(f"prompt inversion takes 1 to {MOST_STEPS:,} steps, not {steps}")
    model = clip.load(clip.CHOOSING)
    network = model.network
    wanted = torch.from_numpy(clip.embed_pictures([picture], model)).to(model.device)
    with _turn:
        words = _whole_words(model)
        table = network.token_embedding.weight[words].detach()
        directions = torch.nn.functional.normalize(table, dim=1)
        generator = torch.Generator("cpu").manual_seed(seed)
        start = torch.randint(len(words), (tokens,), generator=generator)
        soft = torch.nn.Parameter(table[start].clone())
        optimiser = torch.optim.AdamW([soft], lr=_LEARNING_RATE, weight_decay=_WEIGHT_DECAY)
        prompt, similarity = "", -2.0
        for step in range(1, steps + 1):
            # A setting of the thread must not stay switched on while the generator waits in a yield.
            with torch.enable_grad():
                nearest = (torch.nn.functional.normalize(soft.detach(), dim=1) @ directions.T).argmax(1)
                # The loss is taken at the nearest words, its gradient moves the soft embeddings.
                hard = table[nearest].requires_grad_(True)
                cosine = (_embed(network, hard, model) @ wanted[0]).squeeze()
                (soft.grad,) = torch.autograd.grad(1 - cosine, hard)
                optimiser.step()
            found = float(cosine.detach())
            if found > similarity:
                similarity, prompt = found, _text(words[nearest], model)
            yield Inversion(prompt, similarity, step, steps)


def _embed(network: Any, words: torch.Tensor, model: clip.Clip) -> torch.Tensor:
    """The unit-length text embedding of token embeddings (tokens, width): (1, dimensions)."""
    import torch

    frame = model.tokenise([""]).to(words.device)[0]  # start, end, padding
    framed = network.token_embedding(frame)
    sequence = torch.cat([framed[:1], words, framed[1 : len(frame) - len(words)]])[None]
    sequence = sequence + network.positional_embedding
    states = network.ln_final(network.transformer(sequence, attn_mask=network.attn_mask))
    end = len(words) + 1
    return torch.nn.functional.normalize(states[:, end] @ network.text_projection, dim=-1)


def _whole_words(model: clip.Clip) -> torch.Tensor:
    """Token numbers of lower-case ASCII words that are read as that one token again: (count,)."""
    import torch

    size = model.network.token_embedding.num_embeddings
    if size not in _words:
        kept = []
        encoder = model.tokenise.encoder
        for text, number in encoder.items():
            word = text.removesuffix("</w>")
            if text.endswith("</w>") and word.isascii() and word.isalpha() and number < size:
                kept.append((word, number))
        read = model.tokenise.encode(" ".join(word for word, _ in kept))
        if read != [number for _, number in kept]:
            kept = [(word, number) for word, number in kept if model.tokenise.encode(word) == [number]]
        _words[size] = torch.tensor([number for _, number in kept])
    return _words[size].to(model.device)


def _text(numbers: torch.Tensor, model: clip.Clip) -> str:
    decoder = model.tokenise.decoder
    return " ".join(decoder[int(number)].removesuffix("</w>") for number in numbers)


def _unavailable() -> str | None:
    return clip.unavailable(clip.CHOOSING, "Prompt inversion")


def _write(picture: Image.Image, options: InversionOptions, progress: Progress) -> str:
    return invert(picture, tokens=options.tokens, steps=options.steps, progress=progress).prompt


PROMPT_INVERSION = Source(
    "prompt-inversion",
    "Prompt inversion (PEZ)",
    "the words that CLIP finds most like the picture",
    InversionOptions,
    _unavailable,
    _write,
    usable_at_once=True,
)
