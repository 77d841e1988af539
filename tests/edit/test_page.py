"""What docs/editing.md says can be run, and names what there is."""

import inspect
import re
import shlex
from pathlib import Path

import pytest
from conftest import EXAMPLES, ROOT
from PIL import Image

from textsketch import edit
from textsketch.cli import main

PAGE = (ROOT / "docs" / "editing.md").read_text(encoding="utf-8")


@pytest.fixture
def small_clone(tmp_path, monkeypatch):
    """A folder with the examples in it, 160 pixels long, and their masks as they are."""
    (tmp_path / "examples" / "masks").mkdir(parents=True)
    for path in EXAMPLES.glob("*.jpg"):
        picture = Image.open(path)
        picture.thumbnail((160, 160))
        picture.save(tmp_path / "examples" / path.name)
    for path in (EXAMPLES / "masks").iterdir():
        (tmp_path / "examples" / "masks" / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_lines_run(small_clone):
    (commands,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    lines = [shlex.split(line) for line in commands.splitlines()]
    assert sum(line[1] == "edit" for line in lines) == 6
    for line in lines:
        quick = ["--effort", "1"] if line[1] == "encode" else []
        assert main([*line[1:], *quick]) == 0
    for line in lines:
        if line[1] == "edit":
            before, after = (Path(name).read_bytes() for name in line[2:4])
            assert len(after) <= 1200 and after != before


def test_the_python_example_runs(small_clone):
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(compile(program, "editing.md", "exec"), {})
    assert (small_clone / "bowl.tsk").stat().st_size <= 1200 and (small_clone / "bowl.png").exists()


def test_the_table_names_every_function_with_its_arguments():
    named = dict(re.findall(r"\| `(\w+)\((.*?)\)` \|", PAGE))
    assert set(named) == set(edit.__all__)
    for name, arguments in named.items():
        parameters = [
            parameter
            for parameter in inspect.signature(getattr(edit, name)).parameters
            if parameter != "progress"
        ]
        assert re.findall(r"(?:^|, )(\w+)", arguments) == parameters, name
