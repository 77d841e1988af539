import json
import os
import time
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from conftest import EXAMPLES, ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from small_files import GOLDENS, PEOPLE, digest, same, with_valid_checks

from textsketch import bitstream
from textsketch.codestream import common_sizes
from textsketch.errors import BitstreamError
from textsketch.layers import Layers, Mode, Semantic, SoftEdges, Strokes
from textsketch.pipeline import encode
from textsketch.structure import ntc
from textsketch.texture import colour_coder


@pytest.fixture(scope="module")
def files(photo) -> dict[str, bytes]:
    """A small file of each mode."""
    return {
        "text-only": encode(photo, mode="text-only", budget=30, caption="a cup of coffee").data,
        "text+sketch": encode(photo, mode="text+sketch", budget=90, caption="a cup of coffee").data,
        "three-layer": encode(photo, mode="three-layer", budget=160, caption="a cup of coffee", seed=7).data,
    }


def test_layers_come_back_from_bytes(files):
    for mode, data in files.items():
        layers = bitstream.unpack(data)
        assert layers.mode == mode and layers.size == (240, 160)
        assert layers.semantic.caption == "a cup of coffee"
        assert bitstream.pack(layers) == data


@given(
    width=st.integers(1, 16384),
    height=st.integers(1, 16384),
    seed=st.integers(0, 2**32 - 1),
    caption=st.text(max_size=40),
)
@settings(max_examples=60, deadline=None)
def test_any_size_seed_and_caption_round_trips(width, height, seed, caption):
    layers = Layers((width, height), Semantic(caption), seed=seed)
    data = bitstream.pack(layers)
    assert same(bitstream.unpack(data), layers)


def test_header_and_check_cost_4_bytes_at_a_common_size_and_6_at_any_other():
    """Frame of one byte included: what is left of a text-only file is its text."""
    for size, overhead in (((1024, 1024), 4), ((768, 512), 4), ((512, 768), 4), ((1000, 999), 7)):
        data = bitstream.pack(Layers(size, Semantic("a red barn")))
        header, segments = bitstream.split(data)
        assert len(data) - len(segments[0].payload) == overhead
        assert header.size_bytes + 1 <= 6


def test_a_seed_of_zero_costs_nothing_and_others_2_to_5_bytes():
    plain = Layers((640, 480), Semantic("x"))
    size_bytes = len(bitstream.pack(plain))
    for seed, cost in ((1, 2), (255, 2), (256, 3), (2**32 - 1, 5)):
        assert len(bitstream.pack(replace(plain, seed=seed))) == size_bytes + cost


def test_a_file_cut_after_a_segment_is_a_file_of_the_lower_mode(files):
    data = files["three-layer"]
    full = bitstream.unpack(data)
    for mode in Mode:
        part = bitstream.cut(data, mode)
        assert data.startswith(part)
        layers = bitstream.unpack(part)
        assert layers.mode == mode and same(layers, full.reduced_to(mode))
    assert bitstream.cut(files["text-only"], Mode.THREE_LAYER) == files["text-only"]


def test_every_other_prefix_is_an_error(files):
    for data in files.values():
        whole = {len(bitstream.cut(data, mode)) for mode in Mode}
        for length in range(len(data)):
            if length not in whole:
                with pytest.raises(BitstreamError):
                    bitstream.unpack(data[:length])


def test_every_flipped_bit_is_an_error(files):
    for data in files.values():
        for position in range(8 * len(data)):
            damaged = bytearray(data)
            damaged[position // 8] ^= 1 << position % 8
            with pytest.raises(BitstreamError):
                bitstream.unpack(bytes(damaged))


def test_bytes_behind_the_end_are_an_error(files):
    for data in files.values():
        with pytest.raises(BitstreamError):
            bitstream.unpack(data + b"\0")


def test_random_bytes_are_an_error():
    random = np.random.default_rng(0)
    for _ in range(4000):
        with pytest.raises(BitstreamError):
            bitstream.unpack(random.bytes(int(random.integers(0, 60))))


@pytest.mark.slow
@pytest.mark.parametrize("size", [(512, 512), (16384, 16384), (1, 16384), (1, 1)])
def test_hostile_payloads_cost_bounded_time_and_memory(size):
    random = np.random.default_rng(2)
    for trial in range(18):
        layers = Layers(size, Semantic("x"), [None, PEOPLE, SoftEdges(np.zeros(0), 0)][trial % 3])
        header = bytearray(bitstream._pack_header(layers))
        header[0] = header[0] & 0b11100111 | 2 << 3
        length = int(random.choice([0, 1, 30, 3000, 8000]))
        fill = random.choice([0, 255])
        kind = [random.bytes(length), bytes([fill]) * length][trial % 2]
        text = bitstream._pack_semantic(layers, bitstream.VERSION)
        data = with_valid_checks(bytes(header), [text, kind, random.bytes(length)])
        tracemalloc.start()
        started = time.perf_counter()
        try:
            bitstream.unpack(data)
        except BitstreamError:
            pass
        elapsed = time.perf_counter() - started
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak_bytes < 256 * 2**20
        assert elapsed < 60  # a guard against endless loops, with tracing and slow machines in mind


def test_other_versions_are_named(files):
    data = files["text-only"]
    with pytest.raises(BitstreamError, match="version"):
        bitstream.unpack(bytes([data[0] ^ 0b111 << 5]) + data[1:])


def test_a_huge_file_is_refused_before_it_is_read():
    with pytest.raises(BitstreamError, match="none has more than"):
        bitstream.unpack(bytes(bitstream.MAX_FILE_BYTES + 1))


def test_layers_out_of_range_are_not_packed():
    for layers in (
        Layers((0, 5), Semantic()),
        Layers((5, 16385), Semantic()),
        Layers((5, 5), Semantic(), seed=-1),
        Layers((5, 5), Semantic(), candidate=8),
    ):
        with pytest.raises(ValueError):
            bitstream.pack(layers)


def test_the_size_meter_measures_what_pack_writes(files):
    size_of = bitstream.SizeMeter()
    for data in files.values():
        layers = bitstream.unpack(data)
        for mode in list(Mode)[: layers.mode.layer_count]:
            part = layers.reduced_to(mode)
            assert size_of(part) == len(bitstream.pack(part)) == size_of(part)


def test_the_size_meter_packs_a_texture_once_whatever_is_said_about_it(files, monkeypatch):
    packed = []
    monkeypatch.setattr(colour_coder, "pack", lambda *arguments: packed.append(1) or b"12345")
    layers = bitstream.unpack(files["three-layer"])
    size_of = bitstream.SizeMeter()
    same_texture = replace(layers.texture, coefficients=layers.texture.coefficients.copy())
    for caption in ("a cup", "a cup of coffee"):
        size_of(replace(layers, semantic=Semantic(caption), texture=same_texture))
        size_of(replace(layers, semantic=Semantic(caption)))
    assert len(packed) == 1
    size_of(replace(layers, structure=Strokes(~layers.strokes)))
    assert len(packed) == 2  # a texture is coded with the strokes in view


def test_common_sizes_are_distinct_and_fit_a_byte():
    sizes = [common_sizes.size_at(index) for index in range(256)]
    known = [size for size in sizes if size is not None]
    assert len(set(known)) == len(known) and sizes[len(known) :] == [None] * (256 - len(known))
    assert all(common_sizes.index_of(size) == index for index, size in enumerate(known))


def disc() -> np.ndarray:
    """The soft edge of a disc: (240, 320) float."""
    y, x = np.mgrid[:240, :320]
    return np.exp(-(((np.hypot(x - 160, y - 120) - 70) / 6) ** 2))


def test_every_kind_of_structure_and_candidate_comes_back():
    for kind, structure in (
        ("skeletons", PEOPLE),
        ("soft-edges", ntc.encode(disc(), (320, 240), 2)),
        ("strokes", Strokes(np.eye(24, 32, dtype=bool))),
    ):
        for candidate in range(8):
            layers = Layers((320, 240), Semantic("x"), structure, seed=3 * candidate, candidate=candidate)
            data = bitstream.pack(layers)
            header, _ = bitstream.split(data)
            assert (header.kind.name, header.candidate, header.seed) == (kind, candidate, 3 * candidate)
            assert same(bitstream.unpack(data), layers)


def test_an_option_costs_one_byte_unless_there_is_a_seed_already():
    plain = Layers((640, 480), Semantic("x"))
    size_bytes = len(bitstream.pack(plain))
    assert len(bitstream.pack(replace(plain, candidate=7))) == size_bytes + 1
    assert len(bitstream.pack(replace(plain, candidate=7, seed=5))) == size_bytes + 2


def test_options_that_mean_nothing_are_an_error():
    stream = bitstream.pack(Layers((640, 480), Semantic("x"), seed=5))
    text = bitstream.split(stream)[1][0].payload
    for options in (b"\0", b"\xc1\x05", b"\x05\x01\x01\x01\x01\x01", b"\x01\0"):
        with pytest.raises(BitstreamError, match="options|seed"):
            bitstream.unpack(with_valid_checks(stream[:2] + options, [text]))
    old = bytes([stream[0] & 0x1F]) + stream[1:2]
    old_text = bitstream._pack_semantic(Layers((640, 480), Semantic("x")), 0)
    assert bitstream.unpack(with_valid_checks(old + b"\x01\x05", [old_text])).seed == 5
    with pytest.raises(BitstreamError, match="options"):
        bitstream.unpack(with_valid_checks(old + b"\x09\x05", [text]))  # a candidate, unknown to version 0


def golden_files() -> dict[str, bytes]:
    """Small files that between them use every part of the format."""

    def example(name: str, size: tuple[int, int], **options) -> bytes:
        picture = Image.open(EXAMPLES / f"{name}.jpg").convert("RGB").resize(size, Image.Resampling.LANCZOS)
        return encode(picture, **options).data

    caption = "a smiling astronaut in an orange space suit"
    return {
        "text-only": example("sunset", (768, 512), mode="text-only", budget=40, caption="the sun sets"),
        "caption-only": bitstream.pack(Layers((1024, 1024), Semantic("a red barn"))),
        "empty": bitstream.pack(Layers((1, 16384), Semantic(""))),
        "unicode": bitstream.pack(Layers((640, 480), Semantic("日本の猫 🐈 e\u0301\n\0"))),
        "hard-tokens": bitstream.pack(Layers((512, 512), Semantic("thetwilight salamanca foxgloves bmx"))),
        "sketch": example("cat", (451, 300), mode="text+sketch", budget=200, caption="the face of a cat"),
        "three-layer": example("astronaut", (512, 512), budget=600, caption=caption),
        "seed": example("coffee", (300, 200), budget=300, caption="an espresso", seed=123456),
        "large-budget": example("pagoda", (640, 427), budget=2953, caption="a red pagoda"),
        "tiny": example("fig", (16, 11), budget=60),
        "ribbon": example("mountains", (1000, 16), budget=150),
        "flat": encode(Image.new("RGB", (96, 64), "teal"), budget=100).data,
        "skeletons": bitstream.pack(
            Layers((512, 768), Semantic("a person waving"), PEOPLE, seed=9, candidate=5)
        ),
        "soft-edges": bitstream.pack(
            Layers((320, 240), Semantic("a disc"), ntc.encode(disc(), (320, 240), 1), candidate=7)
        ),
    }


@pytest.mark.parametrize("version", range(bitstream.VERSION + 1))
def test_goldens_decode_to_the_same_layers_for_ever(version):
    """REFRESH_GOLDENS=1 writes the newest ones anew, which is right only with a new version of the format."""
    folder = GOLDENS / f"version-{version}"
    index = folder / "index.json"
    if os.environ.get("REFRESH_GOLDENS") and version == bitstream.VERSION:
        files = golden_files()
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (folder / f"{name}.tsk").write_bytes(data)
        record = {f"{name}.tsk": digest(bitstream.unpack(data)) for name, data in files.items()}
        index.write_text(json.dumps(record, indent=2, sort_keys=True) + "\n")
    record = json.loads(index.read_text())
    assert len(record) >= 12
    for name, expected in record.items():
        data = (folder / name).read_bytes()
        assert bitstream.split(data)[0].version == version
        assert digest(bitstream.unpack(data)) == expected, name
        if version == bitstream.VERSION:
            assert bitstream.pack(bitstream.unpack(data)) == data, name


def test_the_example_of_the_format_s_document_is_what_is_written():
    data = bitstream.pack(Layers((1024, 1024), Semantic("a red barn")))
    assert f"`{data.hex(' ')}`" in (ROOT / "docs" / "format.md").read_text(encoding="utf-8")
