"""What a result can be taken along as besides its files: a link, QR codes, a slide."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from pathlib import Path

import gradio as gr

from textsketch.errors import LinkError
from textsketch.share.code import Code, link_code, raw_code
from textsketch.share.link import MAX_FILE_BYTES, link_of
from textsketch.web import html
from textsketch.web.controls import PRIVATE
from textsketch.web.pictures import address
from textsketch.web.results import Result

_ANYWHERE = "https://textsketch.invalid/"
_HERE = "(shown, here) => [shown, window.textsketch.here()]"


def copy_link(result: Result) -> str:
    """The button that copies the link to a result; page.js puts its own address in front."""
    if len(result.data) > MAX_FILE_BYTES:
        return html.note(f"Too large for a link, which carries {MAX_FILE_BYTES:,} bytes.")
    payload = link_of(result.data, _ANYWHERE).removeprefix(_ANYWHERE)
    text = escape(payload, quote=True)
    return f'<button type="button" class="ts-button" data-copy="{text}">Copy link</button>'


def codes_button(shown: gr.State, carried: gr.HTML) -> gr.Button:
    """Lay out the button that shows the QR codes of the result, in `carried`."""
    button = gr.Button("QR code", size="sm", elem_id="qr")
    here = gr.Textbox(visible=False)

    def make(result: Result | None, here: str) -> str:
        if result is None:
            return ""
        folder = Path(result.files["tsk"]).parent
        link = _figure(
            lambda: link_code(result.data, here),
            folder / "qr-link.png",
            "With a link: any phone's camera opens it",
        )
        alone = _figure(
            lambda: raw_code(result.data), folder / "qr-file.png", "The file alone: the Decode tab reads it"
        )
        return f'<div class="ts-codes">{link}{alone}</div>'

    button.click(make, [shown, here], carried, js=_HERE, **PRIVATE)
    return button


def _figure(make: Callable[[], Code], path: Path, title: str) -> str:
    try:
        code = make()
    except LinkError as error:
        return html.note(str(error))
    code.poster().save(path)
    source = escape(address(str(path)), quote=True)
    said = escape(f"{title}: {code.sentence}", quote=True)
    return (
        f'<figure><a href="{source}" download="{path.name}" title="Download">'
        f'<img src="{source}" alt="{said}"/></a><figcaption>{escape(title)}.</figcaption></figure>'
    )
