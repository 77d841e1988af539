"""An empty cache and a hub on this machine."""

import pytest
from fake_hub import BODY, FakeHub, serve

from textsketch.models import weights


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv(weights.LOCAL_FOLDER_VARIABLE, raising=False)
    return tmp_path / "hub"


@pytest.fixture
def hub(monkeypatch, cache):
    with serve(FakeHub({"config.json": b"{}", "model.safetensors": BODY, "unlisted.bin": b"x"})) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running
