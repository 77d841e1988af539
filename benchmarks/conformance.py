"""Whether two decoders agree: files of all kinds, and what they decode to, integer for integer.

    python benchmarks/conformance.py make FOLDER --count 300
    python benchmarks/conformance.py check FOLDER

`make` encodes pictures of ../shared/data at random sizes, modes, budgets, captions and kinds of structure and
writes beside them index.json, the digest of each file's layers (docs/format.md, "Comparing decoders"). `check`
decodes them with this package and with the player (`make player` first) and says which differ.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from textsketch import bitstream
from textsketch.codestream import common_sizes
from textsketch.errors import BitstreamError, BudgetError, CaptionError
from textsketch.layers import Layers, Mode, Semantic, Skeletons, SoftEdges, Strokes, Structure
from textsketch.pipeline import encode
from textsketch.semantic.text import hard_tokens
from textsketch.structure import detectors, ntc

ROOT = Path(__file__).parents[1]
PLAYER = ROOT / "player"
FOREIGN = "šžčöü日本語中文かなعربيहिन्दी🐈🌊—“”"


def canonical(layers: Layers) -> str:
    """The canonical text of some layers: JSON without spaces, see docs/format.md."""
    descriptors, texture = layers.semantic.descriptors, layers.texture
    values = {
        "size": layers.size,
        "seed": layers.seed,
        "candidate": layers.candidate,
        "caption": layers.semantic.caption,
        "descriptors": descriptors
        and {"step": descriptors.step_index, "coefficients": descriptors.coefficients},
        "structure": layers.structure and _structure_values(layers.structure),
        "texture": texture
        and {
            "step": texture.step_index,
            "shape": texture.coefficients.shape,
            "coefficients": texture.coefficients.ravel().tolist(),
            "grain": None
            if texture.grain is None
            else {"shape": texture.grain.shape, "levels": texture.grain.ravel().tolist()},
        },
    }
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def _structure_values(structure: Structure) -> dict[str, object]:
    if isinstance(structure, Strokes):
        strokes = structure.strokes
        return {"kind": "strokes", "shape": strokes.shape, "cells": strokes.astype(int).ravel().tolist()}
    if isinstance(structure, SoftEdges):
        latents = structure.latents
        return {
            "kind": "soft-edges",
            "rate": structure.rate,
            "shape": latents.shape,
            "latents": latents.ravel().tolist(),
        }
    assert isinstance(structure, Skeletons)
    return {"kind": "skeletons", "people": structure.people}


def digest(layers: Layers) -> str:
    """SHA-256 of the canonical text in UTF-8, in hex."""
    return hashlib.sha256(canonical(layers).encode()).hexdigest()


def outcome(data: bytes) -> dict[str, Any]:
    """What this package makes of some bytes, in the words of player/tests/outcomes.ts."""
    unpacked = salvaged = error = None
    try:
        unpacked = digest(bitstream.unpack(data))
    except BitstreamError as found:
        error = str(found)
    try:
        saved = bitstream.salvage(data)
        salvaged = [digest(saved.layers), len(saved.data), saved.lost]
    except BitstreamError:
        pass
    return {"unpacked": unpacked, "salvaged": salvaged, "error": error}


class Player:
    """The player's decoder in node. Its packages must be there: `make player`."""

    def __init__(self, folder: Path) -> None:
        """folder: to build it in."""
        self._script = folder / "outcomes.js"
        self.node("build.mjs", "tests", folder)

    def node(self, *arguments: str | Path, told: bytes = b"") -> bytes:
        """What node prints, run in the player's folder: the one beside this Python if there is one."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            ["node", *map(str, arguments)],
            input=told,
            cwd=PLAYER,
            env=os.environ | {"PATH": path},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout

    def outcomes(self, files: list[bytes]) -> list[dict[str, Any]]:
        """`outcome` of each; also "ms", the processor time it took, and "mib", the most memory so far."""
        lines = b"".join(base64.b64encode(data) + b"\n" for data in files)
        # A small heap, so that its peak of memory is what decoding needs and not what is not yet collected.
        ran = self.node("--max-old-space-size=96", "--max-semi-space-size=8", self._script, told=lines)
        return [json.loads(line) for line in ran.splitlines()]


class Chooser:
    """Files at random: the same seed gives the same ones."""

    def __init__(self, data: Path, seed: int, most_bytes: int) -> None:
        self._pictures = sorted(
            path
            for folder in ("kodak", "cid22", "aigi", "coco_ccby")
            for path in (data / folder).iterdir()
            if path.suffix in (".png", ".webp", ".jpg")
        )
        names = ("coco_dev", "multi30k_train", "cmcbench_qwen_train", "phrases_flavors")
        self._captions = [
            (data / "captions" / f"{name}.txt").read_text(encoding="utf-8").splitlines() for name in names
        ]
        self._random = random.Random(seed)
        self._most_bytes = most_bytes

    def file(self) -> bytes:
        """The next one."""
        chance = self._random
        picture = self._picture()
        mode = chance.choice(list(Mode))
        size_bytes = int(2 ** chance.uniform(4, np.log2(self._most_bytes)))
        seed = chance.choice((0, 0, 0, chance.getrandbits(8), chance.getrandbits(32)))
        while True:
            try:
                caption = self._caption()
                layers = encode(
                    picture, mode=mode, budget=size_bytes, caption=caption, seed=seed, effort=1
                ).layers
                return bitstream.pack(self._varied(layers, picture))
            except (BudgetError, CaptionError):
                size_bytes += 16

    def _picture(self) -> Image.Image:
        chance = self._random
        with Image.open(chance.choice(self._pictures)) as opened:
            picture = opened.convert("RGB")
        sides = int(2 ** chance.uniform(0, 11)), int(2 ** chance.uniform(5, 10.5))
        size = chance.choice((picture.size, sides, common_sizes.size_at(chance.randrange(100)), sides[::-1]))
        return picture.resize(size)

    def _caption(self) -> str:
        chance = self._random
        usual = chance.choice(chance.choice(self._captions))
        kind = chance.randrange(10)
        if kind == 0:
            return ""
        if kind == 1:
            return usual.upper()
        if kind == 2:
            return "".join(chance.choice(FOREIGN + usual) for _ in range(chance.randrange(1, 30)))
        if kind == 3:
            return "".join(chance.choice(hard_tokens.pieces(bitstream.VERSION)) for _ in range(16)).strip()
        if kind == 4:
            return "".join(chr(chance.randrange(32, 127)) for _ in range(chance.randrange(1, 60)))
        return usual

    def _varied(self, layers: Layers, picture: Image.Image) -> Layers:
        """Some of what the painter's encoder never writes: other structures, candidates, no caption's case."""
        chance = self._random
        if layers.structure is not None and chance.random() < 0.3:
            layers = replace(layers, structure=self._other_structure(picture))
        if chance.random() < 0.2:
            layers = replace(layers, candidate=chance.randrange(8))
        if chance.random() < 0.2:
            words = Semantic(layers.semantic.caption.title(), layers.semantic.descriptors)
            layers = replace(layers, semantic=words)
        return layers

    def _other_structure(self, picture: Image.Image) -> Structure:
        chance = self._random
        if chance.random() < 0.5:
            edges = detectors.edge_map(picture)
            return ntc.encode(edges, picture.size, chance.randrange(ntc.RATES))
        middle = [(chance.randrange(512), chance.randrange(512)) for _ in range(chance.randrange(1, 5))]
        return Skeletons(
            tuple(
                tuple(
                    None
                    if chance.random() < 0.2
                    else tuple(min(max(round(chance.gauss(place, 60)), 0), 511) for place in centre)
                    for _ in range(18)
                )
                for centre in middle
            )
        )


def make(folder: Path, count: int, seed: int, data: Path, most_bytes: int) -> None:
    """Write `count` files of at most about `most_bytes` and their digests."""
    folder.mkdir(parents=True, exist_ok=True)
    chooser, index = Chooser(data, seed, most_bytes), {}
    for number in range(count):
        data_of_file = chooser.file()
        name = f"{number:03}.tsk"
        (folder / name).write_bytes(data_of_file)
        index[name] = digest(bitstream.unpack(data_of_file))
    (folder / "index.json").write_text(json.dumps(index, indent=0) + "\n")
    print(f"{folder}: {count} files, {sum(path.stat().st_size for path in folder.glob('*.tsk')):,} bytes")


def check(folder: Path, player: Player) -> tuple[list[str], int, int]:
    """Decode the files of a folder.

    Returns the names of those on which this package, the player and index.json do not agree, the player's
    slowest file in ms of processor time and its peak of memory in MiB.
    """
    index = json.loads((folder / "index.json").read_text())
    files = [(folder / name).read_bytes() for name in index]
    played = player.outcomes(files)
    different = [
        name
        for (name, known), data, found in zip(index.items(), files, played, strict=True)
        if any(found[key] != value for key, value in outcome(data).items()) or found["unpacked"] != known
    ]
    return different, max(one["ms"] for one in played), played[-1]["mib"]


def main() -> None:
    """See the top of this file."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("make", "check"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--most-bytes", type=int, default=8000)
    told = parser.parse_args()
    if told.command == "make":
        make(told.folder, told.count, told.seed, told.data, told.most_bytes)
        return
    with tempfile.TemporaryDirectory() as built:
        different, slowest_ms, most_mib = check(told.folder, Player(Path(built)))
    print(f"files that differ: {len(different)}", *different)
    print(f"the player took {slowest_ms} ms of processor time at most, and {most_mib} MiB")
    sys.exit(bool(different))


if __name__ == "__main__":
    main()
