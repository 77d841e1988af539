"""The colours of curves, in plots and in the demo's chart.

After Okabe and Ito's, which people who see colours differently tell apart too; darker where needed on white.
"""

from __future__ import annotations

COLOURS = {
    "text-only": "#0072b2",
    "text+sketch": "#b5548f",
    "three-layer": "#d55e00",
    "jpeg": "#78716c",
    "webp": "#009e73",
    "avif": "#3a9bd9",
    "jpeg2000": "#a98600",
    "jpegxl": "#5c5470",
    "vvc": "#111827",
    "compressai": "#65a30d",
}
"""By mode or baseline, in the order in which the demo draws them."""
