"""Damage in one layer costs that layer and those behind it, not the file."""

import json
from dataclasses import replace

import numpy as np
import pytest
from small_files import GOLDENS, PEOPLE, same, with_valid_checks

import textsketch as ts
from textsketch import bitstream
from textsketch.cli import main
from textsketch.codestream.grids import base_shape
from textsketch.errors import BitstreamError, TextsketchError
from textsketch.layers import Layers, Mode, Semantic, Strokes, Texture
from textsketch.pipeline import encode

COLOUR_MAP_LOST = "the colour map is damaged or cut short and is left out"
SKETCH_LOST = "the sketch is damaged or cut short; it and all behind it are left out"


def small_file(size: tuple[int, int] = (16, 11)) -> bytes:
    """A file of all three layers in about thirty bytes; size: at most 32 pixels along its sides."""
    coefficients = np.zeros((3, *base_shape(size)), np.int32)
    coefficients[:, 0, 0] = (9, -3, 2)
    strokes = np.zeros((size[1], size[0]), bool)
    strokes[3, 2:9] = strokes[3:8, 5] = True
    return bitstream.pack(Layers(size, Semantic("fig"), Strokes(strokes), Texture(coefficients, 20), 77))


def version_0_file() -> bytes:
    return (GOLDENS / "version-0" / "tiny.tsk").read_bytes()


def check_salvaged(damaged: bytes, whole: Layers) -> int:
    """Whether what is saved is the undamaged file's; returns the number of layers saved."""
    try:
        saved = bitstream.salvage(damaged)
    except BitstreamError:
        return 0
    assert same(saved.layers, whole.reduced_to(saved.layers.mode))
    assert damaged.startswith(saved.data)
    assert (saved.lost is None) == (saved.data == damaged)
    return saved.layers.mode.layer_count


@pytest.mark.slow
@pytest.mark.parametrize("file", [small_file, version_0_file])
def test_any_damaged_byte_costs_its_layer_and_those_behind_it(file):
    """Every value of the bytes around the payloads, every flipped bit of the payloads."""
    data = file()
    whole = bitstream.unpack(data)
    header, segments = bitstream.split(data)
    ends = np.cumsum([header.size_bytes, *(segment.size_bytes for segment in segments)])
    framing = {*range(header.size_bytes), *ends[:-1], *(ends[1:] - 1)}
    for position, byte in enumerate(data):
        before = int((position >= ends[1:]).sum())
        for change in range(1, 256) if position in framing else [1 << bit for bit in range(8)]:
            damaged = data[:position] + bytes([byte ^ change]) + data[position + 1 :]
            assert check_salvaged(damaged, whole) == before
            with pytest.raises(BitstreamError):
                bitstream.unpack(damaged)


def test_a_file_cut_anywhere_gives_the_layers_before_the_cut(photo):
    for data in (
        small_file(),
        version_0_file(),
        encode(photo, budget=160, caption="a cup of coffee", seed=7).data,
        bitstream.pack(Layers((512, 768), Semantic("a person waving"), PEOPLE, seed=9)),
    ):
        whole = bitstream.unpack(data)
        ends = [len(bitstream.cut(data, mode)) for mode in list(Mode)[: whole.mode.layer_count]]
        for length in range(len(data)):
            saved = check_salvaged(data[:length], whole)
            assert saved == sum(length >= end for end in ends)


def test_random_damage_gives_layers_or_the_error(photo):
    """A check of eight bits overlooks such damage in one of 256 files, so false layers are no fault here."""
    data = encode(photo, budget=200, caption="a cup of coffee").data
    random = np.random.default_rng(0)
    counts = np.zeros(4, int)
    for _ in range(200):
        damaged = bytearray(data)
        start = int(random.integers(len(data)))
        damaged[start : start + int(random.integers(1, 9))] = random.bytes(int(random.integers(0, 9)))
        try:
            counts[bitstream.salvage(damaged).layers.mode.layer_count] += 1
        except BitstreamError:
            counts[0] += 1
    assert counts[0] and counts[1] and counts[2]


def test_the_sentence_says_what_is_lost():
    data = small_file()
    header, segments = bitstream.split(data)
    behind_text = header.size_bytes + segments[0].size_bytes
    for damaged, mode, lost in (
        (data, Mode.THREE_LAYER, None),
        (data[:-1], Mode.TEXT_SKETCH, COLOUR_MAP_LOST),
        (data + b"\0", Mode.THREE_LAYER, "bytes follow the last layer of the file; they are left out"),
        (data[: behind_text + 2], Mode.TEXT_ONLY, SKETCH_LOST),
        (bitstream.cut(data, Mode.TEXT_SKETCH), Mode.TEXT_SKETCH, None),
    ):
        saved = bitstream.salvage(damaged)
        assert (saved.layers.mode, saved.lost) == (mode, lost)


def test_a_sound_segment_that_holds_no_layer_counts_as_damaged():
    data = small_file()
    header, segments = bitstream.split(data)
    text, sketch, colours = (segment.payload for segment in segments)
    random = np.random.default_rng(1)
    for lost, below, above in ((SKETCH_LOST, [text], [colours]), (COLOUR_MAP_LOST, [text, sketch], [])):
        tried = 0
        for _ in range(80):
            forged = with_valid_checks(data[: header.size_bytes], [*below, random.bytes(12), *above])
            try:
                bitstream.unpack(forged)
            except BitstreamError:
                tried += 1
                assert bitstream.salvage(forged).lost == lost
        assert tried


def test_decode_paints_what_is_left_when_asked_to(photo):
    data = encode(photo, budget=300).data
    damaged = data[:-1] + bytes([data[-1] ^ 1])
    with pytest.raises(BitstreamError):
        ts.decode(damaged)
    decoded = ts.decode(damaged, damaged="skip")
    assert decoded.mode is Mode.TEXT_SKETCH and decoded.lost == COLOUR_MAP_LOST
    assert decoded.image.tobytes() == ts.decode(data, mode="text+sketch").image.tobytes()
    assert ts.decode(damaged, damaged="skip", mode="three-layer").mode is Mode.TEXT_SKETCH
    assert ts.decode(damaged, damaged="skip", mode="text-only").mode is Mode.TEXT_ONLY
    assert ts.decode(data, damaged="skip").lost is None
    with pytest.raises(BitstreamError, match="no layers for three-layer"):
        ts.decode(bitstream.cut(data, Mode.TEXT_SKETCH), damaged="skip", mode="three-layer")
    with pytest.raises(TextsketchError, match="error or skip"):
        ts.decode(data, damaged="ignore")


def test_the_command_line_salvages_when_told_to(tmp_path, capsys):
    path = tmp_path / "cut.tsk"
    data = small_file((30, 20))
    path.write_bytes(data[:-3])
    for command in (["decode", str(path)], ["info", str(path)]):
        assert main(command) == 2
        said = capsys.readouterr().err
        assert "truncated" in said and said.endswith("; --salvage gives what is left, text+sketch\n")
        assert main([*command, "--salvage", "--json"]) == 0
        printed = capsys.readouterr()
        record = json.loads(printed.out)
        assert record["lost"] == COLOUR_MAP_LOST and record["mode"] == "text+sketch"
        assert printed.err == f"textsketch: {path}: {COLOUR_MAP_LOST}\n"
    path.write_bytes(data)
    assert main(["info", str(path), "--salvage"]) == 0 and capsys.readouterr().err == ""
    path.write_bytes(data[:5])
    assert main(["decode", str(path), "--salvage"]) == 2 == main(["decode", str(path)])
    assert "--salvage" not in capsys.readouterr().err


def test_the_header_alone_is_no_picture():
    data = bitstream.pack(replace(bitstream.unpack(small_file()), structure=None, texture=None))
    for length in range(len(data)):
        with pytest.raises(BitstreamError):
            bitstream.salvage(data[:length])
