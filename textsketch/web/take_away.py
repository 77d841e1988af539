"""What a result can be taken along as besides its files: a link, QR codes, a slide."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from html import escape
from typing import Protocol

import gradio as gr

from textsketch.errors import LinkError
from textsketch.share.code import Code, link_code, raw_code
from textsketch.share.link import MAX_FILE_BYTES, is_of_this_machine, link_of
from textsketch.web import html
from textsketch.web.controls import PRIVATE, WORK, Updates, follow, owner
from textsketch.web.jobs import Jobs
from textsketch.web.pictures import address, data_address
from textsketch.web.player import address_of
from textsketch.web.results import Result, Results

_ANYWHERE = "https://textsketch.invalid/"
_HERE = "(shown, here) => [shown, window.textsketch.here()]"


class Carried(Protocol):
    """What is taken along."""

    @property
    def data(self) -> bytes:
        """The .tsk file."""

    @property
    def files(self) -> dict[str, str]:
        """Paths by name; "tsk" is that of the file."""


def copy_link(carried: Carried) -> str:
    """The button that copies the link to a file in the player; page.js puts its own address in front."""
    if len(carried.data) > MAX_FILE_BYTES:
        return html.note(f"Too large for a link, which carries {MAX_FILE_BYTES:,} bytes.")
    relative = link_of(carried.data, address_of(_ANYWHERE)).removeprefix(_ANYWHERE)
    text = escape(relative, quote=True)
    return f'<button type="button" class="ts-button" data-copy="{text}">Copy link</button>'


def code_button(shown: gr.State, carried: gr.HTML, elem_id: str) -> gr.Button:
    """Lay out the button that shows QR codes of what is shown, a `Carried`, in `carried`."""
    code = gr.Button("QR code", size="sm", elem_id=elem_id)
    here = gr.Textbox(visible=False)

    def codes(shown: Carried | None, here: str) -> str:
        if shown is None:
            return ""
        link = _figure(lambda: link_code(shown.data, address_of(here)), "qr-link.png", _with_link(here))
        alone = _figure(
            lambda: raw_code(shown.data), "qr-file.png", "The file alone: the Decode tab reads it"
        )
        return f'<div class="ts-codes">{link}{alone}</div>'

    code.click(codes, [shown, here], carried, js=_HERE, **PRIVATE)
    return code


def slide_button(jobs: Jobs, results: Results, shown: gr.State, carried: gr.HTML) -> gr.Button:
    """Lay out the button that shows a slide of the result, in `carried`."""
    slide = gr.Button("Slide", size="sm", elem_id="slide")
    here = gr.Textbox(visible=False)

    def slides(request: gr.Request, result: Result | None, here: str) -> Iterator[Updates]:
        if result is None:
            yield {carried: ""}
            return
        yield from follow(
            jobs.run(
                owner(request, "slide"),
                lambda report: results.slide(result, address_of(here), report),
            ),
            carried,
            lambda path: {carried: _slide(path)},
            failed=lambda sentence: {},
            cancelled=lambda: {carried: ""},
        )

    slide.click(slides, [shown, here], carried, js=_HERE, **WORK)
    return slide


def _with_link(here: str) -> str:
    """The title of a code that leads to the app at an address."""
    with contextlib.suppress(LinkError):
        if is_of_this_machine(here):
            return "With a link, which opens on this machine only"
    return "With a link: any phone's camera opens it"


def _figure(make: Callable[[], Code], name: str, title: str) -> str:
    """A code within the page: the result's folder is all visitors', the address in it is this one's."""
    try:
        code = make()
    except LinkError as error:
        return html.note(str(error))
    return _download(data_address(code.poster(), "PNG"), title, name, code.sentence)


def _slide(path: str) -> str:
    figure = _download(address(path), "A slide for a presentation", "slide.png")
    return f'<div class="ts-slide">{figure}</div>'


def _download(source: str, title: str, name: str, more: str = "") -> str:
    """A picture to look at and to take home, by its address."""
    source = escape(source, quote=True)
    alt = escape(f"{title}: {more}" if more else title, quote=True)
    return (
        f'<figure><figcaption>{escape(title)}.</figcaption><a href="{source}" download="{name}">'
        f'<img src="{source}" alt="{alt}"/><span>Download {escape(name)}</span></a></figure>'
    )
