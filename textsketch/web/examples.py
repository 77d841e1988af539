"""The bundled pictures, to begin with at a click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr
import yaml
from gradio.components import Component
from gradio.events import Dependency
from PIL import Image, ImageOps

from textsketch.web.controls import on_any
from textsketch.web.pictures import data_address

_THUMBNAIL = (120, 80)
_CHOOSE_SCRIPT = """element.addEventListener('click', event => {
  const chosen = event.target.closest('[data-index]');
  if (!chosen) return;
  chosen.parentElement.dataset.chosen = chosen.dataset.index;
  trigger('select', {index: Number(chosen.dataset.index), value: null});
});"""


def example_captions(folder: Path) -> dict[str, str]:
    """The bundled pictures, path by path, with their captions."""
    captions = yaml.safe_load((folder / "captions.yaml").read_text(encoding="utf-8"))
    return {str(folder / name): caption for name, caption in captions.items()}


class Choosable:
    """Lays out elements that bear a data-index, side by side in one; a click chooses one."""

    def __init__(self, html: str, elem_id: str) -> None:
        self._elements = gr.HTML(html, js_on_load=_CHOOSE_SCRIPT, elem_id=elem_id)
        self._index = gr.Number(visible=False)
        self._last = f"Number(document.querySelector('#{elem_id} [data-chosen]').dataset.chosen)"

    def on_choice(
        self, listener: Callable[..., Any], inputs: Sequence[Component], outputs: Any
    ) -> Dependency:
        """Call `listener` with the index of the one chosen last, and the inputs, and return the step."""
        script = f"(_, ...inputs) => [{self._last}, ...inputs]"
        return on_any([self._elements.select], listener, [self._index, *inputs], outputs, js=script)


def gallery(captions: dict[str, str]) -> Choosable:
    """Lay out the pictures; the index of each is its place."""
    cells = "".join(
        f'<button type="button" class="ts-example" data-index="{index}" title="{escape(caption, quote=True)}">'
        f'<img src="{_thumbnail(path)}" alt="Example: {escape(caption, quote=True)}"/></button>'
        for index, (path, caption) in enumerate(captions.items())
    )
    return Choosable(f'<div class="ts-examples">{cells}</div>', "examples")


def _thumbnail(path: str) -> str:
    """A small picture as an address that holds it: eight requests fewer before the first view."""
    with Image.open(path) as picture:
        small = ImageOps.fit(picture.convert("RGB"), _THUMBNAIL, Image.Resampling.LANCZOS)
    return data_address(small, "WEBP", quality=70)
