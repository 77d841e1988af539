"""Prints the table of all shipped tables: python -m training.tables

Name, the format versions that read it, bytes, whether the file is the one the manifest names, its arrays, what
made it and from what.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np

from textsketch.codestream import tables
from textsketch.codestream.tables import NEWEST, Table, find, manifest
from textsketch.semantic.text.tables import read_columns

FOLDER = Path(tables.__file__).parent


def newest_file(name: str) -> Path:
    """The file of a table that the newest format version reads."""
    return FOLDER / find(name, NEWEST).file


def versions(table: Table) -> str:
    """The format versions that read a file, as "0", "0-1"."""
    read_by = [version for version in range(NEWEST + 1) if version >= table.since]
    read_by = [version for version in read_by if find(table.name, version) == table]
    first, last = read_by[0], read_by[-1]
    return str(first) if first == last else f"{first}-{last}"


def arrays_of(table: Table) -> dict[str, str]:
    """Dtype and shape of each array in a file, as the manifest has them."""
    data = table.read_bytes()
    if table.file.endswith(".npz"):
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    else:
        arrays = read_columns(data) if table.file.endswith(".bin") else {}
    return {
        name: f"{array.dtype} {' x '.join(map(str, array.shape))}".strip() for name, array in arrays.items()
    }


def is_as_listed(table: Table) -> bool:
    """Whether hash and arrays of a file are those of the manifest."""
    return hashlib.sha256(table.read_bytes()).hexdigest() == table.sha256 and arrays_of(table) == table.arrays


def lines() -> list[str]:
    """The table, a line a file."""
    heads = ("table", "versions", "bytes", "as listed", "arrays", "made by", "from")
    rows = [heads] + [
        (
            table.name,
            versions(table),
            f"{len(table.read_bytes()):,}",
            "yes" if is_as_listed(table) else "NO",
            str(len(table.arrays)) if table.arrays else "texts",
            table.maker,
            table.data,
        )
        for table in manifest()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]


if __name__ == "__main__":
    print("\n".join(lines()))
