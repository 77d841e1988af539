"""A server on this machine that speaks OpenAI's protocol, paints what prompts say, and fails as it is told."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from aiohttp import web
from PIL import Image

COLOURS = {
    "red": (200, 40, 40),
    "green": (60, 150, 60),
    "blue": (50, 90, 200),
    "yellow": (230, 210, 60),
    "white": (240, 240, 240),
    "black": (20, 20, 20),
}


def painting(prompt: str, size: tuple[int, int]) -> Image.Image:
    """A stripe of each colour that the prompt names, in its order; other prompts have a grey of their own."""
    words = [word.strip(",.") for word in prompt.lower().split()]
    named = [COLOURS[word] for word in words if word in COLOURS]
    if not named:
        named = [(hashlib.sha256(prompt.encode()).digest()[0],) * 3]
    row = np.array([named[column * len(named) // size[0]] for column in range(size[0])], np.uint8)
    return Image.fromarray(np.broadcast_to(row, (size[1], size[0], 3)).copy())


def png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def pictures_of(messages: list[dict[str, Any]]) -> list[Image.Image]:
    """The pictures of a conversation, as the server sees them."""
    found = []
    for message in messages:
        if isinstance(message["content"], list):
            for part in message["content"]:
                if part["type"] == "image_url":
                    data = base64.b64decode(part["image_url"]["url"].partition(",")[2])
                    found.append(Image.open(io.BytesIO(data)).convert("RGB"))
    return found


def text_of(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "\n".join(part.get("text", "") for part in content)


@dataclass
class Fault:
    """An answer that is none: a status with a body, or silence. json_body is sent as JSON."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    silent: bool = False
    drips: bool = False
    breaks_off: bool = False


@dataclass
class ApiServer:
    """answers: what the model says, one after the other, the last for ever; or a function of the messages.

    faults: played before anything is answered, one a request. key: that has to be given, "" for none.
    gives: "b64_json" or "url". picture: what is painted, a function of prompt and size. takes_format: whether
    response_format may be asked for. requests: (route, authorization, fields) of all that was asked.
    """

    answers: list[str] | Callable[[list[dict[str, Any]]], str] = field(default_factory=lambda: ["a red barn"])
    faults: list[Fault] = field(default_factory=list)
    key: str = ""
    gives: str = "b64_json"
    picture_url: str = ""
    takes_format: bool = True
    paints: Callable[[str, tuple[int, int]], bytes] = lambda prompt, size: png(painting(prompt, size))
    b64: str | None = None
    requests: list[tuple[str, str | None, dict[str, Any]]] = field(default_factory=list)
    url: str = ""
    dropped: threading.Event = field(default_factory=threading.Event)
    asked: threading.Event = field(default_factory=threading.Event)
    _painted: dict[str, bytes] = field(default_factory=dict)

    def routes(self) -> list[str]:
        return [route for route, _, _ in self.requests]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        route = request.path.removeprefix("/v1")
        fields: dict[str, Any] = {}
        if request.content_type == "application/json":
            fields = await request.json()
        elif request.content_type == "multipart/form-data":
            for name, value in (await request.post()).items():
                fields[name] = value.file.read() if isinstance(value, web.FileField) else value
        self.requests.append((route, request.headers.get("Authorization"), fields))
        self.asked.set()
        if self.faults:
            fault = self.faults.pop(0)
            if fault.silent:
                try:
                    await asyncio.sleep(60)
                finally:
                    self.dropped.set()
            if fault.drips:
                response = web.StreamResponse(headers={"Content-Type": "application/json"})
                await response.prepare(request)
                try:
                    for _ in range(600):
                        await response.write(b" ")
                        await asyncio.sleep(0.1)
                finally:
                    self.dropped.set()
            if fault.breaks_off:
                response = web.StreamResponse(headers={"Content-Type": "application/json"})
                response.content_length = len(fault.body) + 1000
                await response.prepare(request)
                await response.write(fault.body.encode())
                request.transport.close()
                return response
            return web.Response(
                status=fault.status, text=fault.body, headers=fault.headers, content_type=fault.content_type
            )
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return failure(401, {"message": "Incorrect API key provided", "code": "invalid_api_key"})
        if route == "/models":
            return web.json_response({"object": "list", "data": [{"id": "eye"}, {"id": "brush"}]})
        if route == "/chat/completions":
            messages = fields["messages"]
            said = self.answers(messages) if callable(self.answers) else self.answers[0]
            if not callable(self.answers) and len(self.answers) > 1:
                self.answers.pop(0)
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
            return web.json_response({"id": "1", "object": "chat.completion", "choices": [choice]})
        if route in ("/images/generations", "/images/edits"):
            return self._image(fields)
        if route.startswith("/files/"):
            return web.Response(body=self._painted[route.removeprefix("/files/")], content_type="image/png")
        return failure(404, {"message": "no such route"})

    def _image(self, fields: dict[str, Any]) -> web.Response:
        if "response_format" in fields and not self.takes_format:
            return failure(
                400, {"message": "Unknown parameter: 'response_format'.", "code": "unknown_parameter"}
            )
        width, height = map(int, fields["size"].split("x"))
        data = self.paints(fields["prompt"], (width, height))
        if self.gives == "url":
            self._painted["picture.png"] = data
            return web.json_response({"data": [{"url": self.picture_url or f"{self.url}/files/picture.png"}]})
        text = base64.b64encode(data).decode() if self.b64 is None else self.b64
        return web.json_response({"data": [{"b64_json": text}]})


def failure(status: int, error: Any) -> web.Response:
    return web.json_response({"error": error}, status=status)


def fault(status: int, error: Any = "trouble", **headers: str) -> Fault:
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault(status, json.dumps({"error": error}), headers)


@contextlib.contextmanager
def serve(server: ApiServer) -> Iterator[ApiServer]:
    """Run the server at an ephemeral port until the block ends; server.url is its base."""
    ready = threading.Event()
    loop = asyncio.new_event_loop()

    async def start() -> web.AppRunner:
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_route("*", "/{path:.*}", server.handle)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
        ready.set()
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(start())
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(30)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
