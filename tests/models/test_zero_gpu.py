"""The ZeroGPU wiring, with a stand-in for the `spaces` package that only Spaces have."""

import subprocess
import sys
import types

import pytest

from textsketch.models import networks, weights, zero_gpu
from textsketch.render.diffusion import profiles


def test_outside_a_zero_gpu_space_nothing_changes(monkeypatch):
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    monkeypatch.setitem(sys.modules, "spaces", None)  # importing it would fail
    zero_gpu.start()
    assert zero_gpu.on_gpu(len, lambda text: 3) is len


def test_in_a_zero_gpu_space_the_function_is_wrapped_with_its_duration(monkeypatch):
    asked = []

    def gpu(duration):
        def wrap(function):
            def call(*arguments):
                asked.append(duration(*arguments))
                return function(*arguments)

            return call

        return wrap

    monkeypatch.setenv("SPACES_ZERO_GPU", "1")
    monkeypatch.setitem(sys.modules, "spaces", types.SimpleNamespace(GPU=gpu))
    zero_gpu.start()
    painted = zero_gpu.on_gpu(lambda steps: iter(["picture"]), lambda steps: 10 + steps)
    assert list(painted(4)) == ["picture"] and asked == [14]


@pytest.mark.parametrize(
    ("there", "expected"),
    [((), "cpu"), (("mps",), "mps"), (("xpu",), "xpu"), (("xpu", "cuda"), "cuda")],
)
def test_networks_run_on_whatever_gpu_there_is(there, expected, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)
    for name, kind in (("cuda", torch.cuda), ("xpu", torch.xpu), ("mps", torch.backends.mps)):
        monkeypatch.setattr(kind, "is_available", lambda name=name: name in there)
    assert networks.device() == expected
    monkeypatch.setattr(profiles, "unavailable", lambda profile: None)
    assert (profiles.default() is not None) == bool(there)


@pytest.mark.parametrize(("shared", "expected"), [("", "cuda"), ("1", "cpu")])
def test_captioners_detectors_and_clip_leave_a_shared_gpu_alone(shared, expected, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setenv("SPACES_ZERO_GPU", shared)
    assert networks.device() == expected
    assert networks.device(shared_gpu=True) == "cuda"


def test_importing_the_renderers_loads_no_torch():
    code = (
        "import sys, textsketch.render.diffusion.sampler, textsketch.render.diffusion.profiles,"
        " textsketch.semantic.captions.captioner, textsketch.semantic.captions.prompt_inversion,"
        " textsketch.structure.detectors, textsketch.structure.pose, textsketch.models.clip,"
        " textsketch.models.zero_gpu;"
        "print([name for name in ('torch', 'diffusers', 'transformers', 'open_clip', 'controlnet_aux')"
        " if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_default_profiles_files_can_be_preloaded_by_a_space():
    fast = profiles.get("fast")
    lines = weights.preload_lines(fast.weights)
    assert len(lines) == len(fast.weights)
    for line, name in zip(lines, fast.weights, strict=True):
        entry = weights.entry(name)
        repository, files, commit = line.split(" ")
        assert (repository, commit) == (entry.repository, entry.commit)
        assert files.split(",") == [file.path for file in entry.files]


def test_weights_yaml_names_every_profile_that_uses_an_entry():
    for name, entry in weights.entries().items():
        using = [profile for profile in profiles.NAMES if name in profiles.get(profile).weights]
        assert [user for user in entry.used_by if user in profiles.NAMES] == sorted(
            using, key=entry.used_by.index
        ), name
        assert set(using) <= set(entry.used_by)
