"""The bundled pictures, to begin with at a click."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path

import gradio as gr
import yaml
from PIL import Image, ImageOps

_THUMBNAIL = (120, 80)
CHOOSE_SCRIPT = """element.addEventListener('click', event => {
  const chosen = event.target.closest('[data-index]');
  if (chosen) trigger('select', {index: Number(chosen.dataset.index), value: null});
});"""
"""Makes a click on what bears a data-index a selection."""


def example_captions(folder: Path) -> dict[str, str]:
    """The bundled pictures, path by path, with their captions."""
    captions = yaml.safe_load((folder / "captions.yaml").read_text(encoding="utf-8"))
    return {str(folder / name): caption for name, caption in captions.items()}


def gallery(captions: dict[str, str]) -> gr.HTML:
    """Lay out the pictures; what is selected has the index of its picture."""
    cells = "".join(
        f'<button type="button" class="ts-example" data-index="{index}" title="{escape(caption, quote=True)}">'
        f'<img src="{_thumbnail(path)}" alt="Example: {escape(caption, quote=True)}"/></button>'
        for index, (path, caption) in enumerate(captions.items())
    )
    return gr.HTML(f'<div class="ts-examples">{cells}</div>', js_on_load=CHOOSE_SCRIPT, elem_id="examples")


def _thumbnail(path: str) -> str:
    """A small picture as an address that holds it: eight requests fewer before the first view."""
    with Image.open(path) as picture:
        small = ImageOps.fit(picture.convert("RGB"), _THUMBNAIL, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    small.save(file, "WEBP", quality=70)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
