"""The player's decoder beside the package's: the same layers, integer for integer, and the same refusals."""

import gzip
import importlib.util
import json
import re

import numpy as np
import pytest
from conformance import PLAYER, Player, check, digest, outcome
from conftest import ROOT
from player_tools import installed, needs_node
from small_files import GOLDENS, with_valid_checks

from textsketch import bitstream
from textsketch.codestream.tables import NEWEST
from textsketch.layers import Skeletons, SoftEdges, Strokes

CORPUS = ROOT / "tests" / "player" / "corpus"
NEWEST_GOLDENS = sorted((GOLDENS / f"version-{NEWEST}").glob("*.tsk"))
MOST_MIB = 300


@pytest.fixture(scope="module")
def player(tmp_path_factory) -> Player:
    installed()
    return Player(tmp_path_factory.mktemp("player"))


def assert_same(player: Player, files: list[bytes]) -> list[dict]:
    """That the player and the package make the same of files; returns what."""
    played = player.outcomes(files)
    for data, found in zip(files, played, strict=True):
        expected = outcome(data)
        if "version" in (found["error"] or ""):  # the player says which version it reads, and reads one
            expected |= {"error": found["error"]}
            assert data[0] >> 5 != NEWEST
        assert {key: found[key] for key in expected} == expected, data.hex()
    assert played[-1]["mib"] < MOST_MIB
    return played


@needs_node
def test_the_players_own_tests_pass(player, tmp_path):
    player.node("node_modules/typescript/bin/tsc", "--noEmit")
    player.node("build.mjs", "tests", tmp_path)
    player.node("--test", *sorted(tmp_path.glob("*.test.js")))


def test_the_player_reads_the_newest_version_and_its_tables():
    source = (PLAYER / "src" / "codestream" / "tables.ts").read_text()
    assert int(re.search(r"VERSION = (\d+);", source)[1]) == NEWEST
    spec = importlib.util.spec_from_file_location("player_tables", PLAYER / "tables.py")
    tables = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tables)
    for path, data in tables.files().items():
        assert gzip.decompress(path.read_bytes()) == data, "run `make player`"


@needs_node
def test_goldens_decode_to_the_same_layers(player):
    assert len(NEWEST_GOLDENS) >= 10
    played = assert_same(player, [path.read_bytes() for path in NEWEST_GOLDENS])
    assert all(found["unpacked"] for found in played)


@needs_node
def test_the_corpus_decodes_to_the_layers_it_was_written_with(player):
    assert check(CORPUS, player)[0] == []
    files = [bitstream.unpack(path.read_bytes()) for path in CORPUS.glob("*.tsk")]
    kinds = {type(layers.structure) for layers in files}
    assert {Strokes, Skeletons, SoftEdges} <= kinds
    coloured = [
        layers for layers in files if layers.texture is not None and layers.texture.coefficients.any()
    ]
    assert sum(layers.strokes is not None and layers.strokes.any() for layers in coloured) >= 5


def test_a_digest_tells_any_symbol():
    layers = bitstream.unpack((GOLDENS / f"version-{NEWEST}" / "tiny.tsk").read_bytes())
    known = digest(layers)
    layers.texture.coefficients[2, -1, -1] += 1
    assert digest(layers) != known


@needs_node
def test_files_cut_anywhere_or_with_a_flipped_bit_have_the_same_outcome(player):
    files = [path.read_bytes() for path in (*NEWEST_GOLDENS, *CORPUS.glob("*.tsk"))]
    damaged = []
    for data in sorted(files, key=len)[:8]:
        damaged += [data[:length] for length in range(len(data))]
        for bit in range(8 * len(data)):
            flipped = bytearray(data)
            flipped[bit >> 3] ^= 1 << (bit & 7)
            damaged.append(bytes(flipped))
    played = assert_same(player, damaged)
    assert {found["salvaged"] is None for found in played} == {True, False}


@needs_node
def test_random_bytes_and_forged_payloads_have_the_same_outcome(player):
    random = np.random.default_rng(0)
    files = [
        path.read_bytes() for path in (*NEWEST_GOLDENS, *CORPUS.glob("*.tsk")) if path.stat().st_size < 500
    ]
    tried = [random.bytes(int(random.integers(0, 80))) for _ in range(40)]
    for _ in range(100):
        data = files[random.integers(len(files))]
        header, segments = bitstream.split(data)
        payloads = [bytearray(segment.payload) for segment in segments]
        which = int(random.integers(len(payloads)))
        forged = payloads[which]
        kind = random.integers(4)
        if kind == 0 and forged:
            forged[random.integers(len(forged))] ^= 1 << int(random.integers(8))
        elif kind == 1:
            forged[:] = random.bytes(int(random.integers(1, 300)))
        elif kind == 2:
            forged[:] = bytes([random.choice((0, 255))]) * int(random.integers(1, 300))
        else:
            del forged[int(random.integers(len(forged) + 1)) :]
        # With and without what stands behind the last segment there may be.
        tried.append(with_valid_checks(data[: header.size_bytes], payloads) + b"\0" * int(random.integers(2)))
    played = assert_same(player, tried)
    assert {found["unpacked"] is None for found in played} == {True, False}


@needs_node
def test_the_largest_payloads_cost_bounded_memory(player):
    random = np.random.default_rng(1)
    header = bytes([NEWEST << 5 | 2 << 3 | 1]) + ((16383 << 14) | 16383).to_bytes(4, "big")
    text = bitstream.split((CORPUS / "000.tsk").read_bytes())[1][0].payload
    most = bitstream._MAX_SEGMENT_BYTES
    fillings = (random.bytes(most), bytes(most), b"\xff" * most)
    files = [with_valid_checks(header, [text, lines, colours]) for lines in fillings for colours in fillings]
    assert_same(player, [*files, *(with_valid_checks(header, [filling]) for filling in fillings)])


def test_the_index_of_the_corpus_names_its_files():
    index = json.loads((CORPUS / "index.json").read_text())
    assert sorted(index) == sorted(path.name for path in CORPUS.glob("*.tsk"))
