"""Makes player/dist/tables.bin of the package's own tables, for the newest format version.

gzip around a line of JSON, {"version", "columns": [[name, type, length], ...]}, and the arrays one behind the
other, each at a multiple of its items' size, little-endian, row by row. Names are "table.array" as MANIFEST.json
has them. The networks that draw soft edges are left out.
"""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path

import numpy as np

from textsketch.codestream import common_sizes, tables
from textsketch.codestream.tables import NEWEST
from textsketch.semantic.text.tables import read_columns

_WIDEST_BYTES = 4
FILE = Path(__file__).with_name("dist") / "tables.bin"


def columns() -> dict[str, np.ndarray]:
    """The arrays by name, in the order of the file."""
    sizes = [size for index in range(256) if (size := common_sizes.size_at(index)) is not None]
    found = {"common_sizes": np.array(sizes, np.int16)}
    for name in ("descriptor_model", "sketch_model", "colour_model", "sign_model", "logistic"):
        found |= {f"{name}.{key}": array for key, array in tables.load(name).items()}
    trained = tables.load("ntc")
    found |= {f"ntc.{key}": trained[key] for key in ("table_nonzero", "table_larger", "table_sign")}
    for name in ("text_counts", "text_weights"):
        unpacked = read_columns(tables.find(name).read_bytes())
        found |= {f"{name}.{key}": array for key, array in unpacked.items()}
    pieces = lzma.decompress(tables.find("clip_tokens").read_bytes())
    found["clip_tokens"] = np.frombuffer(pieces, np.uint8)
    return found


def packed() -> bytes:
    """The bytes of the file, before gzip."""
    # The widest items first, behind a header of whole items: each array lies where it can be read in place.
    arrays = dict(sorted(columns().items(), key=lambda named: -named[1].itemsize))
    header = {
        "version": NEWEST,
        "columns": [[name, array.dtype.name, array.size] for name, array in arrays.items()],
    }
    body = b"".join(array.astype(array.dtype.newbyteorder("<")).tobytes() for array in arrays.values())
    line = json.dumps(header, separators=(",", ":")).encode()
    return line + b" " * (-(len(line) + 1) % _WIDEST_BYTES) + b"\n" + body


def main() -> None:
    """Write the file."""
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_bytes(gzip.compress(packed(), 9, mtime=0))
    print(f"{FILE}: {FILE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
