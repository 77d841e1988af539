"""What the tests of the file format share: comparing layers, forging files, people to draw."""

import hashlib
from pathlib import Path

import numpy as np

from textsketch import bitstream
from textsketch.layers import Layers, Skeletons

GOLDENS = Path(__file__).parent / "goldens" / "tsk"


def same(a: Layers, b: Layers) -> bool:
    """Whether two stacks of layers hold the same symbols."""
    if (a.size, a.semantic, a.seed, a.mode) != (b.size, b.semantic, b.seed, b.mode):
        return False
    return digest(a) == digest(b)


def digest(layers: Layers) -> str:
    """A hash of everything the layers hold."""
    state = hashlib.sha256()

    def add(value):
        if isinstance(value, np.ndarray):
            state.update(f"{value.dtype}{value.shape}".encode() + np.ascontiguousarray(value).tobytes())
        elif hasattr(value, "__dataclass_fields__"):
            for name in sorted(value.__dataclass_fields__):
                if name == "candidate" and value.candidate == 0:
                    continue  # younger than the first golden files
                state.update(name.encode())
                add(getattr(value, name))
        else:
            state.update(repr(value).encode())

    add(layers)
    return state.hexdigest()


def with_valid_checks(header: bytes, payloads: list[bytes]) -> bytes:
    """A file whose frame is right whatever its payloads are: what a malicious sender would send."""
    data, check = bytearray(header), bitstream._crc8(header)
    for payload in payloads:
        segment = bitstream._pack_length(len(payload)) + payload
        check = bitstream._crc8(segment, check)
        data += segment + bytes([check])
    return bytes(data)


PEOPLE = Skeletons(
    (
        tuple((100 + 20 * index, 40 + 23 * index) for index in range(18)),
        tuple((400, 8 * index) if index % 3 else None for index in range(18)),
    )
)
