"""What the page offers to fetch, and what it says while and after it does."""

from types import SimpleNamespace

import gradio as gr
import pytest

from textsketch.errors import WeightsError
from textsketch.models import weights
from textsketch.render.diffusion import profiles
from textsketch.web import offers
from textsketch.web.offers import CAPTIONS, CLIP, MORE_DECODERS, PHOTOGRAPHS, Fetches

VISITOR = SimpleNamespace(session_hash="visitor")


@pytest.fixture
def nothing_here(monkeypatch, tmp_path):
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("GRADIO_SERVER_NAME", raising=False)
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))


def clicked(fetches, feature):
    """What the line shows, one after the other, once the button is clicked."""
    with gr.Blocks() as demo:
        line, _ = fetches.offer(feature)
    (work,) = [one.fn for one in demo.fns.values() if getattr(one.fn, "__name__", "") == "work"]
    return [updates[line] for updates in work(VISITOR)]


def with_libraries(monkeypatch, there):
    find = offers.weights.importlib.util.find_spec
    monkeypatch.setattr(
        offers.weights.importlib.util,
        "find_spec",
        lambda name: (find("json") if there else None) if name in ("torch", "open_clip") else find(name),
    )


@pytest.mark.parametrize(
    ("feature", "size", "licence"),
    [
        (CLIP, "605 MB", "MIT"),
        (CAPTIONS, "MB", "MIT"),
        (PHOTOGRAPHS, "GB", "CreativeML OpenRAIL-M"),
        *(
            (feature, "GB", weights.entry(profiles.get(feature.name).weights[0]).licence)
            for feature in MORE_DECODERS
        ),
    ],
)
def test_an_offer_says_what_it_gives_how_large_it_is_and_its_licence(nothing_here, feature, size, licence):
    pytest.importorskip("torch")
    line = Fetches().offer_line(feature)
    assert "ts-offered" in line
    for word in (feature.title, feature.gives, f"{size} to download", licence):
        assert word in line


def test_where_libraries_are_missing_the_line_says_what_they_cost_and_offers_no_button(
    nothing_here, monkeypatch
):
    with_libraries(monkeypatch, False)
    line = Fetches().offer_line(CLIP)
    assert "ts-offered" not in line and "6 GB" in line and "2 GB" in line
    for word in ("pip", "requirements.txt", "--index-url", "https://download.pytorch.org/whl/cpu"):
        assert word in line


@pytest.mark.parametrize(
    ("name", "value"), [("SPACE_ID", "somebody/textsketch"), ("GRADIO_SERVER_NAME", "0.0.0.0")]
)
def test_where_strangers_are_served_nothing_is_offered_or_fetched(nothing_here, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    fetched = []
    monkeypatch.setattr(weights, "fetch_group", lambda *asked: fetched.append(asked))
    fetches = Fetches()
    assert [fetches.offer_line(feature) for feature in (CLIP, CAPTIONS, PHOTOGRAPHS)] == [""] * 3
    assert clicked(fetches, CLIP) == [""] and not fetched


def test_a_download_tells_its_progress_and_what_it_brought(nothing_here, monkeypatch):
    with_libraries(monkeypatch, True)

    def fetch(name, report):
        report(0.25, "Downloading clip-vit-b-32: 10.0 MB/s, 45 s left")
        return {}

    monkeypatch.setattr(weights, "fetch_group", fetch)
    said = clicked(Fetches(), CLIP)
    assert "starting" in said[0] and "here now" in said[-1]
    assert all("ts-working" in line for line in said[:-1])


def test_a_download_that_fails_or_is_cancelled_can_be_asked_for_again(nothing_here, monkeypatch):
    with_libraries(monkeypatch, True)

    def offline(name, report):
        raise WeightsError("the hub cannot be reached")

    monkeypatch.setattr(weights, "fetch_group", offline)
    fetches = Fetches()
    last = clicked(fetches, CLIP)[-1]
    assert "The hub cannot be reached" in last and "ts-error" in last and "ts-offered" in last

    def cancelled(name, report):
        fetches._jobs.cancel("visitor/clip")
        report(0.5, "Downloading")

    monkeypatch.setattr(weights, "fetch_group", cancelled)
    last = clicked(fetches, CLIP)[-1]
    assert "is kept" in last and "ts-offered" in last


def test_every_profile_can_be_had_by_a_button():
    assert {PHOTOGRAPHS.name, *(feature.name for feature in MORE_DECODERS)} == set(profiles.NAMES)


def test_what_is_here_is_not_offered(monkeypatch):
    here = offers.Feature("clip", "CLIP score", "", (), lambda: None)
    assert Fetches().offer_line(here) == ""
