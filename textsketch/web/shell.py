"""The page's frame as it is served: what a shared link shows of it, and fewer bytes on the line."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from textsketch.web.edit_stage import SCRIPT

TITLE = "textsketch"
SUMMARY = "A picture, sent in the space of a sentence: as a caption, a line drawing and a map of its colours."
CARD = "card.png"
"""Where the picture is served that a shared link shows."""
_EDITOR = Path(__file__).with_name(SCRIPT)

_BODY = re.compile(r"<body\b[^>]*>")
_PREVIEW_TAGS = re.compile(r'\s*<meta\s+(?:property|name)="(?:og|twitter):[^>]*>')


class Shell:
    """ASGI middleware: rewrites the page's frame on its way out, and compresses it, which Gradio does not.

    card: gives the picture, a PNG, for services that show what a link leads to; None while there is none.
    first_paint: gives what is seen until the page's scripts are there, HTML.
    """

    def __init__(
        self, app: ASGIApp, card: Callable[[], bytes | None], first_paint: Callable[[], str]
    ) -> None:
        self._app, self._card, self._first_paint = app, card, first_paint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; of the page itself the answer is held until it is whole."""
        if scope["type"] == "http" and scope["path"] == f"/{CARD}":
            picture = self._card()
            answer = (
                Response(picture, media_type="image/png") if picture else PlainTextResponse("not yet", 404)
            )
            await answer(scope, receive, send)
            return
        if scope["type"] == "http" and scope["path"] == f"/{SCRIPT}":
            headers = {"cache-control": "no-cache"}  # asks each time whether it is still the same
            await FileResponse(_EDITOR, media_type="text/javascript", headers=headers)(scope, receive, send)
            return
        if scope["type"] != "http" or scope["path"] not in ("", "/"):
            await self._app(scope, receive, send)
            return
        start: Message = {}
        parts: list[bytes] = []

        async def hold(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                body = b"".join(parts)
                headers = MutableHeaders(raw=start["headers"])
                if headers.get("content-type", "").startswith("text/html"):
                    body = self._rewritten(body.decode(), scope).encode()
                    if "gzip" in Headers(scope=scope).get("accept-encoding", ""):
                        body = gzip.compress(body, 6)
                        headers["content-encoding"] = "gzip"
                    headers.add_vary_header("accept-encoding")
                    headers["content-length"] = str(len(body))
                await send(start)
                await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, hold)

    def _rewritten(self, page: str, scope: Scope) -> str:
        request = Request(scope)
        forwarded = request.headers.get("x-forwarded-proto", "").split(",")[0]
        scheme = forwarded if forwarded in ("http", "https") else request.url.scheme
        host = request.headers.get("x-forwarded-host", request.headers.get("host", request.url.netloc))
        here = f"{scheme}://{host}{request.scope.get('root_path', '')}/"
        tags = {
            "og:title": TITLE,
            "og:type": "website",
            "og:url": here,
            "og:description": SUMMARY,
            "og:image": here + CARD,
            "twitter:card": "summary_large_image",
            "description": SUMMARY,
        }
        metas = "".join(
            f'<meta {"property" if name.startswith("og:") else "name"}="{name}" '
            f'content="{escape(value, quote=True)}" />'
            for name, value in tags.items()
        )
        page = _PREVIEW_TAGS.sub("", page).replace("<head>", f"<head>{metas}", 1)
        return _BODY.sub(lambda body: body[0] + self._first_paint(), page, count=1)
