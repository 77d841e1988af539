"""The commands that make something of a .tsk file to take along; `COMMANDS` is their table."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textsketch.errors import TextsketchError
from textsketch.share.code import link_code, raw_code
from textsketch.share.link import ADDRESS_VARIABLE, default_address, is_of_this_machine, link_of
from textsketch.share.source import ACCEPTED, tsk_from

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Command:
    """A command: what --help says of it, its arguments, and what it does; that gives a record, and a line."""

    name: str
    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], tuple[dict[str, Any], str]]


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


def _link(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
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


def _qr(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    tsk = tsk_from(options.file)
    code = raw_code(tsk) if options.raw else link_code(tsk, options.address)
    write_png(code.poster(), options.out, options.file)
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


def write_png(picture: Image.Image, out: str, source: str) -> None:
    """Write a picture, but not over what it was made of. Raises TextsketchError."""
    if os.path.exists(out) and os.path.exists(source) and os.path.samefile(out, source):
        raise TextsketchError(f"{out} is the input; name another file to write")
    if not out.lower().endswith(".png"):
        raise TextsketchError(f"cannot write {out}: it is to be a PNG file; use the suffix .png")
    picture.save(out, optimize=True)


COMMANDS = (
    Command("link", "write a .tsk file as a link that opens its picture", _add_link, _link),
    Command("qr", "write a .tsk file as a QR code that opens its picture", _add_qr, _qr),
)
