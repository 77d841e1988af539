"""The built files that are committed are what the sources make."""

import gzip
import shutil

from conftest import ROOT
from player_tools import PLAYER, installed, needs_node, run

PACKED = ".bin"
"""What gzip packed, which its versions do differently."""


@needs_node
def test_a_build_makes_the_committed_files(tmp_path):
    copy = tmp_path / "player"
    left_out = shutil.ignore_patterns("node_modules", "build", "dist", "tables.py")
    shutil.copytree(PLAYER, copy, ignore=left_out)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (copy / "node_modules").symlink_to(installed())
    (copy / "dist").mkdir()
    for name in ("tables.bin", "words.bin"):  # which player/tables.py makes
        shutil.copy(PLAYER / "dist" / name, copy / "dist")
    run("npm", "run", "build", folder=copy)
    built, committed = (
        {path.name: path.read_bytes() for path in (folder / "dist").iterdir()} for folder in (copy, PLAYER)
    )
    assert sorted(built) == sorted(committed), "run make player"
    for name, data in committed.items():
        if name.endswith(PACKED):
            data, built[name] = gzip.decompress(data), gzip.decompress(built[name])
        assert built[name] == data, f"player/dist/{name} is not what the sources make: run make player"
