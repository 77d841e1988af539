"""The command line's edits."""

import json

import numpy as np
import pytest
from PIL import Image
from small_files import PEOPLE, same

import textsketch as ts
from textsketch import edit
from textsketch.cli import main
from textsketch.edit.steps import STEPS
from textsketch.layers import Layers, Semantic


@pytest.fixture
def folder(tmp_path, monkeypatch, photo):
    """A .tsk file, a mask and a drawing in the current folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.tsk").write_bytes(ts.encode(photo, budget=500, caption="a cup", effort=1).data)
    photo.save("other.png")
    mask = np.zeros((160, 240), np.uint8)
    mask[40:120, 60:150] = 255
    Image.fromarray(mask).save("mask.png")
    drawing = np.full((160, 240), 255, np.uint8)
    drawing[80:83, 20:220] = 0
    Image.fromarray(drawing).save("drawing.png")
    return tmp_path


def layers_of(path) -> Layers:
    return ts.unpack(path.read_bytes())


def test_edits_are_made_in_the_order_given(folder, capsys):
    one = ["--recolour", "mask.png", "#2050c0", "--move", "mask.png", "-40,10"]
    other = ["--move", "mask.png", "-40,10", "--recolour", "mask.png", "#2050c0"]
    start = layers_of(folder / "in.tsk")
    for name, steps in (("one.tsk", one), ("other.tsk", other)):
        assert main(["edit", "in.tsk", name, *steps]) == 0
    wanted = edit.move(edit.recolour(start, "mask.png", "#2050c0"), "mask.png", (-40, 10))
    assert same(layers_of(folder / "one.tsk"), wanted)
    assert not same(layers_of(folder / "other.tsk"), wanted)
    assert "bytes" in capsys.readouterr().out


def test_every_edit_has_an_option(folder, capsys):
    given = {
        "erase": ["mask.png"],
        "move": ["mask.png", "-5,-6"],
        "recolour": ["all", "red"],
        "shift": ["mask.png", "-30,-5,10"],
        "repaint": ["mask.png", "other.png"],
        "colours-from": ["in.tsk"],
        "map-from": ["other.png"],
        "draw": ["drawing.png"],
        "draw-in": ["drawing.png", "#ffffff"],
        "redraw": ["drawing.png"],
        "rub-out": ["all"],
        "caption": ["a mug"],
        "budget": ["400B"],
    }
    assert {*given, "joint"} == {step.option for step in STEPS}
    arguments = [part for option, values in given.items() for part in (f"--{option}", *values)]
    assert main(["edit", "in.tsk", "out.tsk", *arguments, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["edits"] == list(given)
    assert record["size_bytes"] == (folder / "out.tsk").stat().st_size <= 400
    assert layers_of(folder / "out.tsk").semantic.caption == "a mug"


def test_a_joint_is_moved(folder):
    people = Layers((512, 512), Semantic("two people"), PEOPLE)
    (folder / "people.tsk").write_bytes(ts.pack(people))
    assert main(["edit", "people.tsk", "out.tsk", "--joint", "1", "nose", "30,40"]) == 0
    assert layers_of(folder / "out.tsk").structure.people[1][0] == (30, 40)


def test_an_empty_mask_is_told(folder, capsys):
    Image.new("L", (5, 5)).save("empty.png")
    assert main(["edit", "in.tsk", "out.tsk", "--erase", "empty.png"]) == 0
    assert "nothing changed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name an edit"),
        (["--erase", "nowhere.png"], "cannot read nowhere.png"),
        (["--recolour", "mask.png", "reddish"], "is no colour"),
        (["--move", "mask.png", "5"], "how far right and down"),
        (["--shift", "mask.png", "1,2"], "hue, lightness and chroma"),
        (["--joint", "0", "nose", "1,1"], "no skeletons"),
        (["--joint", "a", "nose", "1,1"], "count from 0"),
        (["--budget", "3"], "the smallest"),
        (["--colours-from", "mask.tsk"], "cannot read mask.tsk"),
    ],
)
def test_wrong_arguments_are_one_sentence(folder, capsys, arguments, words):
    assert main(["edit", "in.tsk", "out.tsk", *arguments]) == 2
    message = capsys.readouterr().err
    assert words in message and message.count("\n") == 1
    assert not (folder / "out.tsk").exists()


def test_the_input_is_never_written_over(folder, capsys):
    assert main(["edit", "in.tsk", "in.tsk", "--rub-out", "all"]) == 2
    assert "is the input" in capsys.readouterr().err
