"""Rounds of decoding, looking and rewriting: within the bytes, the best kept, nothing lost by a failure."""

import json

import numpy as np
import pytest
from api_eye import away, eye, from_caption
from api_fixtures import KEY, api  # noqa: F401
from api_server import fault, painting
from PIL import Image

import textsketch as ts
from textsketch import cli
from textsketch.cli import main
from textsketch.models import clip
from textsketch.options import Options
from textsketch.reflection.rounds import improve, planned
from textsketch.render import registry
from textsketch.semantic.captions import table
from textsketch.semantic.captions.source import Source

ORIGINAL = painting("red green blue", (1024, 1024))
CAPTIONS = ["a blue field", "a red field, green field, blue field", "a red and blue field"]
ROUNDS = {"mode": "text-only", "budget": "40B", "captions": "api", "renderer": "api"}


@pytest.fixture(autouse=True)
def paints_captions(api):  # noqa: F811
    api.paints = from_caption(CAPTIONS)


@pytest.fixture
def no_clip(monkeypatch):
    monkeypatch.setattr(clip, "unavailable", lambda *about: "no CLIP here")


@pytest.fixture
def with_clip(monkeypatch):
    """A CLIP that likes what is near, level by level."""
    monkeypatch.setattr(clip, "unavailable", lambda *about: None)

    def score(original, pictures, caption=None, *, name):
        assert name == clip.CHOOSING
        return [clip.ClipScore(1 - away(picture, ORIGINAL) / 255, None, "m", "t") for picture in pictures]

    monkeypatch.setattr(clip, "score", score)


@pytest.mark.parametrize("chooser", ["no_clip", "with_clip"])
def test_the_best_of_the_rounds_is_chosen_and_fits(api, chooser, request):  # noqa: F811
    request.getfixturevalue(chooser)
    api.answers = eye(CAPTIONS)
    found = ts.reflect(ORIGINAL, rounds=3, **ROUNDS)
    assert [one.caption for one in found.rounds] == CAPTIONS and found.stopped is None
    distances = [away(one.decoded, ORIGINAL) for one in found.rounds]
    assert found.best.number == 2 == 1 + int(np.argmin(distances)) and len(set(distances)) == 3
    for one in found.rounds:
        assert one.encoded.size_bytes <= 40
        again = ts.decode(one.encoded.data, renderer="api")
        assert again.layers.semantic.caption == one.caption
        assert np.array_equal(np.asarray(again.image), np.asarray(one.decoded))
    assert found.encoded is found.rounds[1].encoded
    if chooser == "with_clip":
        assert "by the CLIP that chooses (clip-vit-l-14)" in found.chosen_by
        assert all(one.similarity is not None for one in found.rounds) and (found.words, found.pictures) == (
            3,
            3,
        )
    else:
        assert "by the comparison of a model over an API" in found.chosen_by
        assert (found.words, found.pictures) == (4, 3)


def test_at_micro_a_caption_of_thirteen_bytes_fits_by_itself(api, no_clip):  # noqa: F811
    api.answers = eye(
        ["an enormous red field beside a green one and a blue one", "red stripes", "a red wall"]
    )
    found = ts.reflect(ORIGINAL, budget="micro", captions="api", renderer="api")
    assert found.budget_bytes == 13 and found.rounds
    assert all(one.caption and one.encoded.size_bytes <= 13 for one in found.rounds)


def test_every_decode_and_every_look_gives_a_state_and_rounds_stay(api, no_clip):  # noqa: F811
    api.answers = eye(CAPTIONS)
    states = list(improve(ORIGINAL, rounds=2, **ROUNDS))
    assert [len(state.rounds) for state in states] == [1, 1, 2, 2]
    assert [state.rounds[-1].differs for state in states] == ["", "the stripes", "", "the stripes"]
    assert [state.best.number for state in states] == [1, 1, 1, 2]


@pytest.mark.parametrize("round_number", [1, 2, 3])
def test_a_round_that_fails_loses_nothing(api, no_clip, round_number):  # noqa: F811
    api.answers = eye(CAPTIONS)
    states = improve(ORIGINAL, rounds=3, **ROUNDS)
    state = None
    for _ in range(2 * (round_number - 1)):
        state = next(states)
    if round_number == 1:
        api.faults = []
        asked = api.answers

        def then_fail(messages):
            api.faults.append(fault(500))
            return asked(messages)

        api.answers = then_fail
    else:
        api.faults.append(fault(500))
    *_, found = states
    assert "has failed (500)" in found.stopped
    assert found.encoded.size_bytes <= 40 and len(found.rounds) == round_number
    if state is not None:
        assert found.best.encoded.data == state.best.encoded.data and found.best.decoded is not None
    assert found.rounds[-1].decoded is None and found.rounds[-1].encoded.data


def test_a_look_that_fails_keeps_the_decode(api, with_clip):  # noqa: F811
    api.answers = eye(CAPTIONS)
    states = improve(ORIGINAL, rounds=2, **ROUNDS)
    next(states)
    api.faults.append(fault(401))
    (found,) = states
    assert "(401)" in found.stopped and found.best.decoded is not None


def test_the_bound_on_calls_holds_and_what_was_found_is_kept(api, no_clip):  # noqa: F811
    api.answers = eye(CAPTIONS)
    found = ts.reflect(ORIGINAL, rounds=3, max_calls=3, **ROUNDS)
    assert len(api.requests) == 3 and found.words + found.pictures == 3
    assert "the limit of 3 calls to the API is reached" in found.stopped
    assert len(found.rounds) == 2 and found.best.number == 1
    with pytest.raises(ts.ServiceError, match="the limit of 0 calls"):
        ts.reflect(ORIGINAL, max_calls=0, **ROUNDS)
    assert len(api.requests) == 3


def test_calls_and_their_cost_are_told_before_and_after(api, no_clip, monkeypatch):  # noqa: F811
    rows = {"rounds": 2, "captions": "api", "renderer": "api"}
    plan = planned(**rows)
    assert (plan.calls, plan.words, plan.pictures, plan.cost) == (10, 7, 3, None)
    assert plan.sentence == "At most 10 calls of the API (7 for words, 3 for pictures)."
    monkeypatch.setenv("TEXTSKETCH_CAPTION_PRICE", "0.01")
    monkeypatch.setenv("TEXTSKETCH_IMAGE_PRICE", "0.04")
    assert planned(**rows).cost == pytest.approx(0.19)
    assert planned(**rows, max_calls=4).cost == pytest.approx(0.13)
    assert not api.requests
    api.answers = eye(CAPTIONS)
    found = ts.reflect(ORIGINAL, rounds=2, **ROUNDS)
    assert found.cost == pytest.approx(3 * 0.01 + 2 * 0.04)
    assert found.calls_sentence == (
        "5 of at most 10 calls of the API were made (3 for words, 2 for pictures), which cost 0.11."
    )


def test_progress_that_raises_stops_and_leaves_the_states_before(api, no_clip):  # noqa: F811
    api.answers = eye(CAPTIONS)
    stop = []

    def progress(fraction, message):
        assert 0 <= fraction <= 1
        if stop:
            raise KeyboardInterrupt

    states = improve(ORIGINAL, rounds=3, progress=progress, **ROUNDS)
    kept = next(states)
    stop.append(True)
    with pytest.raises(KeyboardInterrupt):
        next(states)
    assert kept.rounds[0].decoded is not None


def test_it_works_without_any_api(monkeypatch, no_clip):
    def write(picture, options, progress):
        return "a red field, next to a green field" if away(picture, ORIGINAL) < 1 else "a grey wall"

    row = Source("local", "A local captioner", "words", Options, lambda: None, write)
    monkeypatch.setitem(table.SOURCES, "local", row)
    monkeypatch.delenv("TEXTSKETCH_API_BASE")
    found = ts.reflect(ORIGINAL, budget="40B", rounds=2, captions="local", renderer="painter")
    first, second = found.rounds
    assert first.caption != second.caption and all(one.encoded.size_bytes <= 40 for one in found.rounds)
    assert "not seen in it: red, field, next, green; seen in it instead: grey, wall" in first.differs
    assert found.plan.sentence == "No API is asked." and found.calls_sentence == "No API was asked."
    assert "what A local captioner says of the original" in found.chosen_by


def test_a_painter_that_reads_no_words_is_taken_only_if_it_is_named(monkeypatch, no_clip):
    monkeypatch.setattr(registry, "RENDERERS", [registry.DEFAULT])
    with pytest.raises(
        ts.OptionError, match="nothing here paints from words.* textsketch weights fetch fast"
    ):
        planned(captions="api")
    assert planned(captions="api", renderer="painter").pictures == 0


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"rounds": 0}, "rounds must be a whole number from 1 to 10, not 0"),
        ({"rounds": True}, "rounds must be a whole number"),
        ({"max_calls": -1}, "max_calls must be a whole number from 0"),
        ({"budget": 3}, "leaves no room for words"),
        ({"tokens": 3}, "does not take the option tokens"),
        ({"captions": "nobody"}, "no caption source called 'nobody'"),
        ({"renderer": "nobody"}, "unknown renderer 'nobody'"),
        ({"caption": "far too long a first caption for three bytes " * 3}, "smallest text-only file"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_asks_nothing(api, asked, sentence):  # noqa: F811
    with pytest.raises(ts.TextsketchError, match=sentence):
        ts.reflect(ORIGINAL, **{**ROUNDS, **asked})
    assert not api.requests


def test_the_command_writes_file_and_report_and_tells_the_calls(api, no_clip, tmp_path, capsys):  # noqa: F811
    api.answers = eye(CAPTIONS)
    ORIGINAL.save(tmp_path / "a.png")
    command = [
        "reflect",
        tmp_path / "a.png",
        tmp_path / "a.tsk",
        "--budget",
        "40B",
        "--report",
        tmp_path / "all",
    ]
    assert main([*map(str, command), "--max-calls", "9"]) == 0
    out, err = capsys.readouterr()
    assert "At most 9 calls of the API" in err and "7 of at most 9 calls of the API were made" in out
    assert "* the best by the comparison of a model over an API" in out
    report = json.loads((tmp_path / "all" / "report.json").read_text())
    assert report["best_round"] == 2 and report["calls"] == {"words": 4, "pictures": 3, "at_most": 9}
    assert ts.unpack((tmp_path / "a.tsk").read_bytes()).semantic.caption == report["caption"] == CAPTIONS[1]
    for number in (1, 2, 3):
        assert Image.open(tmp_path / "all" / f"round-{number}.png").size == ORIGINAL.size
        assert (tmp_path / "all" / f"round-{number}.tsk").stat().st_size <= 40
    page = (tmp_path / "all" / "report.md").read_text()
    assert "![Round 3](round-3.png)" in page and "by the comparison" in page
    assert main([*map(str, command), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["size_bytes"] <= 40


def test_a_server_that_repeats_the_key_brings_it_into_no_file(api, no_clip, tmp_path, capfd):  # noqa: F811
    asked = eye([f"a {KEY} field", "a red wall"])

    def repeat(messages):
        if len(api.requests) == 4:
            api.faults.append(fault(500, {"message": f"{KEY} failed"}))
        return f"{asked(messages)} {KEY}"

    api.answers = repeat
    ORIGINAL.save(tmp_path / "a.png")
    command = [
        "reflect",
        tmp_path / "a.png",
        tmp_path / "a.tsk",
        "--budget",
        "60B",
        "--report",
        tmp_path / "all",
    ]
    assert main([*map(str, command)]) == 0
    out, err = capfd.readouterr()
    files = [file for file in (tmp_path / "all").iterdir() if file.suffix != ".png"]
    assert len(files) >= 3 and "[key]" in out
    written = b"".join(file.read_bytes() for file in files) + (tmp_path / "a.tsk").read_bytes()
    captions = [ts.unpack(file.read_bytes()).semantic.caption for file in files if file.suffix == ".tsk"]
    assert KEY not in out + err + "".join(captions) and KEY.encode() not in written


def test_the_command_keeps_the_best_when_interrupted(api, no_clip, tmp_path, capsys, monkeypatch):  # noqa: F811
    asked = eye(CAPTIONS)
    count = []

    def answer(messages):
        count.append(1)
        return asked(messages)

    api.answers = answer
    ORIGINAL.save(tmp_path / "a.png")

    def show(self, fraction, message):
        if len(count) >= 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(cli._progress, "show", show)
    command = ["reflect", tmp_path / "a.png", tmp_path / "a.tsk", "--budget", "40B"]
    assert main([*map(str, command), "--report", str(tmp_path / "all")]) == 130
    said = capsys.readouterr().err
    assert "holds the best of the rounds that are done" in said
    assert "3 of at most 14 calls of the API were made (2 for words, 1 for pictures)" in said
    assert ts.unpack((tmp_path / "a.tsk").read_bytes()).semantic.caption == CAPTIONS[0]
    assert (tmp_path / "all" / "round-1.png").exists()
