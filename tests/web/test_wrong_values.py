"""Values that no control of the page sends, to every function there is: a sentence each, and a quiet log."""

import gradio as gr
import pytest
from running_app import Visitor, running_app

from textsketch.errors import TextsketchError
from textsketch.web.page import MALFORMED, _check_value

NO_NUMBERS = [True, "x", "", [], {}, "1e999", float("nan"), float("inf"), 10**400]
WRONG = {
    "number": NO_NUMBERS,
    "slider": [None, *NO_NUMBERS],
    "textbox": [None, 5, [], {}],
    "checkbox": [None, 5, "x", [], float("nan")],
    "radio": [None, [], "x", True, float("nan")],
    "dropdown": [None, [], "x", True, float("nan")],
    "image": [1, "x", []],
    "file": [1, "x"],
}
HALF_CHARACTER = "\ud800"


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The address of an app, and its log."""
    folder = tmp_path_factory.mktemp("app")
    with running_app(folder) as address:
        yield address, folder / "log"


def test_wrong_values_are_one_sentence_for_every_function_of_the_page(app):
    address, log = app
    visitor = Visitor(address)
    config = visitor.config()
    components = {c["id"]: c for c in config["components"]}
    asked, sentences, seen = [], [], set()
    for function in config["dependencies"]:
        usual = [components[i]["props"].get("value") for i in function["inputs"]]
        for place, one in enumerate(function["inputs"]):
            kind = components[one]["type"]
            wrong = WRONG.get(kind, [])
            if components[one]["props"].get("value") is None:
                wrong = [value for value in wrong if value is not None]
            wrong = [*wrong, HALF_CHARACTER] if wrong else []
            if one in seen:  # the door is the same; that each function has it is told by one value
                wrong = wrong[-2:-1] if place == 0 else []
            seen.add(one)
            for value in wrong:
                asked.append((function["id"], [*usual[:place], value, *usual[place + 1 :]]))
                sentences.append("half of a character" if value is HALF_CHARACTER else MALFORMED)
    kinds = {components[one]["type"] for one in seen}
    assert {"number", "textbox", "checkbox", "radio", "dropdown", "image", "file"} <= kinds
    answers = visitor.calls(asked)
    for (function, data), sentence, answer in zip(asked, sentences, answers, strict=True):
        assert not answer["success"] and sentence in answer["output"]["error"], (function, data[1:], sentence)
    assert "Traceback" not in log.read_text()


def test_what_is_too_deep_or_too_long_is_one_sentence(app):
    address, log = app
    visitor = Visitor(address)
    config = visitor.config()
    components = {c["id"]: c for c in config["components"]}
    deep = "x"
    for _ in range(500):
        deep = [deep]
    asked = []
    for function in config["dependencies"]:
        usual = [components[i]["props"].get("value") for i in function["inputs"]]
        for place, one in enumerate(function["inputs"]):
            if components[one]["type"] == "textbox":
                asked += [
                    (function["id"], [*usual[:place], value, *usual[place + 1 :]])
                    for value in (deep, "x" * 3_000_000)
                ]
                break
    assert len(asked) > 10
    for answer in visitor.calls(asked[:24]):
        assert not answer["success"], answer
        assert answer["output"]["error"] == MALFORMED or "characters" in answer["output"]["error"]
    status, said = visitor.post("gradio_api/queue/join", {"data": ["x" * 5_000_000], "fn_index": 0})
    assert status == 413 and "too long" in said
    assert "Traceback" not in log.read_text()


def test_what_only_the_browser_runs_and_a_selection_of_nothing_are_one_sentence(app):
    address, log = app
    visitor = Visitor(address)
    config = visitor.config()
    values = {c["id"]: c["props"].get("value") for c in config["components"]}
    in_browser = [f for f in config["dependencies"] if not f["backend_fn"]]
    selections = [f for f in config["dependencies"] if any(event == "select" for _, event in f["targets"])]
    assert in_browser and len(selections) > 1
    for function in in_browser:
        assert visitor.call(function["id"], [])["output"]["error"] == MALFORMED
    for function in selections:
        usual = [values[i] for i in function["inputs"]]
        for event in (5, {}, {"index": "x"}, {"index": -1}, {"index": 0.5}, {"index": [1, 2]}, None):
            answer = visitor.call(function["id"], usual, event_data=event)
            assert answer["output"]["error"] == MALFORMED, (function["id"], event, answer)
        answer = visitor.call(function["id"], usual, event_data={"index": 10**30, "value": "x"})
        assert answer["success"] or answer["output"]["error"] == MALFORMED, answer
    assert "Traceback" not in log.read_text()


@pytest.mark.parametrize(
    ("bounds", "value", "said"),
    [((1, 8), 9, "from 1 to 8"), ((1, None), 0, "from 1"), ((None, 8), 1e300, "to 8")],
)
def test_a_number_that_can_be_typed_is_told_its_bounds(bounds, value, said):
    with gr.Blocks():
        number = gr.Number(3, label="Strength", minimum=bounds[0], maximum=bounds[1])
    _check_value(number, 3), _check_value(number, None)
    with pytest.raises(TextsketchError, match=f"^Strength must be a number {said}$"):
        _check_value(number, value)
