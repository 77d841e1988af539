"""The commands that make something of a .tsk file to take along; `COMMANDS` is their table."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textsketch.share.link import ADDRESS_VARIABLE, default_address, link_of
from textsketch.share.source import ACCEPTED, tsk_from


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
        help="the app or Space the link leads to; one that ends in # gets the file behind it, for a player in "
        f"the browser (default: what {ADDRESS_VARIABLE} says, now %(default)s)",
    )


def _add_link(parser: argparse.ArgumentParser) -> None:
    _add_source(parser)
    _add_address(parser)


def _link(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    tsk = tsk_from(options.file)
    link = link_of(tsk, options.address)
    return {"link": link, "size_bytes": len(tsk), "characters": len(link)}, link


COMMANDS = (Command("link", "write a .tsk file as a link that opens its picture", _add_link, _link),)
