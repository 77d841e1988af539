"""A folder that shows one encoded picture: the file, its layers, what it decodes to, and its baselines."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from textsketch.measure.baselines.search import Baseline
from textsketch.measure.baselines.table import FORMATS
from textsketch.measure.evaluation.contact_sheet import wrap
from textsketch.measure.metrics.pixels import PSNR
from textsketch.measure.report import Report, make_report
from textsketch.pipeline import Decoded, Encoded

_PANEL_HEIGHT = 512
_GAP = 16
_INK = (24, 24, 27)
_QUIET_INK = (113, 113, 122)


def save_comparison(
    folder: Path,
    picture: Image.Image,
    encoded: Encoded,
    decoded: Decoded,
    baselines: list[Baseline],
    *,
    notes: tuple[str, ...] = (),
    plain: Image.Image | None = None,
) -> Report:
    """Write into `folder`, which exists, and return the report; notes: see `image.reading.Picture`.

    plain: what `decoded` is without what a network added to it, if it did.
    picture.tsk, original.png, decoded.png, plain.png if there is one, caption.txt, sketch.png and colour_map.png
    where the file has these layers, jpeg.jpg and the like for each baseline, report.json, side_by_side.png.
    """
    report = make_report(picture, encoded, decoded.image, baselines, notes=notes)
    (folder / "picture.tsk").write_bytes(encoded.data)
    (folder / "caption.txt").write_text(decoded.layers.semantic.caption + "\n", encoding="utf-8")
    (folder / "report.json").write_text(
        json.dumps(report.as_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    picture.save(folder / "original.png")
    decoded.image.save(folder / "decoded.png")
    if plain is not None:
        plain.save(folder / "plain.png")
    for name, image in layer_pictures(decoded).items():
        image.save(folder / f"{name}.png")
    for baseline in baselines:
        (folder / f"{baseline.codec}.{baseline.extension}").write_bytes(baseline.data)
    side_by_side(picture, decoded, report, baselines).save(folder / "side_by_side.png")
    return report


def layer_pictures(decoded: Decoded) -> dict[str, Image.Image]:
    """The sketch and the colour map, where the layers have them, as pictures for people."""
    from textsketch.structure import kinds
    from textsketch.texture import colour_map

    layers = decoded.layers
    pictures = {}
    if layers.structure is not None:
        pictures["sketch"] = Image.fromarray(kinds.preview(layers.structure, layers.size))
    if layers.texture is not None:
        pictures["colour_map"] = Image.fromarray(colour_map.preview(layers.texture, layers))
    return pictures


def side_by_side(
    picture: Image.Image, decoded: Decoded, report: Report, baselines: list[Baseline]
) -> Image.Image:
    """One picture for a slide: original, decoded and baselines in a row, each with its bytes and PSNR."""
    rate = f"{report.size_bytes:,} bytes, {report.rate_bpp:.4f} bpp, {_psnr(report.quality)}"
    panels = [
        (picture, "Original", f"{picture.width} x {picture.height} pixels"),
        (decoded.image, f"textsketch, {report.mode}", f"{rate}. {decoded.invented or ''}"),
    ]
    for baseline, figures in zip(baselines, report.baselines, strict=True):
        title = f"{FORMATS[baseline.codec].title}, {baseline.size_bytes:,} bytes"
        panels.append((baseline.image, title, f"{baseline.label}, {_psnr(figures.quality)}"))
    return _row_of_panels(panels)


def _psnr(quality: dict[str, float | None]) -> str:
    return f"{PSNR.title} {PSNR.show(quality[PSNR.name])}"


def _row_of_panels(panels: list[tuple[Image.Image, str, str]]) -> Image.Image:
    width = max(240, round(_PANEL_HEIGHT * panels[0][0].width / panels[0][0].height))
    title_font, text_font = ImageFont.load_default(24), ImageFont.load_default(16)
    caption_height = 96
    sheet = Image.new(
        "RGB",
        (len(panels) * (width + _GAP) + _GAP, _PANEL_HEIGHT + caption_height + 2 * _GAP),
        (255, 255, 255),
    )
    draw = ImageDraw.Draw(sheet)
    for index, (image, title, text) in enumerate(panels):
        left = _GAP + index * (width + _GAP)
        shown = image.copy()
        shown.thumbnail((width, _PANEL_HEIGHT), Image.Resampling.LANCZOS)
        if shown.width < width and shown.height < _PANEL_HEIGHT:
            factor = min(width / shown.width, _PANEL_HEIGHT / shown.height)
            shown = image.resize(
                (max(1, round(image.width * factor)), max(1, round(image.height * factor))),
                Image.Resampling.BICUBIC,
            )
        sheet.paste(shown, (left + (width - shown.width) // 2, _GAP + (_PANEL_HEIGHT - shown.height) // 2))
        top = _PANEL_HEIGHT + 2 * _GAP
        draw.text((left, top), title, _INK, title_font)
        for number, line in enumerate(wrap(text, text_font, width)):
            draw.text((left, top + 32 + 20 * number), line, _QUIET_INK, text_font)
    return sheet
