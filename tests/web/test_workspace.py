import os
import signal
import subprocess
import sys

import gradio as gr
import pytest
from conftest import EXAMPLES
from gradio.route_utils import delete_files_created_by_app

from textsketch.web.workspace import Workspace

PROGRAM = f"""
import pathlib, signal, sys, time
from textsketch.web.workspace import Workspace
for number in (signal.SIGTERM, signal.SIGINT):  # a shell's background job ignores the latter
    signal.signal(number, signal.default_int_handler)
workspace = Workspace(pathlib.Path({str(EXAMPLES)!r}))
(workspace.results / "result").write_bytes(b"result")
print(workspace.files, flush=True)
try:
    time.sleep(600)
except KeyboardInterrupt:
    pass
"""


@pytest.fixture
def start(tmp_path):
    """Start a process that makes a workspace; it and the folder."""
    started = []

    def begin():
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"GRADIO_TEMP_DIR": str(tmp_path)},
        )
        started.append(process)
        return process, process.stdout.readline().strip()

    yield begin
    for process in started:
        process.kill()
        process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_asked_to_end_leaves_nothing(start, tmp_path, number):
    process, files = start()
    assert os.listdir(files)
    process.send_signal(number)
    process.wait(20)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_goes_at_the_next_start_and_nothing_else(start, tmp_path):
    alive, its_files = start()
    killed, left = start()
    killed.kill()
    killed.wait()
    (tmp_path / "textsketch-of-somebody-else").mkdir()
    (tmp_path / "textsketch-of-somebody-else" / "file").touch()
    (tmp_path / "textsketch-link").symlink_to(tmp_path / "textsketch-of-somebody-else")
    assert os.path.exists(left)
    _, files = start()
    assert not os.path.exists(os.path.dirname(left))
    assert os.path.exists(os.path.join(its_files, "results", "result")) and os.path.exists(files)
    assert (tmp_path / "textsketch-of-somebody-else" / "file").exists()
    assert alive.poll() is None


def test_gradio_s_own_clearing_up_spares_the_examples(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    workspace = Workspace(EXAMPLES)
    with gr.Blocks() as demo:
        gr.Gallery([str(path) for path in workspace.examples.glob("*.jpg")])
    assert any(demo.temp_file_sets)
    delete_files_created_by_app(demo, None)
    assert len(list(workspace.examples.glob("*.jpg"))) == len(list(EXAMPLES.glob("*.jpg")))
