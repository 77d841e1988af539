"""What the README says is run, and its figures about the project are compared with the project."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from conftest import ROOT

from textsketch import __version__
from textsketch.budget import PRESETS
from textsketch.cli import main
from textsketch.models import clip, space, weights
from textsketch.render.diffusion import profiles

README = (ROOT / "README.md").read_text(encoding="utf-8")
FRONT_MATTER = yaml.safe_load(README.split("---\n")[1])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.fixture
def clone(tmp_path):
    """A folder with the examples in it, as a reader's clone has."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def test_the_python_examples_run(clone):
    for program in blocks("python"):
        if "gradio_client" in program:
            continue  # below
        subprocess.run([sys.executable, "-c", program], cwd=clone, check=True)
    assert (clone / "fig.tsk").stat().st_size <= 1200 and (clone / "fig.png").exists()


def test_the_example_of_the_api_runs_against_the_app(clone, url):
    (program,) = [one for one in blocks("python") if "gradio_client" in one]
    program = program.replace("http://127.0.0.1:7860/", url)
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=clone, check=True, capture_output=True, text=True
    )
    assert ran.stdout.strip().endswith("half a fig")


NEEDS_WEIGHTS = re.compile(r"textsketch caption |--renderer ")


def command_lines() -> list[str]:
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("textsketch ")]
    command = Path(sys.executable).parent / "textsketch"
    return [line.replace("textsketch", str(command), 1) for line in lines if line != "textsketch app"]


def test_the_command_lines_run(clone):
    lines = [line for line in command_lines() if not NEEDS_WEIGHTS.search(line)]
    assert len(lines) >= 6
    for line in lines:
        subprocess.run(line, shell=True, cwd=clone, check=True, stdout=subprocess.PIPE)
    assert (clone / "comparison" / "side_by_side.png").exists() and (clone / "sketch.png").exists()


def test_command_lines_that_need_weights_say_what_to_fetch(clone, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(clone / "empty"))
    monkeypatch.delenv("TEXTSKETCH_WEIGHTS", raising=False)
    shutil.copy(ROOT / "tests/goldens/tsk/version-1/three-layer.tsk", clone / "fig.tsk")
    lines = [line for line in command_lines() if NEEDS_WEIGHTS.search(line)]
    assert len(lines) == 3
    for line in lines:
        done = subprocess.run(line, shell=True, cwd=clone, capture_output=True, text=True)
        assert done.returncode == 2, line
        assert re.search(r"textsketch weights fetch \w|pip install -r requirements.txt", done.stderr), (
            done.stderr
        )


def test_make_targets_exist():
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)`", README, re.MULTILINE)
    assert len(targets) >= 3
    for target in targets:
        assert f"make {''.join(target)} " in listed


def test_the_space_and_the_package_pin_the_same_gradio():
    pinned = f"gradio=={FRONT_MATTER['sdk_version']}"
    assert pinned in REQUIREMENTS and pinned in PROJECT["dependencies"]


def test_the_front_matter_is_what_a_space_needs():
    assert FRONT_MATTER["sdk"] == "gradio" and (ROOT / FRONT_MATTER["app_file"]).is_file()
    assert re.fullmatch(r"3\.12\.\d+", FRONT_MATTER["python_version"])
    assert FRONT_MATTER["suggested_hardware"] == "zero-a10g" and len(FRONT_MATTER["short_description"]) <= 60


def test_the_front_matter_says_of_weights_what_the_command_prints(capsys):
    assert main(["weights", "space"]) == 0
    assert capsys.readouterr().out in README.split("---\n")[1]


def test_a_space_preloads_what_the_demo_offers():
    lines = "\n".join(FRONT_MATTER["preload_from_hub"])
    wanted = {*profiles.get("fast").weights, clip.REPORTING, "florence2", "taesd", "pidinet"}
    assert set(space.preloaded()) == wanted
    for name in wanted:
        for file in weights.entry(name).files:
            assert file.path in lines
    assert f"{space.size_bytes() / 1e9:.1f} GB" in README


def test_requirements_hold_the_core_and_all_packages_of_the_demo():
    names = {re.split(r"[=<>\[ ]", line)[0] for line in REQUIREMENTS if line and not line.startswith("#")}
    core = {re.split(r"[=<>\[ ]", line)[0] for line in PROJECT["dependencies"]}
    assert core <= names
    assert {
        "gradio", "torch", "diffusers", "transformers", "open_clip_torch", "compressai", "controlnet_aux",
        "accelerate", "huggingface_hub",
    } <= names  # fmt: skip
    for line in PROJECT["dependencies"]:
        assert line in REQUIREMENTS


def test_the_budget_table_is_the_presets():
    for preset in PRESETS.values():
        assert f"| `{preset.name}` | {preset.title} |" in README


def test_the_version_is_one():
    assert PROJECT["version"] == __version__


def test_linked_files_exist():
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
