"""Messages to the Edit tab, from its own canvas and from nobody's: a file that can be read, or one sentence."""

import base64
import json
import struct
import zlib

import numpy as np
import pytest
from edit_messages import message, png, square

import textsketch as ts
from textsketch.errors import TextsketchError
from textsketch.layers import Layers, Semantic, Skeletons
from textsketch.web.commands import MALFORMED
from textsketch.web.edit_requests import TOOLS, apply, parse


@pytest.fixture(scope="module")
def files(photo) -> dict[str, bytes]:
    """One file of each kind."""
    small = photo.resize((90, 60))
    made = {mode: ts.encode(small, budget=300, mode=mode, effort=1).data for mode in ts.Mode}
    person = tuple((200 + joint, 100 + 9 * joint) for joint in range(18))
    made["people"] = ts.pack(Layers((90, 60), Semantic("one"), Skeletons((person,))))
    return made


GOOD = {
    "draw": {"colour": "#ff0000"},
    "rub": {},
    "move": {"by": [0.1, -0.2]},
    "joint": {"person": 0, "joint": 3, "to": [0.5, 0.5]},
    "recolour": {"colour": "#2050d0"},
    "paint": {"colour": "#2050d0"},
    "shift": {"hue": 30, "lightness": -10, "chroma": 20},
    "erase": {},
    "colours": {"way": "palette"},
    "lines": {},
    "caption": {"caption": "another"},
}


@pytest.mark.parametrize("do", TOOLS)
def test_every_tool_changes_a_file_it_can_and_says_why_not_of_others(do, files, photo_path):
    changed = 0
    for data in files.values():
        try:
            edited = apply(data, parse(message(do, picture=png(square()), **GOOD[do])), str(photo_path))
        except TextsketchError as error:
            assert len(str(error)) < 300 and str(error) != MALFORMED
        else:
            assert ts.unpack(edited).size == (90, 60)
            changed += edited != data
    assert changed > 0


@pytest.mark.parametrize("do", TOOLS)
def test_masks_of_any_size_empty_or_full_give_a_file_or_a_sentence(do, files, photo_path):
    for mask in (
        np.ones((1, 1), bool), np.zeros((7, 3), bool), np.ones((60, 90), bool),
        square((1, 2048)), square((2048, 1)), square((700, 500)),
    ):  # fmt: skip
        asked = parse(message(do, picture=png(mask), **GOOD[do]))
        for data in (files[ts.Mode.THREE_LAYER], files["people"]):
            try:
                assert ts.unpack(apply(data, asked, str(photo_path))).size == (90, 60)
            except TextsketchError as error:
                assert str(error) != MALFORMED


HOSTILE = [
    None, True, -1, 10**400, float("nan"), float("inf"), "x", "", "\ud800", [], {}, [1], [None, None],
    [1e300, 1], ["a", "b"], [float("nan"), 0], "x" * 10_000, "rgb(999999999999, 0, 0)",
]  # fmt: skip


@pytest.mark.parametrize("do", TOOLS)
def test_wrong_values_are_one_short_sentence(do, files, photo_path):
    names = [*GOOD[do], "picture", "serial"]
    for name in names:
        for value in HOSTILE:
            asked = {"do": do, "serial": 1, "picture": png(square()), **GOOD[do], name: value}
            for data in files.values():
                try:
                    edited = apply(data, parse(json.dumps(asked)), str(photo_path))
                except TextsketchError as error:
                    assert len(str(error)) < 400
                else:
                    ts.unpack(edited)


@pytest.mark.parametrize(
    "text",
    ["", "x", "[]", "5", "null", "{}", '{"do": []}', '{"do": "erase"}', '{"do": "none", "serial": 1}',
     '{"do": "erase", "serial": "1"}', "[" * 100_000, "x" * 3_000_000,
     '{"do": "undo", "serial": true, "picture": 5}'],
)  # fmt: skip
def test_what_is_no_message_is_one_sentence(text):
    with pytest.raises(TextsketchError, match="nothing the app takes"):
        parse(text)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def test_giant_and_broken_drawings_are_refused_before_they_are_decoded(files):
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 6, 0, 0, 0))
    bomb = head + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    whole = base64.b64decode(png(square()))
    text = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(80_000_000)))
    odd = [whole[:-12] + chunk(name, b"\0") + whole[-12:] for name in (b"cHRM", b"gAMA", b"iCCP")]
    for broken in (bomb, whole[:60], whole[:33] + text + whole[33:], head, b"\x89PNG", b"GIF89a", *odd):
        asked = message("erase", picture=base64.b64encode(broken).decode())
        with pytest.raises(TextsketchError, match="nothing the app takes"):
            apply(files[ts.Mode.THREE_LAYER], parse(asked), None)


def test_another_picture_that_is_none_is_a_sentence(files, tmp_path):
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("nothing")
    data = files[ts.Mode.THREE_LAYER]
    for do, other in (("colours", None), ("colours", wrong), ("lines", None), ("lines", wrong)):
        with pytest.raises(TextsketchError):
            apply(data, parse(message(do, **GOOD[do])), other and str(other))
    theirs = tmp_path / "theirs.tsk"
    theirs.write_bytes(files[ts.Mode.TEXT_ONLY])
    assert apply(data, parse(message("colours", way="map")), str(theirs)) != data
