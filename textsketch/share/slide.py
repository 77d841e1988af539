"""One picture for a presentation: original, textsketch and JPEG in a row, the layers and a QR code below."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageDraw

from textsketch import bitstream
from textsketch.errors import LinkError
from textsketch.layers import LAYER_WORDS, Layers, Mode
from textsketch.measure.baselines.search import show
from textsketch.measure.comparison import layer_pictures
from textsketch.measure.report import layer_bytes
from textsketch.pipeline import Decoded, paint_plain
from textsketch.share.code import QUIET_MODULES, Code, link_code, raw_code
from textsketch.share.lettering import fitted, font, is_writable, wrapped
from textsketch.share.link import is_of_this_machine

SIZE = (1920, 1080)

_MARGIN, _GAP = 72, 36
_COLUMN = (SIZE[0] - 2 * _MARGIN - 2 * _GAP) // 3
_TITLE_TOP, _TITLE_HEIGHT = 44, 42
_ROW_TOP, _ROW_HEIGHT = 152, 379
_LAYERS_TOP, _LAYER_SIZE = 684, (366, 244)
_CODE_SIDE, _LEAST_MODULE = 400, 3
_INK, _QUIET_INK, _LINE = (24, 24, 27), (82, 82, 91), (228, 228, 231)


@dataclass(frozen=True, eq=False)
class _Panel:
    image: Image.Image
    title: str
    figure: str
    note: str


def slide(
    original: Image.Image,
    painted: Image.Image,
    tsk: bytes,
    jpeg: bytes,
    *,
    invented: str | None = None,
    address: str | None = None,
) -> Image.Image:
    """The slide, RGB, `SIZE` pixels: dark text on white.

    original: what was encoded. painted: what `tsk` decodes to. jpeg: the JPEG file to stand beside it, as
    `measure.baselines.search.best_within` finds it. invented: the sentence of `pipeline.Decoded`.
    address: of the app, see `link.before_payload`; the code leads there, and is of the file alone where nobody
    else could reach it or there is none. A file too large for a code that a camera reads on a slide has none.
    Raises BitstreamError if `tsk` is damaged.
    """
    layers = bitstream.unpack(tsk)
    sheet = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(sheet)
    _draw_title(draw, layers, len(tsk))
    for number, panel in enumerate(_panels(original, painted, layers, tsk, jpeg)):
        _draw_panel(sheet, draw, panel, _MARGIN + number * (_COLUMN + _GAP))
    _draw_layers(sheet, draw, layers, tsk)
    code = _code(tsk, address)
    if code is not None:
        _draw_code(sheet, draw, code)
    if invented is not None:
        text = fitted(invented, 20, 2 * _COLUMN + _GAP)
        draw.text((_MARGIN, SIZE[1] - 46), text, _QUIET_INK, font(text, 20))
    return sheet


def _draw_title(draw: ImageDraw.ImageDraw, layers: Layers, size_bytes: int) -> None:
    caption = "".join(c if c.isprintable() else " " for c in layers.semantic.caption).strip()
    title = f"“{caption}”" if caption and is_writable(caption) else f"A picture in {size_bytes:,} bytes"
    lines = wrapped(title, _TITLE_HEIGHT, SIZE[0] - 2 * _MARGIN, 2)
    height = _TITLE_HEIGHT if len(lines) == 1 else round(0.8 * _TITLE_HEIGHT)
    if len(lines) > 1:
        lines = wrapped(title, height, SIZE[0] - 2 * _MARGIN, 2)
    for number, line in enumerate(lines):
        top = _TITLE_TOP + (12 if len(lines) == 1 else 0) + round(1.25 * height) * number
        draw.text((_MARGIN, top), line, _INK, font(line, height))


def _panels(
    original: Image.Image, painted: Image.Image, layers: Layers, tsk: bytes, jpeg: bytes
) -> tuple[_Panel, _Panel, _Panel]:
    width, height = layers.size
    pixels = width * height

    def figure(size_bytes: int) -> str:
        return f"{size_bytes:,} bytes"

    def rate(size_bytes: int) -> str:
        bpp = 8 * size_bytes / pixels
        return f"{bpp:.4f} bpp" if bpp < 0.1 else f"{bpp:.2f} bpp"

    title, more, times = "JPEG of the same size", "", len(jpeg) / len(tsk)
    if times > 1:
        digits = 0 if times >= 10 else 1 if times >= 1.1 else 2
        title, more = "The smallest JPEG", f", {times:,.{digits}f} times larger"
    return (
        _Panel(original, "Original", figure(3 * pixels), f"{width} x {height} pixels, 24 bpp uncompressed"),
        _Panel(painted, "textsketch", figure(len(tsk)), f"{rate(len(tsk))}, {layers.mode}"),
        _Panel(show("jpeg", jpeg, original.size), title, figure(len(jpeg)), f"{rate(len(jpeg))}{more}"),
    )


def _draw_panel(sheet: Image.Image, draw: ImageDraw.ImageDraw, panel: _Panel, left: int) -> None:
    _paste(sheet, panel.image, (left, _ROW_TOP, left + _COLUMN, _ROW_TOP + _ROW_HEIGHT))
    top = _ROW_TOP + _ROW_HEIGHT + 12
    draw.text((left, top), panel.title, _INK, font(panel.title, 30))
    draw.text((left + _COLUMN, top), panel.figure, _INK, font(panel.figure, 30), anchor="ra")
    text = fitted(panel.note, 24, _COLUMN)
    draw.text((left, top + 42), text, _QUIET_INK, font(text, 24))


def _draw_layers(sheet: Image.Image, draw: ImageDraw.ImageDraw, layers: Layers, tsk: bytes) -> None:
    sizes = layer_bytes(tsk)
    words = layers.reduced_to(Mode.TEXT_ONLY)
    pictures = [paint_plain(words, size=_inside(layers.size, _LAYER_SIZE))]
    pictures += layer_pictures(Decoded(pictures[0], layers)).values()
    left = _MARGIN
    for image, (name, title) in zip(pictures, LAYER_WORDS.items(), strict=False):
        width, height = _LAYER_SIZE
        _paste(sheet, image, (left, _LAYERS_TOP, left + width, _LAYERS_TOP + height))
        top = _LAYERS_TOP + height + 8
        draw.text((left, top), title, _QUIET_INK, font(title, 24))
        figure = f"{sizes[name]:,} bytes"
        draw.text((left + width, top), figure, _QUIET_INK, font(figure, 24), anchor="ra")
        left += width + _GAP


def _code(tsk: bytes, address: str | None) -> Code | None:
    try:
        local = address is None or is_of_this_machine(address)
        code = raw_code(tsk) if address is None or local else link_code(tsk, address)
    except LinkError:
        return None
    return code if code.modules * _LEAST_MODULE <= _CODE_SIDE else None


def _draw_code(sheet: Image.Image, draw: ImageDraw.ImageDraw, code: Code) -> None:
    module_pixels = _CODE_SIDE // code.modules
    picture, quiet = code.picture(module_pixels), QUIET_MODULES * module_pixels
    column = _MARGIN + 2 * (_COLUMN + _GAP)
    sheet.paste(picture, (column - quiet, _LAYERS_TOP - quiet))
    left = column + picture.width - quiet
    width = column + _COLUMN - left
    top = _LAYERS_TOP
    for text, height, ink in ((code.invitation, 30, _INK), (code.sentence, 24, _QUIET_INK)):
        for line in wrapped(text[0].upper() + text[1:], height, width, 6):
            draw.text((left, top), line, ink, font(line, height))
            top += round(1.25 * height)
        top += 12


def _paste(sheet: Image.Image, image: Image.Image, box: tuple[int, int, int, int]) -> None:
    """The image as large as fits into the box, at its lower left, with a fine line around it."""
    left, top, right, bottom = box
    width, height = _inside(image.size, (right - left, bottom - top))
    top = bottom - height
    sheet.paste(image.convert("RGB").resize((width, height), Image.Resampling.LANCZOS), (left, top))
    ImageDraw.Draw(sheet).rectangle((left - 1, top - 1, left + width, bottom), outline=_LINE)


def _inside(size: tuple[int, int], most: tuple[int, int]) -> tuple[int, int]:
    """The largest (width, height) of the same shape within `most`."""
    factor = min(most[0] / size[0], most[1] / size[1])
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))
