"""Where networks wait when the GPU has little memory: decided anew whenever a profile is loaded."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from textsketch.render.diffusion import placement

GPU = torch.device("meta")  # another device than where the networks come from; it stands for a GPU


def hooked(modules):
    return [hasattr(module, "_hf_hook") for module in modules]


def test_networks_are_brought_as_they_run_only_while_memory_is_short():
    first, second = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)
    stages = [[first], [second]]
    placement.place(stages, GPU, free_bytes=1_000_000_000)
    assert hooked([first, second]) == [True, True] and first.weight.device.type == "cpu"
    placement.place(stages, GPU, free_bytes=8_000_000_000)
    assert hooked([first, second]) == [False, False]
    assert first.weight.device.type == second.weight.device.type == "meta"


def test_networks_that_are_there_stay_however_little_is_free_beside_them():
    module = torch.nn.Linear(4, 4)
    placement.place([[module]], GPU, free_bytes=8_000_000_000)
    placement.place([[module]], GPU, free_bytes=0)
    assert hooked([module]) == [False] and module.weight.device.type == "meta"


def test_the_networks_own_size_counts():
    large = torch.nn.Linear(20_000, 20_000, device="meta")  # 1.6 GB
    waiting = torch.device("cpu")
    placement_free = placement._WORKSPACE_BYTES + 1_000_000_000
    assert placement.lacks_room([[large]], waiting, placement_free)
    assert not placement.lacks_room([[large]], waiting, placement_free + 1_000_000_000)
    assert not placement.lacks_room([[large]], waiting, None)
