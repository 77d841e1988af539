"""The first result as plain HTML in the page's frame: its pictures are there before the page's scripts are.

It lies where the page will show the same pictures, and page.js takes it away once they are there.
"""

from __future__ import annotations

from pathlib import Path

from textsketch.web import html, pictures
from textsketch.web.results import Result

_STYLE = Path(__file__).with_name("first_paint.css")


def first_paint(result: Result, header: str) -> str:
    """The page's header, then pictures and bytes of a result, out of reach: nothing in it can be pressed."""
    return (
        f'<div id="first-paint" inert><style>{_STYLE.read_text(encoding="utf-8")}</style>'
        f"{header}<main><p>The controls are being loaded</p>"
        f"{pictures.trio(result)}{html.figures(result)}</main></div>"
        "<script>if (location.search || location.hash) document.getElementById('first-paint').remove();</script>"
    )
