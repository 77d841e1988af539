"""What the page shows of a reflection: files of every round, what is kept, and where it is offered at all."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from api_eye import eye, from_caption
from api_fixtures import api  # noqa: F401
from api_server import fault, painting
from PIL import Image

import textsketch as ts
from textsketch.models import clip, weights
from textsketch.options import Options
from textsketch.render import registry
from textsketch.semantic.captions import table
from textsketch.semantic.captions.source import Source
from textsketch.service.calls import Ledger
from textsketch.web.improve_panel import improve_panel
from textsketch.web.jobs import JobCancelledError, Jobs, Reporter
from textsketch.web.reflections import Improvement, Reflections, Tried
from textsketch.web.round_cards import cards
from textsketch.web.sweeps import Sweeps

CAPTIONS = ["a blue field", "red, green, blue fields", "a red wall"]
ROWS = {"captions": "api", "renderer": "api"}


@pytest.fixture(autouse=True)
def nothing_downloaded(monkeypatch, tmp_path):
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path / "none"))
    monkeypatch.setattr(clip, "unavailable", lambda *about: "no CLIP here")


@pytest.fixture
def stripes(tmp_path):
    path = tmp_path / "stripes.png"
    painting("red green blue", (640, 480)).save(path)
    return str(path)


@pytest.fixture
def reflections(tmp_path):
    (tmp_path / "results").mkdir()
    read = SimpleNamespace(picture=lambda path, side, report: Image.open(path).convert("RGB"))
    return Reflections(tmp_path / "results", read)


def run(reflections, path, report=None, made=None, caption="", **more):
    asked = {"mode": "text-only", "budget": "20B", "seed": 0, **ROWS, **more}
    return reflections.run(
        path, max_side=1024, report=report or Reporter(), made=made or Ledger(), caption=caption, **asked
    )


def previews(reporter):
    seen = []
    while not reporter.updates.empty():
        seen.append(reporter.updates.get().preview)
    return list(dict.fromkeys(one for one in seen if one is not None))


def test_every_round_is_files_that_decode_and_every_state_is_shown(api, reflections, stripes):  # noqa: F811
    api.answers, api.paints = eye(CAPTIONS), from_caption(CAPTIONS)
    reporter, made = Reporter(), Ledger()
    found = run(reflections, stripes, reporter, made)
    assert [one.caption for one in found.rounds] == CAPTIONS and found.chosen.number == 2
    for one in found.rounds:
        data = Path(one.file).read_bytes()
        assert len(data) == one.size_bytes <= 20 and ts.unpack(data).semantic.caption == one.caption
        assert Image.open(one.picture).size == (640, 480)
    states = previews(reporter)
    assert len({one.picture for state in states for one in state.rounds}) == 3
    assert [len(state.rounds) for state in states] == [1, 1, 2, 2, 3, 3] and states[-1] == found
    assert (made.words, made.pictures) == (4, 3)


def test_who_cancels_keeps_the_rounds_before_on_disk(api, reflections, stripes, tmp_path):  # noqa: F811
    api.answers = eye(CAPTIONS)
    reporter, made = Reporter(), Ledger()
    show = reporter.preview

    def stop(state):
        show(state)
        reporter.stop.set()

    reporter.preview = stop
    with pytest.raises(JobCancelledError):
        run(reflections, stripes, reporter, made)
    (state,) = previews(reporter)
    assert Path(state.rounds[0].file).exists() and Path(state.rounds[0].picture).exists()
    assert made.made == len(api.requests)


def test_a_fault_before_the_first_round_leaves_no_folder(api, reflections, stripes, tmp_path):  # noqa: F811
    api.faults.append(fault(503))
    made = Ledger()
    with pytest.raises(ts.ServiceError, match="is too busy"):
        run(reflections, stripes, made=made)
    assert list((tmp_path / "results").iterdir()) == [] and made.words == 1


def test_curves_are_never_painted_over_an_api(api, tmp_path, stripes):  # noqa: F811
    with pytest.raises(ts.OptionError, match="an API would be asked for each: choose another decoder"):
        Sweeps(tmp_path, None).run(
            stripes, max_side=64, report=Reporter(), renderer="api", caption="", seed=0
        )
    assert not api.requests


def lay_out(reflections):
    with gr.Blocks() as demo:
        caption = gr.Textbox(elem_id="caption")
        settings = [gr.Image(), gr.Radio(), gr.Radio(), gr.Textbox(), gr.Number()]
        panel = improve_panel(SimpleNamespace(reflections=reflections, jobs=Jobs(1)), caption, settings)
    return panel, {getattr(block, "elem_id", None): block for block in demo.blocks.values()}, demo


def local_rows(monkeypatch):
    """A captioner and a renderer of this machine."""
    row = Source("local", "A local captioner", "words", Options, lambda: None, lambda *given: "a red field")
    monkeypatch.setitem(table.SOURCES, "local", row)
    local = replace(registry.DEFAULT, name="reader", title="A reader", prompt=lambda layers: "words")
    monkeypatch.setattr(registry, "RENDERERS", [*registry.RENDERERS, local])


def test_it_is_offered_only_where_something_here_can_do_it(api, reflections, monkeypatch):  # noqa: F811
    _, controls, _ = lay_out(reflections)
    assert controls["improve"].visible and controls["improve-captions"].choices == [
        ("A model over an API", "api")
    ]
    assert not controls["improve-captions"].visible and not controls["improve-renderer"].visible
    monkeypatch.delenv("TEXTSKETCH_IMAGE_MODEL")
    _, controls, _ = lay_out(reflections)
    assert not controls["improve"].visible  # the painter reads no words
    monkeypatch.delenv("TEXTSKETCH_API_BASE")
    local_rows(monkeypatch)
    panel, controls, _ = lay_out(reflections)
    assert controls["improve"].visible and controls["improve-renderer"].value == "reader"
    shown = panel.refresh.updates("gone", "gone")
    assert [shown[controls[f"improve-{name}"]]["value"] for name in ("captions", "renderer")] == [
        "local",
        "reader",
    ]
    monkeypatch.setattr(registry, "RENDERERS", [registry.DEFAULT])
    assert panel.refresh.updates("local", "reader")[controls["improve"]]["visible"] is False


def worked(demo, controls, path, caption="", captions="api", renderer="api"):
    """What the page shows in the end after a click on the button, by elem_id."""
    (click,) = [one.fn for one in demo.fns.values() if getattr(one.fn, "__name__", "") == "work"]
    shown = {}
    request = SimpleNamespace(session_hash="visitor")
    for updates in click(request, caption, captions, renderer, path, "text-only", "custom", "20", 0):
        shown |= {getattr(block, "elem_id", None): update for block, update in updates.items()}
    return shown


def test_it_begins_with_the_visitors_words_where_they_fit_and_counts_on_that(api, reflections, stripes):  # noqa: F811
    api.answers = eye(CAPTIONS)
    _, controls, demo = lay_out(reflections)
    shown = worked(demo, controls, stripes, caption="a red barn")
    assert "At most 11 calls" in shown["improve-plan"] and "of at most 11 calls" in shown["improve-rounds"]
    assert "a red barn" in shown["improve-rounds"]
    long = "far more words than twenty bytes can ever hold, of which there are very many"
    shown = worked(demo, controls, stripes, caption=long)
    assert "At most 14 calls" in shown["improve-plan"] and "of at most 14 calls" in shown["improve-rounds"]
    assert long not in shown["improve-rounds"] and CAPTIONS[0] in shown["improve-rounds"]


def test_without_any_api_it_says_that_none_is_asked(api, reflections, stripes, monkeypatch):  # noqa: F811
    local_rows(monkeypatch)
    _, controls, demo = lay_out(reflections)
    shown = worked(demo, controls, stripes, captions="local", renderer="reader")
    assert "No API is asked." in shown["improve-plan"] and "No API was asked." in shown["improve-rounds"]
    assert "no new caption was found that fits" in shown["improve-status"] and not api.requests


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"path": None}, "Choose a picture first"),
        ({"captions": "nobody"}, "no caption source called &#x27;nobody&#x27;"),
        ({"renderer": "nobody"}, "Unknown renderer"),
    ],
)
def test_what_cannot_be_is_one_sentence(api, reflections, stripes, asked, sentence):  # noqa: F811
    _, controls, demo = lay_out(reflections)
    shown = worked(demo, controls, **{"path": stripes, **asked})
    assert sentence in shown["improve-status"] and not api.requests


def test_what_a_model_says_is_text_and_no_page():
    bad = '<script>alert("x")</script>'
    one = Tried(1, bad, 9, 0.0001, "/tmp/a b/1.tsk", None, 0.5, bad)
    found = Improvement("/tmp/o.webp", (8, 8), (one,), 1, bad, None)
    page = cards(found, bad) + cards(replace(found, rounds=(one, one)), bad, going_on=True)
    assert (
        "<script" not in page
        and page.count("&lt;script&gt;") == 12
        and 'href="gradio_api/file=/tmp/a%20b/' in page
    )
