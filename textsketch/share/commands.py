"""The commands that make something of a .tsk file to take along; `COMMANDS` is their table."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image

from textsketch.errors import TextsketchError
from textsketch.image.formats import LISTED
from textsketch.progress import Progress, share
from textsketch.share.code import link_code, raw_code
from textsketch.share.link import ADDRESS_VARIABLE, default_address, is_of_this_machine, link_of
from textsketch.share.source import ACCEPTED, tsk_from


@dataclass(frozen=True)
class Command:
    """A command: what --help says of it, its arguments, and what it does; that gives a record, and a line."""

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Progress], tuple[dict[str, Any], str]]


def _add_source(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="IN.tsk", help=ACCEPTED)


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--address",
        metavar="URL",
        default=default_address(),
        help="an app or Space that runs textsketch, where the link leads; one that ends in # gets "
        f"the file behind it, for a player in the browser (default: {ADDRESS_VARIABLE} or %(default)s)",
    )


def _add_link(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    _add_address(parser)


def _link(options: argparse.Namespace, progress: Progress) -> tuple[dict[str, Any], str]:
    tsk = tsk_from(options.file)
    link = link_of(tsk, options.address)
    return {"link": link, "size_bytes": len(tsk), "characters": len(link)}, link


def _add_qr(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    parser.add_argument("out", metavar="OUT.png")
    _add_address(parser)
    parser.add_argument(
        "--raw",
        action="store_true",
        help="the bytes of the file alone, without a link: for textsketch decode, not for a phone's own scanner",
    )


def _qr(options: argparse.Namespace, progress: Progress) -> tuple[dict[str, Any], str]:
    check_png(options.out, options.file)
    tsk = tsk_from(options.file)
    code = raw_code(tsk) if options.raw else link_code(tsk, options.address)
    code.poster().save(options.out, optimize=True)
    record = {
        "file": options.out,
        "size_bytes": len(tsk),
        "version": code.version,
        "level": code.level,
        "address": code.address,
    }
    lines = [f"{options.out}: {code.sentence}"]
    if code.address is not None and is_of_this_machine(code.address):
        lines.append(
            f"  it opens on this machine only; --address or {ADDRESS_VARIABLE} names an app for others"
        )
    return record, "\n".join(lines)


def _add_slide(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("image", metavar="IMAGE", help=f"the picture the file was made from: {LISTED}")
    _add_source(parser)
    parser.add_argument("out", metavar="OUT.png", help="1920 x 1080 pixels")
    _add_address(parser)


def _slide(options: argparse.Namespace, progress: Progress) -> tuple[dict[str, Any], str]:
    from textsketch.image.reading import read_image
    from textsketch.measure.baselines.search import best_within
    from textsketch.pipeline import decode
    from textsketch.share.slide import slide

    check_png(options.out, options.file, options.image)
    tsk = tsk_from(options.file)
    decoded = decode(tsk, progress=share(progress, 0.0, 0.4))
    original = of_size(read_image(options.image), decoded.layers.size)
    progress(0.4, "searching the best JPEG")
    jpeg = best_within(original, len(tsk))
    progress(0.9, "drawing")
    made = slide(original, decoded.image, tsk, jpeg.data, invented=decoded.invented, address=options.address)
    made.save(options.out, optimize=True)
    record = {"file": options.out, "size_bytes": len(tsk), "jpeg_bytes": jpeg.size_bytes}
    return record, f"{options.out}: {len(tsk):,} bytes beside a JPEG of {jpeg.size_bytes:,}"


def of_size(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The picture at the (width, height) it was encoded at. Raises TextsketchError if it has another shape."""
    width, height = picture.size
    scale = max(size) / max(width, height)
    if max(abs(width * scale - size[0]), abs(height * scale - size[1])) > 1:
        raise TextsketchError(
            f"the picture is {width} x {height} pixels, but the file holds one of {size[0]} x {size[1]}; name "
            "the picture the file was made from"
        )
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def check_png(out: str, *sources: str) -> None:
    """Raise TextsketchError if `out` is no name of a PNG file, or one of the files it is made of."""
    for source in sources:
        if os.path.exists(out) and os.path.exists(source) and os.path.samefile(out, source):
            raise TextsketchError(f"{out} is the input; name another file to write")
    if not out.lower().endswith(".png"):
        raise TextsketchError(f"cannot write {out}: it is to be a PNG file; use the suffix .png")


COMMANDS = (
    Command("link", "write a .tsk file as a link that opens its picture", _add_link, _link),
    Command("qr", "write a .tsk file as a QR code that opens its picture", _add_qr, _qr),
    Command(
        "slide",
        "draw a picture beside its .tsk file and a JPEG, as a slide",
        _add_slide,
        _slide,
    ),
)
