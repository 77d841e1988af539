"""One cache of loaded networks for the whole process."""

import re

import pytest
from conftest import ROOT

from textsketch.errors import WeightsError
from textsketch.models import networks, weights
from textsketch.models.networks import Key


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "resolve", lambda name: tmp_path / name)
    monkeypatch.setattr(networks, "_loaded", {})
    return tmp_path


def test_a_network_is_read_once_for_each_weight_part_and_folder(folder, monkeypatch):
    read = []

    def network(path):
        read.append(path.name)
        return object()

    first = networks.load("net", network)
    assert networks.load("net", network) is first
    assert networks.load("net", network, part="second half") is not first
    assert networks.load("other", network) is not first
    monkeypatch.setattr(weights, "resolve", lambda name: folder / "moved")
    assert networks.load("net", network) is not first
    assert read == ["net", "net", "other", "moved"]


def test_networks_of_a_group_are_given_up_together_but_for_those_still_used(folder):
    def key(part, group):
        return Key("net", part, (folder,), group)

    used, unused, foreign = key("used", "painting"), key("unused", "painting"), key("used", "measuring")
    for one in (used, unused, foreign):
        networks.keep(one, object)
    networks.forget("painting", but={used})
    assert [networks.is_loaded(one) for one in (used, unused, foreign)] == [True, False, True]
    networks.forget("painting")
    assert [networks.is_loaded(one) for one in (used, unused, foreign)] == [False, False, True]


def test_memory_that_torch_holds_in_reserve_can_be_had(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(networks, "device", lambda **options: "cuda")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (1_000, 8_000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: 6_000)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda: 500)
    assert networks.free_bytes() == 6_500


def test_with_the_networks_their_memory_on_the_gpu_is_given_up(folder, monkeypatch):
    torch = pytest.importorskip("torch")
    emptied = []
    monkeypatch.setattr(networks, "device", lambda **options: "cuda")
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: emptied.append(True))
    networks.keep(Key("net", "a part", (folder,), "painting"), object)
    networks.forget("painting")
    networks.forget("painting")  # there is nothing left
    assert emptied == [True]


def test_a_damaged_file_names_the_weights_and_their_folder_and_is_tried_again(folder):
    def damaged(path):
        raise KeyError("layer.0")

    with pytest.raises(WeightsError, match=r"weights 'net' in .*net cannot be read: 'layer.0'"):
        networks.load("net", damaged)
    assert networks.load("net", lambda path: "read") == "read"


def test_one_module_alone_asks_which_gpu_there_is():
    asking = [
        path.name
        for path in (ROOT / "textsketch").rglob("*.py")
        if re.search(r"torch\.(cuda|xpu|mps)\b", path.read_text("utf-8"))
    ]
    assert asking == ["networks.py"]
    assert "torch.cuda" in (ROOT / "textsketch/models/networks.py").read_text("utf-8")
