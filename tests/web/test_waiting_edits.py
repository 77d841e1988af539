"""Messages to a sheet of the Edit tab while others take all places: none is lost, none blocks the page."""

import json
import threading
from types import SimpleNamespace

import gradio as gr
import pytest
from conftest import EXAMPLES
from PIL import Image

import textsketch as ts
from textsketch.web.demo import build
from textsketch.web.edits import Edits, Sheet
from textsketch.web.jobs import Jobs, Reporter
from textsketch.web.results import Results
from textsketch.web.sweeps import Sweeps
from textsketch.web.workspace import Workspace

VISITOR = SimpleNamespace(session_hash="visitor")


class Here:
    """A pool that works in this process."""

    def run(self, function, report, *, cpu_seconds=0, grace_seconds=0.0, about=None, **arguments):
        return function(report, **arguments)


@pytest.fixture(autouse=True)
def nobody_listens(monkeypatch):
    """What overtaken edits tell is not taken here; it is not waited for."""
    monkeypatch.setattr("textsketch.web.jobs._END_SECONDS", 0.1)


@pytest.fixture
def tab(tmp_path, monkeypatch):
    """The function of the page that edits, its jobs, and a way to take their only place."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    workspace, pool, jobs = Workspace(EXAMPLES), Here(), Jobs(1)
    page, _ = build(
        workspace,
        jobs,
        Results(workspace.results, pool),
        Sweeps(workspace.results, pool),
        Edits(workspace.results, pool),
    )
    labels = {block._id: getattr(block, "elem_id", None) for block in page.blocks.values()}
    (ask,) = (f for f in page.fns.values() if f.targets and labels.get(f.targets[0][0]) == "edit-ask")
    usual = [getattr(component, "value", None) for component in ask.inputs]
    named = {labels[component._id]: component for component in ask.outputs}

    def work(sheet, message):
        return ask.fn(VISITOR, sheet, message, None, "", "", *usual[5:])

    return SimpleNamespace(jobs=jobs, work=work, named=named)


@pytest.fixture
def sheet():
    picture = Image.open(EXAMPLES / "fig.jpg").resize((90, 60))
    return Sheet("fig", ts.encode(picture, budget=300, caption="a fig", effort=1).data)


@pytest.fixture
def crowd(tab):
    """Somebody else's work in the only place, until it is set."""
    came, gone = threading.Event(), threading.Event()

    def stay(report: Reporter) -> None:
        came.set()
        gone.wait(60)

    thread = threading.Thread(target=tab.jobs.call, args=(stay, Reporter()))
    thread.start()
    assert came.wait(60)
    yield gone
    gone.set()
    thread.join()


def rename(number: int) -> str:
    return json.dumps({"do": "caption", "serial": number, "caption": f"name {number}"})


def test_an_edit_that_waits_for_its_place_is_not_lost_to_what_overtakes_it(tab, sheet, crowd):
    first, second = tab.work(sheet, rename(1)), tab.work(sheet, rename(2))
    another_painter = tab.work(sheet, "")
    assert "waiting" in str([next(first), next(first)])
    next(second), next(another_painter)
    last_words = [update for told in (*first, *second) for update in told.values()]
    assert last_words == [gr.skip(), gr.skip()]
    crowd.set()
    told = list(another_painter)[-1][tab.named["edit-standing"]]
    assert "answered&quot;: 2" in told and ts.unpack(sheet.data).semantic.caption == "name 2"
    sheet.go(-1)
    assert ts.unpack(sheet.data).semantic.caption == "name 1"


def test_an_edit_that_is_cancelled_before_it_began_is_told_as_dealt_with(tab, sheet, crowd):
    asked = tab.work(sheet, rename(1))
    next(asked)
    tab.jobs.cancel("visitor/edit")
    told = list(asked)[-1]
    assert "Cancelled" in told[tab.named["edit-status"]]
    assert "answered&quot;: 1" in told[tab.named["edit-standing"]] and not sheet.can_undo


def test_an_edit_that_cannot_be_made_does_not_take_those_after_it_along(tab, sheet, crowd):
    wrong = tab.work(sheet, json.dumps({"do": "joint", "serial": 1, "person": 9, "joint": 0, "to": None}))
    right = tab.work(sheet, rename(2))
    next(wrong), next(right)
    list(wrong)
    crowd.set()
    told = list(right)[-1]
    assert "ts-error" in told[tab.named["edit-status"]]
    assert "answered&quot;: 2" in told[tab.named["edit-standing"]]
    assert ts.unpack(sheet.data).semantic.caption == "name 2"


def test_what_is_no_message_fails_at_once_so_that_the_page_waits_for_no_answer(tab, sheet):
    with pytest.raises(ts.TextsketchError, match="nothing the app takes"):
        next(tab.work(sheet, "x" * 3_000_000))


def test_more_edits_at_once_than_a_hand_makes_are_one_sentence(tab, sheet, crowd):
    waiting = []
    with pytest.raises(ts.TextsketchError, match="more edits at once"):
        for number in range(100):
            waiting.append(tab.work(sheet, rename(number)))
            next(waiting[-1])
    assert 8 <= len(waiting) < 100
