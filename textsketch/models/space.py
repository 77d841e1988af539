"""What a Space's README says of weights: which models it names and which files it has before it starts."""

from __future__ import annotations

from textsketch.models import weights

PRELOADED = ("fast", "clip", "captions", "pidinet")
"""What the public demo offers: the default profile, CLIP scores, captions, and lines found by a network."""


def preloaded() -> tuple[str, ...]:
    """The entries of weights.yaml whose files a Space has before it starts."""
    return tuple(dict.fromkeys(name for group in PRELOADED for name in weights.group(group)))


def size_bytes() -> int:
    """Bytes that the build of a Space downloads, as far as weights.yaml knows sizes."""
    return sum(weights.entry(name).size_bytes for name in preloaded())


def front_matter() -> str:
    """The lines `models` and `preload_from_hub` of the front matter, as YAML."""
    # What lies at an address of its own is no model of the hub.
    repositories = dict.fromkeys(one.repository for one in weights.entries().values() if not one.torch_hub)
    lines = {"models": list(repositories), "preload_from_hub": weights.preload_lines(preloaded())}
    return "\n".join(
        text for title, items in lines.items() for text in (f"{title}:", *(f"  - {item}" for item in items))
    )
