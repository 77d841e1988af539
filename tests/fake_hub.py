"""A small model hub on this machine: enough of the real one's interface to download from, and to lie."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from textsketch.models import weights, weights_list

COMMIT = "a" * 40
BODY = bytes(range(256)) * 4000  # about 1 MB


@dataclass
class FakeHub:
    """files: path -> bytes of the one repository.

    gated, broken: how it refuses. announces_hashes: whether files are named by their sha256, as large ones are.
    hold: of a body no more than `holds_after` bytes are sent before it is set. mute: nothing is answered before
    it is set. requests, ranges, tokens: what was asked, and with which token.
    elsewhere: the address of the host that has the bodies.

    Its lies: commit, headers (path -> headers of the answer to HEAD), bodies (path -> what is sent instead of
    the file), endless (the body goes on).
    """

    files: dict[str, bytes] = field(default_factory=dict)
    gated: bool = False
    broken: bool = False
    announces_hashes: bool = True
    hold: threading.Event | None = None
    holds_after: int = 0
    mute: threading.Event | None = None
    commit: str = COMMIT
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    endless: bool = False
    elsewhere: str = ""
    requests: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    url: str = ""

    def times_sent(self, path: str) -> int:
        """How often the body of `path` was asked for."""
        return sum(request.startswith("GET") and request.endswith(path) for request in self.requests)


@contextlib.contextmanager
def serve(hub: FakeHub) -> Iterator[FakeHub]:
    """Run `hub` until the block ends; hub.url is where."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def answer(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # a client may leave when it has had enough
                if self.command == "GET":
                    if hub.hold is not None and status in (200, 206):
                        self.wfile.write(body[: hub.holds_after])
                        hub.hold.wait(60)
                        body = body[hub.holds_after :]
                    self.wfile.write(body)
                while self.command == "GET" and hub.endless and status in (200, 206):
                    self.wfile.write(body)

        def do_GET(self) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            hub.tokens.append(self.headers["Authorization"])
            if hub.mute is not None:
                hub.mute.wait(60)
            path = self.path.split("/resolve/")[1].split("/", 1)[1]
            if hub.gated:
                return self.answer(403, {"X-Error-Code": "GatedRepo", "Content-Length": "0"})
            if hub.broken:
                return self.answer(400, {"Content-Length": "0"})
            if path not in hub.files:
                return self.answer(404, {"X-Error-Code": "EntryNotFound", "Content-Length": "0"})
            data = hub.files[path]
            headers = {"ETag": f'"{hashlib.md5(data).hexdigest()}"', "X-Repo-Commit": hub.commit}
            if hub.announces_hashes:
                headers["X-Linked-ETag"] = f'"{hashlib.sha256(data).hexdigest()}"'
            if hub.elsewhere:
                headers |= {
                    "Location": hub.elsewhere + self.path,
                    "X-Linked-Size": str(len(data)),
                    "Content-Length": "0",
                }
                return self.answer(302, headers)
            if self.command == "HEAD":
                return self.answer(
                    200, headers | {"Content-Length": str(len(data))} | hub.headers.get(path, {})
                )
            data = hub.bodies.get(path, data)
            first = 0
            if "Range" in self.headers:
                hub.ranges.append(self.headers["Range"])
                first = int(self.headers["Range"].removeprefix("bytes=").split("-")[0])
                headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
            if not hub.endless:
                headers["Content-Length"] = str(len(data) - first)
            self.answer(206 if first else 200, headers, data[first:])

        def do_HEAD(self) -> None:
            self.do_GET()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def listed(monkeypatch, **changes):
    """Make weights.yaml list one entry, `model` of this hub, with `changes`."""
    fields = {
        "name": "model",
        "role": "a test's model",
        "repository": "some/model",
        "commit": COMMIT,
        "commit_confirmed": True,
        "licence": "MIT",
        "used_by": ("pics",),
        "local": ("model",),
        "files": (
            weights_list.WeightFile("config.json"),
            weights_list.WeightFile(
                "model.safetensors", None, len(BODY), None, hashlib.sha256(BODY).hexdigest()
            ),
        ),
    }
    entry = weights_list.Entry(**{**fields, **changes})
    monkeypatch.setattr(weights, "entries", lambda: {"model": entry})
    return entry
