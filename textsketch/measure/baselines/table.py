"""The baselines, one row each. The search, tables, charts and the command line read these rows."""

from __future__ import annotations

from textsketch.measure.baselines import jpegxl, learned_codec, pillow, vvc
from textsketch.measure.baselines.format import Format

FORMATS: dict[str, Format] = {
    row.name: row
    for row in (
        pillow.JPEG,
        pillow.WEBP,
        pillow.AVIF,
        pillow.JPEG_2000,
        jpegxl.JPEG_XL,
        vvc.VVC,
        learned_codec.COMPRESSAI,
    )
}
"""By name, in the order in which they are shown."""


def charted() -> tuple[str, ...]:
    """The names of those whose curves the page draws."""
    return tuple(row.name for row in FORMATS.values() if row.charted)
