"""The player in the browser, served beside the app: it shows a picture of a link or a code all by itself."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from textsketch.render.painter import brush, shading

PLACE = "player/"
"""Where the player lies below the app's address."""

BUILT = Path(__file__).resolve().parents[2] / "player/dist"
"""The built files; the networks it paints with are the package's own."""

_NETWORKS = (brush.FILE, shading.FILE)


def address_of(app: str | None) -> str:
    """Where links to pictures lead, given the app's own address, https://name.hf.space/ or the like.

    Of what is no address it makes none; `share.link` says so.
    """
    return f"{(app or '').rstrip('/')}/{PLACE}#"


class PlayerFiles:
    """ASGI middleware: answers below `PLACE` with the player's files, and with nothing else that lies there."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        networks = {file.name: StaticFiles(directory=file.parent) for file in _NETWORKS}
        built = StaticFiles(directory=BUILT)
        self._files = {file.name: built for file in BUILT.iterdir()} | networks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is not the player's."""
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(f"/{PLACE}"):
            await self._app(scope, receive, send)
            return
        name = scope["path"].removeprefix(f"/{PLACE}") or "index.html"
        if scope["path"] == f"/{PLACE}"[:-1]:
            await RedirectResponse(PLACE)(scope, receive, send)
        elif name not in self._files:
            await PlainTextResponse("not found", 404)(scope, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await PlainTextResponse("only to be read", 405)(scope, receive, send)
        else:
            answer = await self._files[name].get_response(name, scope)
            answer.headers["cache-control"] = "no-cache"  # asks each time whether it is still the same
            await answer(scope, receive, send)
