"""What the demo withstands: cancelled uploads that cost much to decode, two encodings at once, 50 visitors.

Each part starts a server of its own at 127.0.0.1 and measures its processes together. Memory is the sum of their
proportional set sizes (PSS), in which a page shared by several processes counts once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import json
import os
import re
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
from page import Layout, RefusedError, Visitor
from PIL import Image

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "cat.jpg"
CANCELLED = 6
PATIENCE_S = 1200


class Server:
    """The demo in a process of its own, its workers its children."""

    def __init__(self, address: str, process: psutil.Process) -> None:
        self.address, self._process = address, process

    def all(self) -> list[psutil.Process]:
        """The app and its workers."""
        return [self._process, *self._process.children(recursive=True)]

    def memory_mb(self) -> float:
        """Memory of all processes together."""
        total = 0
        for process in self.all():
            with contextlib.suppress(psutil.NoSuchProcess):
                total += process.memory_full_info().pss
        return total / 1e6

    def cpu_seconds(self) -> dict[int, float]:
        """Processor time so far, by process."""
        times = {process.pid: process.cpu_times() for process in self.all()}
        return {number: spent.user + spent.system for number, spent in times.items()}

    def client(self) -> httpx.AsyncClient:
        """A client with room for many visitors."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        return httpx.AsyncClient(base_url=self.address, timeout=PATIENCE_S, limits=limits, trust_env=False)


@contextlib.contextmanager
def running() -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    command = [sys.executable, "-m", "textsketch", "app", "--port", str(port)]
    with tempfile.TemporaryDirectory() as folder:
        app = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.DEVNULL, env=os.environ | {"GRADIO_TEMP_DIR": folder}
        )
        try:
            server = Server(address, psutil.Process(app.pid))
            for _ in range(600):
                with contextlib.suppress(httpx.HTTPError):
                    httpx.get(address, timeout=5, trust_env=False)
                    break
                time.sleep(0.2)
            yield server
        finally:
            app.terminate()
            app.wait(30)


def costly_jpeg(side: int = 8000, scans: int = 180) -> bytes:
    """A JPEG of one grey whose last pass is repeated: few bytes, each of them a walk over all pixels."""
    file = io.BytesIO()
    Image.new("L", (side, side), 128).save(file, "JPEG", progressive=True, quality=50)
    data = file.getvalue()
    position, count, last = 2, 0, b""
    while data[position + 1] != 0xD9:  # the end of the picture
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if data[position + 1] == 0xDA:  # a pass
            while data[end] != 0xFF or data[end + 1] == 0:
                end += 1
            count, last = count + 1, data[position:end]
        position = end
    return data[:position] + last * (scans - count) + data[position:]


def small_picture() -> bytes:
    file = io.BytesIO()
    with Image.open(EXAMPLE) as picture:
        picture.resize((150, 100)).save(file, "PNG")
    return file.getvalue()


async def encoded(visitor: Visitor, layout: Layout, picture: bytes, caption: str) -> str:
    """Upload a picture and encode it; the path of the .tsk file."""
    file = await visitor.upload("small.png", picture)
    answer = await visitor.answer(layout.call("ask", "click"), picture=file, caption=caption)
    found = re.search(r'"path": "([^"]+\.tsk)"', answer)
    if found is None:
        raise ConnectionError(f"no file in the answer: {answer[-500:]}")
    return found[1]


async def session(client: httpx.AsyncClient, layout: Layout, picture: bytes, caption: str) -> None:
    """An ordinary visit: encode a picture, take the file home and have it decoded."""
    visitor = Visitor(client, layout)
    path = await encoded(visitor, layout, picture, caption)
    data = (await client.get(f"gradio_api/file={path}")).raise_for_status().content
    file = await visitor.upload("small.tsk", data)
    answer = await visitor.answer(layout.call("tsk", "upload"), tsk=file)
    if "painted as" not in answer:
        raise ConnectionError(f"nothing was painted: {answer[-500:]}")


async def cancelled(client: httpx.AsyncClient, layout: Layout, picture: bytes) -> float:
    """Upload a picture, cancel as soon as work on it has begun; seconds until the job had ended."""
    visitor = Visitor(client, layout)
    file = await visitor.upload("costly.jpg", picture)
    pressed = 0.0
    async for message in visitor.ask(layout.call("ask", "click"), picture=file, caption=secrets.token_hex(4)):
        if not pressed and "reading the picture" in json.dumps(message):
            await asyncio.sleep(0.5)  # it is inside the decoder now
            pressed = time.perf_counter()
            await visitor.press(layout.call("cancel", "click"))
    return time.perf_counter() - pressed


async def attack(server: Server, rounds: int, sessions: int) -> None:
    layout, small, costly = Layout(server.address), small_picture(), costly_jpeg()
    print(f"the costly JPEG: {len(costly):,} bytes")
    async with server.client() as client:
        first = sessions // 10
        for number in range(first):
            await session(client, layout, small, f"visit {number}")
        before = server.memory_mb()
        print(f"after {first} sessions: {before:.0f} MB in {len(server.all())} processes", flush=True)
        waits: list[float] = []
        for number in range(rounds):
            every = [cancelled(client, layout, costly) for _ in range(CANCELLED)]
            waits += await asyncio.gather(*every)
            print(
                f"round {number + 1}: {server.memory_mb():.0f} MB, {len(server.all())} processes", flush=True
            )
        for number in range(first, sessions):
            await session(client, layout, small, f"visit {number}")
            if number % 20 == 19:
                print(f"session {number + 1}: {server.memory_mb():.0f} MB", flush=True)
        after = server.memory_mb()
    print(
        f"{rounds * CANCELLED} cancelled uploads and {sessions} sessions: {before:.0f} MB before, "
        f"{after:.0f} MB after, ratio {after / before:.2f}; from Cancel to the end of the job: median "
        f"{statistics.median(waits):.2f} s, longest {max(waits):.2f} s"
    )


async def pair(server: Server, repeats: int) -> None:
    layout = Layout(server.address)
    picture = EXAMPLE.read_bytes()
    async with server.client() as client:
        for number in range(4):  # every worker has seen one
            await encoded(Visitor(client, layout), layout, picture, f"first {number}")
        rows: dict[int, list[tuple[float, float, float]]] = {1: [], 2: []}
        for number in range(repeats):
            for together, found in rows.items():
                spent, started = server.cpu_seconds(), time.perf_counter()
                await asyncio.gather(
                    *(
                        encoded(Visitor(client, layout), layout, picture, f"{number} {together} {one}")
                        for one in range(together)
                    )
                )
                wall = time.perf_counter() - started
                now = server.cpu_seconds()
                used = {number: now[number] - spent.get(number, 0.0) for number in now}
                own = used.pop(next(iter(used)))
                found.append((wall, max(used.values()), own))
    for together, found in rows.items():
        wall, busiest, own = (statistics.median(column) for column in zip(*found, strict=True))
        print(
            f"{together} at once: median {wall:.2f} s, least {min(row[0] for row in found):.2f} s; processor "
            f"time of the busiest worker {busiest:.2f} s, of the app {own:.2f} s"
        )
    walls = {together: sorted(row[0] for row in found) for together, found in rows.items()}
    print(
        f"two at once over one: {statistics.median(walls[2]) / statistics.median(walls[1]):.2f} (median), "
        f"{walls[2][0] / walls[1][0]:.2f} (least); load of the machine {os.getloadavg()[0]:.1f}"
    )


async def clients(server: Server, count: int) -> None:
    layout, small = Layout(server.address), small_picture()
    said: Counter[str] = Counter()
    waits: list[float] = []

    async def one(number: int) -> str:
        started = time.perf_counter()
        try:
            await encoded(Visitor(client, layout), layout, small, f"client {number}")
        except RefusedError as refusal:
            said[str(refusal)] += 1
            return "refused"
        except (httpx.HTTPError, ConnectionError) as error:
            said[repr(error)[:200]] += 1
            return "dropped"
        waits.append(time.perf_counter() - started)
        return "served"

    async with server.client() as client:
        for number in range(4):
            await encoded(Visitor(client, layout), layout, small, f"first {number}")
        before = server.memory_mb()
        outcome = Counter(await asyncio.gather(*(one(number) for number in range(count))))
        after = server.memory_mb()
    print(
        f"{count} clients at once: {outcome['served']} served, {outcome['refused']} refused, "
        f"{outcome['dropped']} dropped; the served waited {statistics.median(waits):.1f} s (median), "
        f"{max(waits):.1f} s at most; memory {before:.0f} MB before, {after:.0f} MB after"
    )
    for sentence, times in said.items():
        print(f"{times} x {sentence}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = parser.add_subparsers(dest="part", required=True)
    part = parts.add_parser("attack", help="cancelled uploads and ordinary sessions: memory afterwards")
    part.add_argument("--rounds", type=int, default=10, help=f"of {CANCELLED} cancelled uploads")
    part.add_argument("--sessions", type=int, default=200)
    part = parts.add_parser("pair", help="two encodings at once beside one")
    part.add_argument("--repeats", type=int, default=10)
    part = parts.add_parser("clients", help="many visitors at the same moment")
    part.add_argument("--count", type=int, default=50)
    options = vars(parser.parse_args())
    run = {"attack": attack, "pair": pair, "clients": clients}[options.pop("part")]
    with running() as server:
        asyncio.run(run(server, **options))


if __name__ == "__main__":
    main()
