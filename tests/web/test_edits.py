"""Versions of a file that is edited, their pictures, and visitors who send the tab's functions anything."""

import json

import pytest
from conftest import EXAMPLES
from edit_messages import message, png, square
from running_app import Visitor, running_app

import textsketch as ts
from textsketch.errors import TextsketchError
from textsketch.web.edit_requests import parse
from textsketch.web.edits import Edits, Sheet, least_budget
from textsketch.web.jobs import JobCancelledError, Reporter
from textsketch.web.workers import Pool


@pytest.fixture(scope="module")
def file(photo, tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "cup.tsk"
    path.write_bytes(ts.encode(photo.resize((90, 60)), budget=300, caption="a cup", effort=1).data)
    return path


def test_versions_go_back_and_forth_and_the_oldest_are_forgotten():
    sheet = Sheet("cup", b"0")
    sheet.add(b"0")
    assert not sheet.can_undo and not sheet.can_redo
    for number in range(1, 80):
        sheet.add(b"%d" % number)
    sheet.go(-1)
    assert sheet.data == b"78" and sheet.can_redo
    sheet.add(b"other")
    assert sheet.data == b"other" and not sheet.can_redo
    for _ in range(100):
        sheet.go(-1)
    assert not sheet.can_undo and sheet.data == b"30" and sheet.original == b"0"


def test_the_budget_offered_is_the_least_that_holds_the_file():
    assert [least_budget(bytes(size)) for size in (100, 140, 141, 1200, 2953, 5000)] == [
        "140", "140", "1200", "1200", "2953", "5000",
    ]  # fmt: skip


def test_an_edit_that_has_begun_survives_what_overtakes_it_and_is_brought_back_to_its_budget(file, tmp_path):
    pool = Pool(1)
    edits = Edits(tmp_path, pool)
    sheet = edits.open(str(file), Reporter())
    original = sheet.data
    overtaken = Reporter()
    overtaken.stop.set()
    sheet.ask(parse(message("draw", picture=png(square()))), None)
    edits.change(sheet, overtaken)
    assert sheet.data != original and sheet.can_undo and sheet.answered == 1
    with pytest.raises(JobCancelledError):
        edits.look(sheet.data, "cup", None, overtaken)

    look = edits.look(sheet.data, "cup", "120", Reporter())
    assert len(look.data) <= 120 and len(sheet.data) > 120 and not look.final
    assert edits.look(sheet.data, "cup", "120", Reporter()) is look
    painted = edits.painted(look, "painter", {"brush": False}, Reporter())
    assert (
        painted.final and painted.data == look.data and set(painted.files) >= {"tsk", "png", "shown", "lines"}
    )
    with pytest.raises(TextsketchError, match="choose a larger budget"):
        edits.look(sheet.data, "cup", "4", Reporter())
    sheet.ask(parse(message("erase")), None)
    with pytest.raises(TextsketchError):
        edits.change(sheet, Reporter())
    assert len(ts.unpack(sheet.data).semantic.caption) == 5
    sheet.ask(parse(json.dumps({"do": "undo", "serial": 7})), None)
    assert edits.change(sheet, Reporter())
    assert sheet.data == original and sheet.answered == 7
    pool.close()


def test_files_that_cannot_be_edited_are_one_sentence(tmp_path):
    pool = Pool(1)
    edits = Edits(tmp_path, pool)
    with pytest.raises(TextsketchError):
        edits.open(str(EXAMPLES / "cat.jpg"), Reporter())
    damaged = tmp_path / "damaged.tsk"
    damaged.write_bytes((EXAMPLES / "pagoda.tsk").read_bytes()[:-3])
    with pytest.raises(TextsketchError):
        edits.open(str(damaged), Reporter())
    pool.close()


def test_hostile_messages_to_every_function_of_the_tab_are_answered_and_logged_quietly(file, tmp_path):
    with running_app(tmp_path) as address:
        visitor = Visitor(address)
        config = visitor.config()
        ids = {c["props"].get("elem_id"): c["id"] for c in config["components"]}
        usual = {c["id"]: c["props"].get("value") for c in config["components"]}
        asks = [f for f in config["dependencies"] if [ids["edit-ask"], "click"] in f["targets"]]
        opens = [f for f in config["dependencies"] if [ids["edit-tsk"], "upload"] in f["targets"]]
        assert len(asks) == 1 and len(opens) == 1
        ask, opening = asks[0], opens[0]

        def send(text, other=None):
            data = [usual[one] for one in ask["inputs"]]
            data[1], data[2] = text, other
            return visitor.call(ask["id"], data)

        assert send("x")["success"]  # nothing is on the canvas yet
        data = [usual[one] for one in opening["inputs"]]
        data[0] = visitor.upload("cup.tsk", file.read_bytes())
        assert visitor.call(opening["id"], data)["success"]
        for text in (
            "x", "[" * 100_000, "y" * 3_000_000, '{"do": "undo", "serial": -1}',
            message("erase", picture="iVBORw0KGgo="), message("erase", picture=png(square((2048, 2048)))),
            message("caption", caption="\ud800"), message("lines"), message("joint", person=10**300, joint=0),
        ):  # fmt: skip
            answer = send(text)
            assert answer["success"] or "Traceback" not in json.dumps(answer), text[:80]
        answer = send(message("colours", way="palette"), {"path": "/etc/hostname"})
        assert not answer["success"] and "was not uploaded here" in answer["output"]["error"]
    said = "".join(visitor.answers)
    assert "nothing the app takes" in said
    assert "Traceback" not in (tmp_path / "log").read_text()
