"""The three pictures of a result as HTML: original, decoded, JPEG of the same size, each with its bytes on it.

page.js opens two of them under a divider when one is clicked.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Sequence
from html import escape
from typing import Any
from urllib.parse import quote

from PIL import Image

from textsketch.layers import Mode
from textsketch.web.edits import Edited
from textsketch.web.results import Look, Painted, Result

_PREVIEW_SIDE = 512
_PAIRS = (
    ("original", "decoded"),
    ("jpeg", "decoded"),
    ("original", "jpeg"),
    ("plain", "decoded"),
)
"""What can be looked at under the divider; page.js offers those of which both pictures are there."""


Pictures = dict[str, dict[str, str]]
"""By name: source (an address), title, size (words that follow the title) and alt."""


def address(path: str) -> str:
    """Where the page finds a file of a result."""
    return f"gradio_api/file={quote(path)}"


def data_address(picture: Image.Image, kind: str, **options: Any) -> str:
    """An address that holds a picture itself, as Pillow writes files of the kind with the options."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def placeholder() -> str:
    """What takes the pictures' room before there are any."""
    return f'<div class="ts-trio" aria-hidden="true">{_empty() * 3}</div>'


def trio(result: Result) -> str:
    """The pictures of a finished result."""
    report = result.report
    jpeg = report.baselines[0]
    subject = report.caption or "a picture without a caption"
    jpeg_title = "JPEG" if jpeg.fits else "Smallest JPEG"
    times = "" if jpeg.fits else f", {_times(jpeg.size_bytes / report.size_bytes)}"
    pictures = {
        "original": ("Original", f"{report.width} x {report.height}", f"Original: {subject}"),
        "decoded": ("textsketch", _bytes(report.size_bytes), f"Decoded from {_bytes(report.size_bytes)}"),
        "jpeg": (jpeg_title, f"{_bytes(jpeg.size_bytes)}{times}", f"JPEG of {_bytes(jpeg.size_bytes)}"),
    }
    more = {}
    if result.invented is not None:
        more["plain"] = ("What was sent", _bytes(report.size_bytes), "Painted without what a network added")
    about = {
        name: {"source": address(result.files[f"{name}_shown"]), "title": title, "size": size, "alt": alt}
        for name, (title, size, alt) in (pictures | more).items()
    }
    pairs = [pair for pair in _PAIRS if all(name in about for name in pair)]
    plate = _plate(report.caption) if report.mode == Mode.TEXT_ONLY else ""
    return _trio(about, pairs, (report.width, report.height), plate)


def alone(painted: Painted) -> str:
    """A picture that was decoded from a file of which nothing else is known."""
    width, height = painted.size
    alt = escape(painted.caption or "Decoded from a file without a caption", quote=True)
    source = escape(address(painted.shown), quote=True)
    plate = _plate(painted.caption) if painted.mode == Mode.TEXT_ONLY else ""
    picture = f'<img src="{source}" alt="{alt}" width="{width}" height="{height}"/>'
    return f'<div class="ts-alone">{picture}{plate}</div>'


def pair(original: str, point: str, title: str, size_bytes: int, size: tuple[int, int]) -> str:
    """The original and one decode. original, point: paths."""
    about = {
        "original": {"source": address(original), "title": "Original", "size": "", "alt": "Original"},
        "decoded": {"source": address(point), "title": title, "size": _bytes(size_bytes), "alt": title},
    }
    return _trio(about, [("original", "decoded")], size)


def before_after(before: Edited, after: Edited) -> str:
    """A file before and after it was edited, each with its bytes."""
    about = {
        name: {
            "source": address(one.files["shown"]),
            "title": title,
            "size": _bytes(len(one.data)) + ("" if one.final else ", a first look"),
            "alt": f"{title}: {one.caption or 'a picture without a caption'}",
        }
        for name, title, one in (("original", "Before", before), ("decoded", "After", after))
    }
    plate = _plate(after.caption) if after.mode == Mode.TEXT_ONLY else ""
    return _trio(about, [("original", "decoded")], after.size, plate)


def against(original: str, decoded: str, title: str, size_bytes: int, size: tuple[int, int]) -> str:
    """One decode, which a click shows beside the original. original, decoded: paths of pictures."""
    about = {
        "original": {"source": address(original), "title": "Original", "size": "", "alt": "Original"},
        "decoded": {"source": address(decoded), "title": title, "size": _bytes(size_bytes), "alt": title},
    }
    return _trio(about, [("original", "decoded")], size, shown=("decoded",))


def early_look(look: Look) -> str:
    """The pictures while the best file, or the JPEG beside it, is still looked for."""
    source = {"source": address(look.original), "title": "Original", "size": "", "alt": "Original"}
    source["size"] = "{} x {}".format(*look.size)
    decoded = {
        "source": address(look.decoded),
        "title": "textsketch",
        "size": _bytes(look.size_bytes) + ("" if look.final else ", a first look"),
        "alt": f"Decoded from {_bytes(look.size_bytes)}"
        if look.final
        else "A first look at the decoded picture",
    }
    plate = _plate(look.caption) if look.mode == Mode.TEXT_ONLY else ""
    return (
        f'<div class="ts-trio ts-look">{_picture("original", source, look.size)}'
        f"{_picture('decoded', decoded, look.size, plate)}{_empty()}</div>"
    )


def preview(picture: Image.Image) -> str:
    """A rough picture of what a network is painting."""
    small = picture.convert("RGB")
    small.thumbnail((_PREVIEW_SIDE, _PREVIEW_SIDE))
    about = {
        "source": data_address(small, "WEBP", quality=80, method=0),
        "title": "textsketch",
        "size": "being painted",
        "alt": "A rough picture of what is being painted",
    }
    return (
        f'<div class="ts-trio ts-look">{_empty()}{_picture("decoded", about, picture.size)}{_empty()}</div>'
    )


def _trio(
    about: Pictures,
    pairs: Sequence[tuple[str, str]],
    size: tuple[int, int],
    plate: str = "",
    shown: Sequence[str] = ("original", "decoded", "jpeg"),
) -> str:
    """Those of the pictures that are `shown` in a row; `pairs` can be looked at under the divider."""
    told = escape(json.dumps({"pictures": about, "pairs": pairs}), quote=True)
    cells = "".join(
        _picture(name, one, size, plate if name == "decoded" else "")
        for name, one in about.items()
        if name in shown
    )
    return f'<div class="ts-trio" data-pictures="{told}">{cells}</div>'


def _picture(name: str, about: dict[str, str], size: tuple[int, int], plate: str = "") -> str:
    width, height = size
    source, alt = escape(about["source"], quote=True), escape(about["alt"], quote=True)
    return (
        f'<button type="button" class="ts-picture" data-name="{name}" title="Enlarge">'
        f'<img src="{source}" alt="{alt}" width="{width}" height="{height}"/>{plate}'
        f'<span class="ts-tag"><b>{escape(about["title"])}</b> {escape(about["size"])}</span></button>'
    )


def _empty() -> str:
    return '<div class="ts-picture ts-empty"></div>'


def _plate(caption: str) -> str:
    """The caption as a picture of words alone bears it."""
    return f'<span class="ts-plate"><bdi>{escape(caption)}</bdi></span>' if caption else ""


def _bytes(size_bytes: int) -> str:
    return f"{size_bytes:,} B"


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} times larger" if ratio >= 10 else f"{ratio:.1f} times larger"
