"""Makes the tables in player/dist of the package's own, for the newest format version.

tables.bin has all that pictures are decoded with; words.bin, 26 times as large, all that captions are: a picture
need not wait for its words. Each is gzip around a line of JSON, {"version", "columns": [[name, type, length],
...]}, and the arrays one behind the other, each at a multiple of its items' size, little-endian, row by row.
Names are "table.array" as MANIFEST.json has them. The networks that draw soft edges are left out.
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
_WORDS = ("text_counts", "text_weights", "clip_tokens")
_BOTH = ("common_sizes", "descriptor_model")
_FOLDER = Path(__file__).with_name("dist")


def columns() -> dict[str, np.ndarray]:
    """The arrays by name."""
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


def files() -> dict[Path, bytes]:
    """The files and what is in them, before gzip."""
    pictures, words = {}, {}
    for name, array in columns().items():
        if name.startswith(_WORDS + _BOTH):
            words[name] = array
        if not name.startswith(_WORDS):
            pictures[name] = array
    return {_FOLDER / "tables.bin": _packed(pictures), _FOLDER / "words.bin": _packed(words)}


def _packed(arrays: dict[str, np.ndarray]) -> bytes:
    # The widest items first, behind a header of whole items: each array lies where it can be read in place.
    arrays = dict(sorted(arrays.items(), key=lambda named: -named[1].itemsize))
    header = {
        "version": NEWEST,
        "columns": [[name, array.dtype.name, array.size] for name, array in arrays.items()],
    }
    body = b"".join(array.astype(array.dtype.newbyteorder("<")).tobytes() for array in arrays.values())
    line = json.dumps(header, separators=(",", ":")).encode()
    return line + b" " * (-(len(line) + 1) % _WIDEST_BYTES) + b"\n" + body


def main() -> None:
    """Write the files."""
    _FOLDER.mkdir(exist_ok=True)
    for path, data in files().items():
        path.write_bytes(gzip.compress(data, 9, mtime=0))
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
