"""A ZeroGPU Space in miniature, run as a program by tests/models/test_zero_gpu_space.py.

`spaces` is the real package, in a home of its own with the hub's cache layout. There is no GPU: what its worker
process would do with one, move the tensors there, is done with the CPU under the name of CUDA. Prints an object.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

HOME, WEIGHTS = Path(sys.argv[1]), Path(sys.argv[2])
TOKEN = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=") for part in (b"{}", b'{"user": "Ada"}', b"signature")
)


class Device(BaseHTTPRequestHandler):
    """The Space's neighbour that lends the GPU; asked: the parameters of each request for one."""

    asked: list[dict[str, str]] = []  # noqa: RUF012

    def log_message(self, *arguments: object) -> None:
        pass

    def do_POST(self) -> None:
        address = urlsplit(self.path)
        body, status = b"{}", 200
        if address.path == "/schedule":
            self.asked.append({name: value[0] for name, value in parse_qs(address.query).items()})
            if "token" not in self.asked[-1]:
                status, body = 429, json.dumps({"left": 0, "wait": 60}).encode()
            else:
                answer = {"idle": True, "nvidiaIndex": 0, "nvidiaUUID": "none", "allowToken": "yes"}
                body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def fill_cache() -> list[Path]:
    """The default profile's weights as a Space preloads them: blobs, and links to them; the blobs."""
    from textsketch.models import weights
    from textsketch.render.diffusion import profiles

    blobs = []
    for name in profiles.get("fast").weights:
        entry = weights.entry(name)
        root = HOME / ".cache/huggingface/hub" / f"models--{entry.repository.replace('/', '--')}"
        for file in entry.files:
            data = (WEIGHTS / name / file.path).read_bytes()
            blob = root / "blobs" / hashlib.sha256(data).hexdigest()
            link = root / "snapshots" / str(entry.commit) / file.path
            for folder in (blob.parent, link.parent):
                folder.mkdir(parents=True, exist_ok=True)
            blob.write_bytes(data)
            with contextlib.suppress(FileExistsError):
                link.symlink_to(os.path.relpath(blob, link.parent))
            blobs.append(blob)
    return blobs


def no_pins(monkeypatched) -> None:
    """Tiny networks are not the pinned files: their hashes are as unknown as those of a first download."""
    import dataclasses

    real = monkeypatched.entries

    def entries():
        return {
            name: dataclasses.replace(
                entry,
                files=tuple(
                    dataclasses.replace(file, size_bytes=None, size_bytes_at_most=None, sha256=None)
                    for file in entry.files
                ),
            )
            for name, entry in real().items()
        }

    monkeypatched.entries = entries


def without_a_gpu() -> None:
    """Let the worker process take the CPU for the GPU."""
    import torch
    from spaces.zero import torch as zero_torch
    from spaces.zero.torch import patching

    kept: dict[torch.Tensor, list[torch.Tensor]] = {}
    real_pack, real_to = patching.pack_tensors, torch.Tensor.to

    def pack_tensors(tensors, fakes, folder, **options):
        # Copies: the tensors themselves would hold on to the files they are mapped from.
        kept.update({tensor.clone(): list(those) for tensor, those in fakes.items()})
        return real_pack(tensors, fakes, folder, **options)

    def to(tensor, *arguments, **options):
        options |= {"device": "cpu"} if "device" in options else {}
        here = ("cpu" if isinstance(one, str | torch.device) else one for one in arguments)
        return real_to(tensor, *here, **options)

    def move(callback=None) -> None:
        torch.Tensor.to = to
        torch.cuda.is_available = lambda: True
        torch.cuda.empty_cache = lambda: None
        for tensor, fakes in kept.items():
            for fake in fakes:
                fake.data = tensor

    patching.pack_tensors = pack_tensors
    zero_torch.init = lambda uuid: None
    zero_torch.move = move


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Device)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    os.environ |= {
        "HOME": str(HOME),
        "SPACES_ZERO_GPU": "true",
        "SPACES_ZERO_DEVICE_API_URL": f"http://127.0.0.1:{server.server_port}",
        "ZEROGPU_PROC_SELF_CGROUP_PATH": str(HOME / "cgroup"),
        "HF_HUB_OFFLINE": "1",
    }
    for name in ("HF_HUB_CACHE", "HF_HOME", "TEXTSKETCH_WEIGHTS"):
        os.environ.pop(name, None)
    (HOME / "cgroup").write_text("0::/space\n")
    from textsketch.models import zero_gpu

    zero_gpu.start()
    import gradio as gr
    import torch
    from gradio.context import LocalContext

    from textsketch import pipeline
    from textsketch.errors import RenderError
    from textsketch.layers import Layers, Semantic
    from textsketch.models import weights
    from textsketch.render import registry
    from textsketch.render.diffusion import condition
    from textsketch.web.jobs import Jobs

    torch.set_num_threads(1)
    no_pins(weights)
    blobs = fill_cache()
    found: dict[str, object] = {"preferred": registry.preferred().name}
    condition.working_size = lambda size, side=512: (128, 128)
    without_a_gpu()
    registry.start_on_shared_gpu()
    with gr.Blocks() as page:
        gr.HTML("a page")
    page.launch(prevent_thread_lock=True, quiet=True, server_name="127.0.0.1")
    found["files left"] = sum(blob.exists() for blob in blobs) / len(blobs)
    jobs = Jobs(1)

    def decode(headers: dict[str, str], **options) -> dict[str, object]:
        """What a visitor with these headers gets, in a job as the page runs it."""
        LocalContext.request.set(gr.Request(SimpleNamespace(headers=headers)))
        layers = Layers((64, 64), Semantic("a cat"))
        messages: list[str] = []

        def job(report):
            def progress(fraction, message):
                messages.append(message)
                report(fraction, message)

            settings = {"steps": 1, "safety": False} | options
            return pipeline.paint(layers, renderer="fast", progress=progress, **settings)

        try:
            *_, last = jobs.run("Ada", job)
            return {"size": last.result.size, "messages": messages}
        except RenderError as error:
            return {"error": str(error)}

    visitor = {"x-ip-token": TOKEN}
    found["first"] = decode(visitor)
    shutil.rmtree(HOME / ".cache/huggingface/hub")  # nobody looks there again
    found["second"] = decode(visitor)
    found["stranger"] = decode({})
    found["refused"] = decode(visitor, safety=True)
    found["tokens"] = [asked.get("token") == TOKEN for asked in Device.asked]
    found["seconds"] = [int(asked["durationSeconds"]) for asked in Device.asked]
    print("FOUND " + json.dumps(found), flush=True)
    for worker in multiprocessing.active_children():
        worker.kill()
    os._exit(0)


if __name__ == "__main__":
    main()
