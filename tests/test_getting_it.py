"""What is missing is fetched in the page: a browser, the real app, and a hub here that has tiny models."""

import hashlib
import os
import threading

import pytest
import yaml
from conftest import ROOT
from fake_hub import FakeHub, serve
from running_app import running_app

pytest.importorskip("open_clip")

import tiny_models
from browser_page import BROWSER, PHONE, RESULT, WAIT_MS, needs_browser

from textsketch.models import weights

# Python runs it at the start of every process of the app.
PINS = """
from pathlib import Path
from textsketch.models import weights_list
weights_list.list_path = lambda: Path({list!r})
"""


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A hub with a tiny CLIP, which the app that is started now takes for the pinned one."""
    tiny_models.clip(tmp_path / "clip", seed=1)
    files = {path.name: path.read_bytes() for path in (tmp_path / "clip").iterdir()}
    listing = yaml.safe_load((ROOT / "weights.yaml").read_text("utf-8"))
    listing["clip-vit-b-32"]["files"] = [
        {"path": name, "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in files.items()
    ]
    (tmp_path / "weights.yaml").write_text(yaml.safe_dump(listing))
    (tmp_path / "sitecustomize.py").write_text(PINS.format(list=str(tmp_path / "weights.yaml")))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.delenv(weights.LOCAL_FOLDER_VARIABLE, raising=False)
    with serve(FakeHub(files, commit=listing["clip-vit-b-32"]["commit"])) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


@needs_browser
def test_a_download_is_seen_cancelled_gone_on_with_and_used_without_a_restart(hub, tmp_path):
    from playwright.sync_api import sync_playwright

    hub.hold, hub.holds_after = threading.Event(), 3_000_000
    with running_app(tmp_path) as address, sync_playwright() as playwright:
        page = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"]).new_page(
            viewport=PHONE
        )
        page.set_default_timeout(WAIT_MS)
        page.goto(address)
        page.wait_for_selector(RESULT, state="attached")
        assert "7 MB to download" in page.inner_text("#offer-clip")
        page.click("#get-clip")
        page.wait_for_selector("#offer-clip:visible:has-text('of 7 MB')")
        page.click("#keep-off-clip")
        page.wait_for_selector("#offer-clip:visible:has-text('What has arrived is kept')")
        hub.hold.set()
        page.click("#get-clip")
        page.wait_for_selector("#scores:has-text('CLIP image-image')")
        page.wait_for_selector("#offer-clip", state="hidden")
    assert len(hub.ranges) == 1 and int(hub.ranges[0].removeprefix("bytes=").removesuffix("-")) > 2_000_000
