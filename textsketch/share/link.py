"""A .tsk file in a link: the file itself is the link's last part, so that nothing has to be stored anywhere.

    link    = address ("?" | "&") "tsk=" payload    the demo, which may have other settings before it
            | address "#" payload                   a player in the browser: what follows # is never sent
    payload = base64url without padding | decimal digits, see `digits`

The first byte of a file of versions 0 to 5 makes base64url begin with a letter, so digits alone are digits.
"""

from __future__ import annotations

import base64
import os
import re
from urllib.parse import unquote, urlsplit

from textsketch import bitstream
from textsketch.errors import BitstreamError, LinkError, quoted
from textsketch.share.digits import bytes_of

MAX_FILE_BYTES = 3_000
"""Of a file in a link: what browsers, mail and chat pass on whole."""

ADDRESS_VARIABLE = "TEXTSKETCH_ADDRESS"
LOCAL_ADDRESS = "http://127.0.0.1:7860/player/#"
"""Where the demo is served by default, with the player beside it."""

_NAME = "tsk"
_MAX_ADDRESS = 1_000
_MAX_TEXT = 10_000  # an address and the digits of the largest file
_FIELD = re.compile(r"[?&]tsk=([^&#]*)")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


def default_address() -> str:
    """Where links lead if nobody says: $TEXTSKETCH_ADDRESS, or the player beside the demo on this machine."""
    return os.environ.get(ADDRESS_VARIABLE) or LOCAL_ADDRESS


def link_of(tsk: bytes, address: str) -> str:
    """The link that opens a .tsk file at `address`: `address?tsk=...`, or `address#...` if that ends in #.

    tsk: the file, at most `MAX_FILE_BYTES`. address: see `before_payload`.
    Raises LinkError if the file is too large or the address is none, BitstreamError if `tsk` is no .tsk file.
    """
    bitstream.read_header(tsk)
    if len(tsk) > MAX_FILE_BYTES:
        raise LinkError(
            f"the file has {len(tsk):,} bytes and a link carries at most {MAX_FILE_BYTES:,}; encode with a "
            f"budget of {MAX_FILE_BYTES}B or less, or send the .tsk file itself"
        )
    return before_payload(address) + base64.urlsafe_b64encode(tsk).rstrip(b"=").decode()


def before_payload(address: str) -> str:
    """A link to `address` up to where the file begins.

    address: of an app that runs textsketch, https://... or http://...; other settings in its query stay, a
    picture in it is left out. One that ends in # is a player's in the browser. Raises LinkError if it is none.
    """
    if not _is_address(address):
        raise LinkError(
            f"{quoted(address)} is no address a link can lead to; give one such as {LOCAL_ADDRESS} or "
            f"https://name.hf.space/, of at most {_MAX_ADDRESS:,} characters"
        )
    if address.endswith("#"):
        return address
    parts = urlsplit(address)
    others = [field for field in parts.query.split("&") if field and field.split("=")[0] != _NAME]
    return parts._replace(
        path=parts.path or "/", query="&".join([*others, f"{_NAME}="]), fragment=""
    ).geturl()


def _is_address(address: str) -> bool:
    if not isinstance(address, str) or len(address) > _MAX_ADDRESS:
        return False
    if not (address.isascii() and address.isprintable()) or " " in address:
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def is_of_this_machine(address: str) -> bool:
    """Whether an address leads nobody else to the app: 127.0.0.1, localhost and the like. Raises LinkError."""
    host = urlsplit(before_payload(address)).hostname or ""
    return (
        host == "localhost"
        or host.endswith(".localhost")
        or host.startswith("127.")
        or host in ("::1", "0.0.0.0")
    )


def is_link(text: str) -> bool:
    """Whether a text means to be a link with a file in it, rather than a file or its name; it may be broken."""
    text = text[:_MAX_ADDRESS].strip()
    return text.startswith(("#", "http://", "https://")) or _FIELD.search(text) is not None


def tsk_in(text: str) -> bytes:
    """The .tsk file in a link: `...?tsk=payload`, `...#payload`, or the payload alone.

    Raises LinkError if it holds none, or more than a link may, or it was cut or changed so that not even the
    caption is left; damage behind that is for `bitstream.salvage`.
    """
    if not isinstance(text, str) or len(text) > _MAX_TEXT:
        raise LinkError(f"a link of textsketch's is a text of at most {_MAX_TEXT:,} characters; give one")
    text = text.strip()
    field = _FIELD.search(text)
    payload = unquote(field[1] if field else text.rpartition("#")[2]).rstrip("=")
    if not _BASE64URL.fullmatch(payload):
        raise LinkError(
            "there is no picture in this link; it must end in ?tsk= or # and the file in base64url or digits, "
            "as Copy link and textsketch link write it"
        )
    try:
        data = _decoded(payload)
        bitstream.read_header(data)
    except (ValueError, BitstreamError):
        raise LinkError(
            "the picture in this link is cut or changed, or newer than this program; copy the whole link again, "
            "up to its last character"
        ) from None
    if len(data) > MAX_FILE_BYTES:
        raise LinkError(f"the link holds more than {MAX_FILE_BYTES:,} bytes; send the .tsk file itself")
    return data


def _decoded(payload: str) -> bytes:
    if payload.isdecimal():
        return bytes_of(payload)
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
