"""Contact sheets: many decodes of one or several pictures in one PNG, each with its bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

_GAP = 12
_TITLE_HEIGHT, _TEXT_HEIGHT = 24, 36
_INK, _QUIET_INK, _PAPER, _EMPTY = (24, 24, 27), (113, 113, 122), (255, 255, 255), (244, 244, 245)


@dataclass(frozen=True, eq=False)
class Tile:
    """A picture with a title and a line of text. image None leaves its place empty."""

    image: Image.Image | None
    title: str
    text: str


def contact_sheet(rows: Sequence[Sequence[Tile]], heading: str = "", *, tile_width: int = 288) -> Image.Image:
    """Lay tiles out in rows on white. Each row is as high as its highest picture at `tile_width` pixels."""
    title_font, text_font = ImageFont.load_default(15), ImageFont.load_default(12)
    columns = max(len(row) for row in rows)
    heights = [
        max(
            (_height(tile.image, tile_width) for tile in row if tile.image is not None),
            default=tile_width // 2,
        )
        for row in rows
    ]
    caption_height = _TITLE_HEIGHT + _TEXT_HEIGHT
    width = columns * (tile_width + _GAP) + _GAP
    heading_lines = wrap(heading, text_font, width - 2 * _GAP) if heading else []
    top = _GAP + 16 * len(heading_lines)
    sheet = Image.new("RGB", (width, top + sum(heights) + len(rows) * (caption_height + _GAP)), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(heading_lines):
        draw.text((_GAP, _GAP // 2 + 16 * number), line, _QUIET_INK, text_font)
    for row, height in zip(rows, heights, strict=True):
        for column, tile in enumerate(row):
            left = _GAP + column * (tile_width + _GAP)
            if tile.image is None:
                draw.rectangle((left, top, left + tile_width - 1, top + height - 1), _EMPTY)
            else:
                size = (tile_width, _height(tile.image, tile_width))
                sheet.paste(tile.image.resize(size, Image.Resampling.LANCZOS), (left, top))
            draw.text((left, top + height + 4), tile.title, _INK, title_font)
            for number, line in enumerate(wrap(tile.text, text_font, tile_width)[:2]):
                draw.text((left, top + height + _TITLE_HEIGHT + 15 * number), line, _QUIET_INK, text_font)
        top += height + caption_height + _GAP
    return sheet


def wrap(text: str, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Break a text into lines of at most `width` pixels; a longer word stands alone."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _height(image: Image.Image, width: int) -> int:
    return max(1, min(2 * width, round(image.height * width / image.width)))
