"""A small model hub on this machine: just enough of the real one's HTTP interface to download from."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

COMMIT = "a" * 40


@dataclass
class FakeHub:
    """files: path -> bytes of the one repository. gated, broken: how it refuses. requests: what was asked."""

    files: dict[str, bytes] = field(default_factory=dict)
    gated: bool = False
    broken: bool = False
    announces_hashes: bool = True
    requests: list[str] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    url: str = ""


@contextlib.contextmanager
def serve(hub: FakeHub) -> Iterator[FakeHub]:
    """Run `hub` until the block ends; hub.url is where."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

        def refuse(self) -> bool:
            hub.requests.append(f"{self.command} {self.path}")
            if hub.gated:
                self.answer(403, b"gated", {"X-Error-Code": "GatedRepo"})
            elif hub.broken:
                self.answer(400, b"bad", {})
            return hub.gated or hub.broken

        def answer(self, status: int, body: bytes, headers: dict[str, str], *, head: bool = False) -> None:
            self.send_response(status)
            for key, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(key, value)
            self.end_headers()
            if not head:
                self.wfile.write(body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.refuse():
                return
            asked = json.loads(body)["paths"] if body.startswith("{") else parse_qs(body)["paths"]
            infos = []
            for path in asked:
                if path in hub.files:
                    data = hub.files[path]
                    info = {"type": "file", "path": path, "size": len(data), "oid": "0" * 40}
                    if hub.announces_hashes:
                        info["lfs"] = {
                            "oid": hashlib.sha256(data).hexdigest(),
                            "size": len(data),
                            "pointerSize": 1,
                        }
                    infos.append(info)
            self.answer(200, json.dumps(infos).encode(), {"Content-Type": "application/json"})

        def do_HEAD(self) -> None:
            self.do_GET(head=True)

        def do_GET(self, head: bool = False) -> None:
            if self.refuse():
                return
            if self.path.startswith("/api/models/"):
                info = {"id": "some/model", "sha": COMMIT, "siblings": []}
                self.answer(200, json.dumps(info).encode(), {"Content-Type": "application/json"})
                return
            path = self.path.split("/resolve/")[1].split("/", 1)[1]
            if path not in hub.files:
                self.answer(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, head=head)
                return
            data = hub.files[path]
            headers = {"ETag": f'"{hashlib.md5(data).hexdigest()}"', "X-Repo-Commit": COMMIT}
            first = 0
            if "Range" in self.headers:
                hub.ranges.append(self.headers["Range"])
                first = int(self.headers["Range"].removeprefix("bytes=").split("-")[0])
                headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
            body = data[first:]
            self.answer(206 if first else 200, body, headers, head=head)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
