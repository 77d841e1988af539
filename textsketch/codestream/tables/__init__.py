"""The trained tables that files are read with, frozen for each format version.

MANIFEST.json has a row for each file: the table's name, the format version it came with, who made it from what,
its hash and its arrays. A version reads the newest file of a table that is not younger than itself; so a new
version of one table is one more file and one more row, and nothing is renamed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np

NEWEST = 1
"""The format version that is written; 0 to NEWEST are read."""


@dataclass(frozen=True)
class Table:
    """A row of the manifest.

    name: of the table. since: the first format version that reads this file. file: its name in this folder.
    sha256: of its bytes, in hex. maker: the command that trained it. data: what it was trained on.
    arrays: dtype and shape of each array by name, such as "uint16 8 x 3"; empty for a list of texts.
    """

    name: str
    since: int
    file: str
    sha256: str
    maker: str
    data: str
    arrays: dict[str, str]

    def read_bytes(self) -> bytes:
        """The bytes of the file."""
        return resources.files(__package__).joinpath(self.file).read_bytes()


@lru_cache(maxsize=1)
def manifest() -> tuple[Table, ...]:
    """All tables there are, by name and by version."""
    text = resources.files(__package__).joinpath("MANIFEST.json").read_text(encoding="utf-8")
    return tuple(Table(**row) for row in json.loads(text))


def find(name: str, version: int = NEWEST) -> Table:
    """The table that format `version` reads under `name`. Raises KeyError if it reads none."""
    known = [table for table in manifest() if table.name == name and table.since <= version]
    if not known:
        raise KeyError(f"format version {version} reads no table {name!r}")
    return max(known, key=lambda table: table.since)


def load(name: str, version: int = NEWEST) -> dict[str, np.ndarray]:
    """The arrays of a table kept as .npz, see `find`."""
    with (
        resources.files(__package__).joinpath(find(name, version).file).open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        return {key: arrays[key] for key in arrays.files}
