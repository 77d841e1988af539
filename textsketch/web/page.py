"""The app as Gradio serves it, with one door: what comes in is checked, what goes wrong is one sentence."""

from __future__ import annotations

import itertools
import logging
import math
import re
import sys
from typing import Any

import gradio as gr
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from textsketch.errors import TextsketchError
from textsketch.web.commands import MALFORMED, without_folders
from textsketch.web.controls import TURN
from textsketch.web.intake import Intake
from textsketch.web.workers import UNFORESEEN
from textsketch.web.workspace import Workspace

_LONGEST_TEXT = 50_000
"""Characters of a text field; a caption may have 4,096 bytes, a link a few thousand characters."""
FULL = "many people are here just now, and all places to wait are taken: try again in a minute"


class Page(gr.Blocks):
    """Blocks whose functions get no file the visitor may not hand over, and whose errors tell nothing.

    Every call of a function of the page or of the API, by whichever route, goes through `process_api`.
    """

    def __init__(self, workspace: Workspace, **options: Any) -> None:
        super().__init__(**options)
        self._intake = Intake(workspace, self.upload_file_set)

    def queue(self, **options: Any) -> Page:  # type: ignore[override]
        """See gr.Blocks. Who finds the queue full or asks for what is no function is told so in a sentence."""
        super().queue(**options)
        push, turns = self._queue.push, itertools.count()

        async def push_or_tell(body: Any, request: Any, *others: Any, **more: Any) -> Any:
            # Gradio begins what is asked for in about that order.
            setattr(request.state, TURN, next(turns))
            if body.fn_index is not None and body.fn_index not in self.fns:
                return False, MALFORMED, "error"
            accepted, said, kind = await push(body, request, *others, **more)
            return accepted, FULL if kind == "queue_full" else said, kind

        self._queue.push = push_or_tell  # type: ignore[method-assign, assignment]
        return self

    async def process_api(  # type: ignore[override]
        self, block_fn: Any, inputs: Any, state: Any = None, event_data: Any = None, **call: Any
    ) -> dict[str, Any]:
        """Run a function for a visitor, whom `state` stands for. Raises gr.Error with a sentence only."""
        try:
            if block_fn.fn is None:  # the page alone calls these, in the browser
                raise TextsketchError(MALFORMED)
            inputs = self._intake.checked(inputs, state)
            if event_data is not None:
                event_data._data = self._intake.checked(event_data._data, state)
            if any(event == "select" for _, event in block_fn.targets):
                _check_selection(event_data)
            return await super().process_api(block_fn, inputs, state, event_data=event_data, **call)
        except gr.Error:
            raise
        except TextsketchError as error:
            raise gr.Error(without_folders(str(error)), print_exception=False) from None
        except Exception:
            logging.getLogger(__name__).exception("a call failed")
            raise gr.Error(UNFORESEEN, print_exception=False) from None

    async def preprocess_data(
        self, block_fn: Any, inputs: Any, state: Any, explicit_call: bool = False
    ) -> list[Any]:
        """Make what was sent ready for a function. What no control of the page sends is one sentence."""
        for component, value in zip(block_fn.inputs, inputs, strict=False):
            _check_value(component, value)
        try:
            return await super().preprocess_data(block_fn, inputs, state, explicit_call)
        except Exception as error:
            raise TextsketchError(MALFORMED) from error

    async def postprocess_data(self, block_fn: Any, predictions: Any, state: Any) -> list[Any]:
        """Make a function's values ready to be sent; the visitor may hand their files back."""
        data = await super().postprocess_data(block_fn, predictions, state)
        if state is not None:
            self._intake.hand_out(data, state)
        return data


def _check_value(component: Any, value: Any) -> None:
    """Raise TextsketchError for a value which a control cannot have, though Gradio may let it pass."""
    if isinstance(component, gr.Number | gr.Slider):
        if value is None and isinstance(component, gr.Number):  # an empty field
            return
        least = -math.inf if component.minimum is None else component.minimum
        most = math.inf if component.maximum is None else component.maximum
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not abs(value) <= sys.float_info.max:  # nor is NaN
            raise TextsketchError(MALFORMED)
        if not least <= value <= most:  # it can be typed
            bounds = f"from {least:g} to {most:g}".removesuffix(" to inf").removeprefix("from -inf ")
            raise TextsketchError(f"{component.label} must be a number {bounds}")
    elif isinstance(component, gr.Textbox | gr.Checkbox | gr.Radio | gr.Dropdown):
        if value is None and component.value is None:  # nothing chosen yet
            return
        kind = {gr.Textbox: str, gr.Checkbox: bool}.get(type(component), str | int | float)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise TextsketchError(MALFORMED)
        most = getattr(component, "max_length", None) or _LONGEST_TEXT  # a session keeps what it was sent
        if isinstance(value, str) and len(value) > most:
            raise TextsketchError(
                f"this text has {len(value):,} characters; {most:,} is all that is taken here"
            )


def _check_selection(event: Any) -> None:
    """Raise TextsketchError if an event does not say which item of a component was selected."""
    data = event._data if event is not None else None
    if not isinstance(data, dict):
        raise TextsketchError(MALFORMED)
    index = data.get("index")
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise TextsketchError(MALFORMED)
    data.setdefault("value", None)


_CLOSED = re.compile(
    r"/gradio_api/(?:file=(?!/)|proxy=|component_server|deep_link|dev/|process_recording|run-history|runs|vibe-)"
)


_LONGEST_ADDRESS = 16_000
_LONGEST_BODY = 4_000_000
"""Bytes of a call. Files come by themselves."""
_UPLOADS = "/gradio_api/upload"
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


class ClosedRoutes:
    """ASGI middleware: Gradio's routes that this app has no use for are not there.

    Among them are those by which the server fetches an address, keeps a page's state on its disk, or works on
    a film; of served files only paths are left, not addresses.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer 404 for a closed route, 414 for an endless address, 413 for an endless call; else pass on."""
        if scope["type"] == "http" and _CLOSED.search(scope["path"]):
            await PlainTextResponse("not found", 404)(scope, receive, send)
        elif scope["type"] == "http" and len(scope["path"]) + len(scope["query_string"]) > _LONGEST_ADDRESS:
            await PlainTextResponse("this address is too long; a link carries 3,000 bytes", 414)(
                scope, receive, send
            )
        elif (
            scope["type"] == "http" and scope["path"] != _UPLOADS and _announced_bytes(scope) > _LONGEST_BODY
        ):
            sentence = f"this call is too long; {_LONGEST_BODY:,} bytes are all that is taken here"
            while (await receive()).get("more_body"):  # who is still talking hears no answer
                pass
            await PlainTextResponse(sentence, 413)(scope, receive, send)
        else:
            await self._app(_with_sane_host(scope), receive, send)


def _announced_bytes(scope: Scope) -> float:
    """How long a request says it is; endless where it does not say, which no browser does."""
    headers = dict(scope["headers"])
    told = headers.get(b"content-length", b"0")
    return math.inf if b"transfer-encoding" in headers or not told.isdigit() else int(told)


def _with_sane_host(scope: Scope) -> Scope:
    """The request without a forwarded host that is none: Gradio takes it for an address."""
    headers = [
        (name, value)
        for name, value in scope.get("headers", [])
        if name != b"x-forwarded-host" or _HOST.fullmatch(value.decode("latin-1"))
    ]
    return {**scope, "headers": headers}
