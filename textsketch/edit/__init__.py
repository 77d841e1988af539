"""Editing: layers in, layers out, without the picture they were made from.

Structure manipulation, texture synthesis and object erasing, as in layered cross-modal coding (arXiv
2412.12982). Every function keeps size, seed and kind of structure, and gives layers that `pack` writes. It
may import pipeline and what stands below it.
"""

from textsketch.edit.erasing import erase, move
from textsketch.edit.fitting import fit
from textsketch.edit.structure import draw, move_joint, redraw, rub_out
from textsketch.edit.texture import exchange, recolour, repaint, shift
from textsketch.edit.words import rewrite

__all__ = [
    "draw",
    "erase",
    "exchange",
    "fit",
    "move",
    "move_joint",
    "recolour",
    "redraw",
    "repaint",
    "rewrite",
    "rub_out",
    "shift",
]
