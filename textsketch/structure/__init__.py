"""Where a picture's lines run: edge detection, stroke selection, skeletons, soft edge maps and their coders."""

from __future__ import annotations

from textsketch.structure.kinds import Kind, kind_of, pack, preview, unpack

__all__ = ["Kind", "kind_of", "pack", "preview", "unpack"]
