"""Captions by a vision-language model: told the bytes, asked again until one fits, and rid of what is none."""

import base64
import io

import pytest
from api_fixtures import api  # noqa: F401
from api_server import fault, painting, pictures_of, text_of
from PIL import Image

import textsketch as ts
from textsketch.allocation.caption_room import caption_room
from textsketch.cli import main
from textsketch.errors import ServiceError
from textsketch.layers import Layers, Mode, Semantic
from textsketch.options import described
from textsketch.semantic.captions import remote, table
from textsketch.semantic.captions.source import Attempt
from textsketch.semantic.captions.wording import cost_bytes, phrases, unwrapped

RED = Image.new("RGB", (2000, 1000), (200, 40, 40))
LONG = "an extraordinarily ornamented red pagoda with seven storeys above dark pines by a misty lake at dawn"


@pytest.mark.parametrize(
    "answer",
    [
        "a red barn",
        "  a red barn.\n",
        "```\na red barn\n```",
        "```text\na red barn\n```",
        '"a red barn"',
        "“a red barn.”",
        "**a red barn**",
        "# Caption\n\na red barn",
        "**Caption:** *a red barn*",
        "Caption: a red barn\n\nThis is 10 letters long.",
        "Sure! Here is the caption you asked for:\n\n> a red barn",
        'Certainly! Here\'s a shorter caption: "a red barn"',
        "- a red barn\n- a barn",
        "1. a red barn",
        "<think>it is red\nand a barn</think>\na red barn",
        "The image shows a red barn",
    ],
)
def test_markdown_quotes_and_preambles_are_stripped(answer):
    assert unwrapped(answer) == "a red barn"


def test_what_belongs_to_a_caption_stays():
    for caption in (
        "a sign: open",
        "a dog's bowl",
        "here is where it ends",
        "10 red balloons",
        "okay corral, a street",
    ):
        assert unwrapped(caption) == caption
    assert unwrapped("") == unwrapped("```\n```") == unwrapped("Sure!") == ""
    assert len(unwrapped("word " * 5000)) <= 1000


def test_phrases_are_what_a_caption_can_lose():
    assert phrases("a red pagoda above trees, by a lake.") == ["a red pagoda", "above trees", "by a lake"]


def test_the_model_is_told_the_bytes_and_what_they_are_spent_on_and_sees_the_picture(api):  # noqa: F811
    assert table.write(RED, "api", most_bytes=30) == "a red barn"
    (_, _, fields) = api.requests[0]
    system, user = fields["messages"]
    assert fields["model"] == "eye" and "subject, place, light" in text_of(system)
    assert "at most 30 bytes" in text_of(user)
    (seen,) = pictures_of(fields["messages"])
    assert (
        seen.size == (1024, 512) and max(map(abs, map(int.__sub__, seen.getpixel((9, 9)), (200, 40, 40)))) < 6
    )


def test_nothing_of_the_file_but_its_pixels_is_sent(api, tmp_path):  # noqa: F811
    exif = Image.Exif()
    exif[0x010E] = "the secret place"
    path = tmp_path / "a.jpg"
    RED.resize((64, 64)).save(path, exif=exif, comment="the secret comment")
    table.write(Image.open(path), "api")
    assert b"secret" in path.read_bytes()
    (picture,) = pictures_of(api.requests[0][2]["messages"])
    file = io.BytesIO()
    url = api.requests[0][2]["messages"][1]["content"][1]["image_url"]["url"]
    file.write(base64.b64decode(url.partition(",")[2]))
    assert b"secret" not in file.getvalue() and picture.size == (64, 64)


def test_an_answer_that_is_too_long_is_asked_for_again_with_its_exact_bytes(api):  # noqa: F811
    api.answers = [LONG, "a red pagoda above pines by a misty lake at dawn", "a red barn"]
    caption = table.write(RED, "api", most_bytes=6)
    assert caption == "a red barn" and cost_bytes(caption) <= 6 and len(api.requests) == 3
    turns = [text_of(message) for message in api.requests[-1][2]["messages"]]
    assert (
        turns[2] == LONG and f"takes {cost_bytes(LONG)} bytes" in turns[3] and "at most 6 bytes" in turns[3]
    )


def test_a_model_that_never_fits_is_asked_three_times_and_cut_in_phrases(api):  # noqa: F811
    api.answers = [LONG]
    caption = table.write(RED, "api", most_bytes=20)
    assert len(api.requests) == remote.MOST_TURNS == 3
    assert caption and LONG.startswith(caption) and cost_bytes(caption) <= 20


def test_an_over_long_answer_is_no_trouble(api):  # noqa: F811
    api.answers = ["red " * 100_000]
    assert cost_bytes(table.write(RED, "api", most_bytes=9)) <= 9
    assert 0 < len(table.write(RED, "api")) <= 1000


def test_the_source_is_there_only_where_it_is_set_up(api, monkeypatch):  # noqa: F811
    assert table.get("api").unavailable() is None
    monkeypatch.delenv("TEXTSKETCH_CAPTION_MODEL")
    assert "set TEXTSKETCH_CAPTION_MODEL" in table.get("api").unavailable()
    with pytest.raises(ServiceError, match="set TEXTSKETCH_CAPTION_MODEL"):
        table.write(RED, "api")
    assert table.write(RED, "api", caption_model="another eye") == "a red barn"
    assert api.requests[-1][2]["model"] == "another eye"


def test_a_visitor_can_choose_neither_address_nor_model_and_is_not_asked_unasked():
    assert not any(one.offered for one in described(table.get("api").options))
    assert not table.get("api").quick


@pytest.mark.parametrize("caption", ["a red pagoda by a lake", "a dog on a beach", "two men ride horses"])
def test_in_thirteen_bytes_a_caption_fits_by_itself(api, caption):  # noqa: F811
    size = (1024, 1024)
    room = caption_room(size, Mode.TEXT_ONLY, 13)
    api.answers = [LONG, caption]
    written = table.write(RED, "api", most_bytes=room)
    data = ts.encode(RED.resize(size), mode="text-only", budget="micro", caption=written).data
    assert written and len(data) <= 13 and ts.unpack(data).semantic.caption == written


@pytest.mark.parametrize("budget", [8, 13, 60, 131, 132, 133])
def test_a_caption_of_as_many_bytes_as_there_is_room_for_fits(budget):
    room = caption_room((640, 480), Mode.TEXT_ONLY, budget)
    caption = ""
    for letter in map(chr, range(0x4E00, 0x9000, 97)):  # two bytes or more each
        if cost_bytes(caption + letter) > room:
            break
        caption += letter
    size_bytes = len(ts.pack(Layers((640, 480), Semantic(caption))))
    assert budget - 5 <= size_bytes <= budget
    if budget > 8:
        assert caption_room((640, 480), Mode.THREE_LAYER, budget) <= budget // 5


@pytest.mark.parametrize(("mode", "budget"), [(Mode.TEXT_ONLY, 3), (Mode.THREE_LAYER, 4)])
def test_a_budget_without_room_for_words_is_one_sentence(mode, budget):
    with pytest.raises(ts.BudgetError, match=f"a budget of {budget} bytes leaves no room for words; choose"):
        caption_room((640, 480), mode, budget)


def test_a_look_at_the_decode_brings_what_differs_and_a_new_caption(api):  # noqa: F811
    api.answers = ["BETTER: B\n**DIFFERS:** the barn faces left.\nCAPTION: “a red barn, door right”"]
    first, second = (
        Attempt("a barn", painting("green", (64, 64))),
        Attempt("a red barn", painting("red", (64, 64))),
    )
    found = remote.revise(RED, first, second, ["a barn"], 30, remote.RemoteOptions(), print)
    assert (found.differs, found.caption, found.newer_wins) == (
        "the barn faces left",
        "a red barn, door right",
        True,
    )
    messages = api.requests[0][2]["messages"]
    assert len(pictures_of(messages)) == 3 and "none of these: “a barn”" in text_of(messages[1])
    found = remote.revise(RED, first, None, ["a red barn, door right"], 30, remote.RemoteOptions(), print)
    assert found.caption == "" and found.newer_wins is None
    api.answers = ["A\nno idea"]
    assert remote.revise(RED, first, second, [], 0, remote.RemoteOptions(), print).newer_wins is False


def test_the_command_writes_within_bytes_and_has_no_option_for_a_key(api, tmp_path, capsys):  # noqa: F811
    RED.resize((64, 64)).save(tmp_path / "a.png")
    api.answers = [LONG, "a red barn"]
    assert main(["caption", str(tmp_path / "a.png"), "--source", "api", "--most-bytes", "8"]) == 0
    assert capsys.readouterr().out.strip() == "a red barn"
    api.faults.append(fault(500))
    assert main(["caption", str(tmp_path / "a.png"), "--source", "api"]) == 2
    assert "has failed (500)" in capsys.readouterr().err
    for command in ("caption", "encode", "decode", "reflect"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        assert "key" not in capsys.readouterr().out.replace("keypoint", "").lower().replace("the key", "")
