import html
import re
import subprocess
import sys

import pytest
from conftest import ROOT

from textsketch.web import commands


@pytest.fixture
def no_path(monkeypatch):
    """A shell that finds no program of the running Python's, as in a clone after `make demo`."""
    commands._prefix.cache_clear()
    monkeypatch.setenv("PATH", "/nowhere")
    yield
    commands._prefix.cache_clear()


def found(sentence: str) -> list[str]:
    marked = commands.marked_up(sentence)
    return [html.unescape(re.sub("<.*?>", "", code)) for code in re.findall("<code>(.*?)</code>", marked)]


def test_a_command_at_the_end_of_a_sentence_leaves_the_full_stop_out(no_path):
    (command,) = found("BLIP needs torch: pip install -r requirements.txt.")
    assert command.endswith(" -m pip install -r requirements.txt")


def test_the_rest_of_the_sentence_is_escaped():
    assert commands.marked_up("<b> & no command.") == "&lt;b&gt; &amp; no command."


def test_commands_work_as_typed_where_nothing_is_on_the_path(no_path):
    both = found("x needs a, b (1.0 GB): textsketch weights fetch a-1 && textsketch weights fetch b_2.")
    assert len(both) == 1 and both[0].count(" -m textsketch weights fetch ") == 2
    assert both[0].endswith("fetch b_2")
    (command,) = found("not here; `textsketch weights fetch blip` downloads them (1.9 GB).")
    listing = command.replace("fetch blip", "list")
    shown = subprocess.run(listing, shell=True, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "blip" in shown and command.split(" -m ")[0].endswith(sys.executable.rsplit("/", 1)[1])


def test_a_python_outside_the_working_folder_is_only_named(no_path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (command,) = found("BLIP needs torch: pip install -r requirements.txt.")
    assert command == f"{sys.executable.rsplit('/', 1)[1]} -m pip install -r requirements.txt"


@pytest.mark.parametrize(
    "sentence, said",
    [
        ("cannot read /home/me/weights/blip: no space", "cannot read blip: no space"),
        ("[Errno 2] No such file: '/srv/app/a b.png'", "[Errno 2] No such file: 'a b.png'"),
        ("/etc/passwd, (/a/b/c/) and /tmp", "passwd, (c/) and /tmp"),
        (
            "see https://example.org/a/b and org/name, 1/3 of it",
            "see https://example.org/a/b and org/name, 1/3 of it",
        ),
    ],
)
def test_a_sentence_names_files_without_their_folders(sentence, said):
    assert commands.without_folders(sentence) == said
