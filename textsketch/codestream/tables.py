"""Trained tables shipped with the package. Those an entropy coder uses are frozen for each format version."""

from __future__ import annotations

from importlib import resources

import numpy as np

NEWEST = 1
"""The format version that is written; 0 to NEWEST are read."""


def load_tables(package: str, name: str, version: int = NEWEST) -> dict[str, np.ndarray]:
    """Arrays of the table file `name`.npz shipped inside `package`.

    version: of the format; the tables of an older one lie in the file `name`_version_`version`.npz.
    """
    stem = name if version == NEWEST else f"{name}_version_{version}"
    with (
        resources.files(package).joinpath(f"{stem}.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as tables,
    ):
        return {key: tables[key] for key in tables.files}
