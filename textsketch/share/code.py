"""A .tsk file as a QR code: with a link that any phone opens, or with the bytes of the file alone.

In a code with a link the address is text and the file decimal digits, each packed as tightly as QR codes can:
digits cost 0.4 % more than the bytes, base64 would cost 33 %.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from PIL import Image, ImageDraw

from textsketch import bitstream
from textsketch.errors import LinkError
from textsketch.share.digits import digits_of
from textsketch.share.lettering import fitted, font
from textsketch.share.link import before_payload

if TYPE_CHECKING:
    import segno

MAX_RAW_BYTES = 2_953
"""Of a file in the largest code, version 40, at error level L."""

QUIET_MODULES = 4
"""The white around a code, as the standard asks for it."""

_MAX_BITS = 23_648  # of version 40 at error level L
_COUNT_BITS = {"byte": 4 + 16, "numeric": 4 + 14}  # a segment's mode and length, in versions 27 to 40
_POSTER_PIXELS = 1200
_INK = (24, 24, 27)
_QUIET_INK = (82, 82, 91)


@dataclass(frozen=True, eq=False)
class Code:
    """A QR code of a .tsk file.

    version: 1 to 40; 17 + 4 x version modules a side. level: "L", "M", "Q" or "H", how much of it may be
    damaged. size_bytes: of the file. address: where its link leads, None in a code of the file's bytes alone.
    """

    version: int
    level: str
    size_bytes: int
    address: str | None
    symbol: segno.QRCode

    @property
    def modules(self) -> int:
        """Modules a side, with the quiet zone."""
        return 17 + 4 * self.version + 2 * QUIET_MODULES

    @property
    def sentence(self) -> str:
        """What the code holds and what it is, for people."""
        symbol = f"QR code version {self.version}, level {self.level}"
        return f"the picture itself, in {self.size_bytes:,} bytes · {symbol}"

    @property
    def invitation(self) -> str:
        """What to do with it, in two or three words."""
        return "Scan me" if self.address is not None else "Read me with textsketch"

    def picture(self, module_pixels: int) -> Image.Image:
        """The code in black on white with its quiet zone, `modules` x `module_pixels` a side; mode "L"."""
        file = io.BytesIO()
        self.symbol.save(file, kind="png", scale=module_pixels, border=QUIET_MODULES)
        return Image.open(file).convert("L")

    def poster(self) -> Image.Image:
        """The code about 1,200 pixels wide with `invitation` and `sentence` below, RGB: for slide or print."""
        module_pixels = max(6, _POSTER_PIXELS // self.modules)
        code = self.picture(module_pixels)
        lines = [
            (self.invitation, 64, _INK),
            (f"{self.sentence[0].upper()}{self.sentence[1:]}", 30, _QUIET_INK),
        ]
        if self.address is not None:
            lines.append((f"It opens at {urlsplit(self.address).netloc}", 30, _QUIET_INK))
        margin = QUIET_MODULES * module_pixels
        text_height = sum(round(1.5 * height) for _, height, _ in lines)
        poster = Image.new("RGB", (code.width, code.height + text_height + margin), "white")
        poster.paste(code)
        draw, top = ImageDraw.Draw(poster), code.height
        for text, height, ink in lines:
            text = fitted(text, height, code.width - 2 * margin)
            draw.text((code.width / 2, top), text, ink, font(text, height), anchor="ma")
            top += round(1.5 * height)
        return poster


def link_code(tsk: bytes, address: str) -> Code:
    """The code of a link to `address` with the file in it.

    tsk: the file. address: see `link.before_payload`.
    Raises LinkError if the address is none or the file does not fit beside it, saying how large a file does;
    BitstreamError if `tsk` is no .tsk file.
    """
    bitstream.read_header(tsk)
    before = before_payload(address)
    limit = max_link_bytes(address)
    if len(tsk) > limit:
        raise LinkError(
            f"the file has {len(tsk):,} bytes and the largest QR code holds {limit:,} beside this address; "
            f"encode with a budget of {limit}B or less"
            + (", or make a code of the file alone, without the link" if len(tsk) <= MAX_RAW_BYTES else "")
        )
    from segno import consts

    return _code([(before, consts.MODE_BYTE), (digits_of(tsk), consts.MODE_NUMERIC)], len(tsk), address)


def raw_code(tsk: bytes) -> Code:
    """The code of the file's bytes alone. Raises LinkError if it is too large, BitstreamError if it is none."""
    bitstream.read_header(tsk)
    if len(tsk) > MAX_RAW_BYTES:
        raise LinkError(
            f"the file has {len(tsk):,} bytes and the largest QR code holds {MAX_RAW_BYTES:,}; encode with a "
            "budget of qr or less"
        )
    from segno import consts

    return _code([(bytes(tsk), consts.MODE_BYTE)], len(tsk), None)


def max_link_bytes(address: str) -> int:
    """The largest file in bytes that fits into a code beside a link to `address`. Raises LinkError."""
    bits = _MAX_BITS - sum(_COUNT_BITS.values()) - 8 * len(before_payload(address))
    tens, rest = divmod(bits, 10)
    digits = 3 * tens + (2 if rest >= 7 else 1 if rest >= 4 else 0)
    fits = MAX_RAW_BYTES
    while len(digits_of(bytes(fits))) > digits:
        fits -= 1
    return fits


def _code(segments: Any, size_bytes: int, address: str | None) -> Code:
    import segno

    # Level L: more would mean smaller modules, and these, not damage, are what a camera misses.
    symbol = segno.make_qr(segments, error="L")
    assert isinstance(symbol.version, int) and symbol.error is not None
    return Code(symbol.version, symbol.error, size_bytes, address, symbol)
