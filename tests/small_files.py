"""What the tests of the file format share: comparing layers, forging files, people to draw."""

import hashlib
from pathlib import Path

import numpy as np

from textsketch import bitstream
from textsketch.layers import Layers, Skeletons, SoftEdges, Strokes
from textsketch.structure.kinds import kind_of

GOLDENS = Path(__file__).parent / "goldens" / "tsk"


def same(a: Layers, b: Layers) -> bool:
    """Whether two stacks of layers hold the same symbols."""
    if (a.size, a.semantic, a.seed, a.mode) != (b.size, b.semantic, b.seed, b.mode):
        return False
    return digest(a) == digest(b)


def digest(layers: Layers) -> str:
    """A hash of everything the layers hold: of the values alone, whatever the code calls them."""
    structure = None
    if layers.structure is not None:
        structure = (kind_of(layers.structure).name, *_structure_values(layers.structure))
    descriptors, texture = layers.semantic.descriptors, layers.texture
    values = (
        *layers.size,
        layers.seed,
        layers.candidate,
        layers.semantic.caption,
        None if descriptors is None else (descriptors.step_index, *descriptors.coefficients),
        structure,
        None
        if texture is None
        else (texture.step_index, *map(_plain, (texture.coefficients, texture.grain))),
    )
    return hashlib.sha256(repr(values).encode()).hexdigest()


def _structure_values(structure) -> tuple:
    if isinstance(structure, Strokes):
        return (_plain(structure.strokes),)
    if isinstance(structure, SoftEdges):
        return structure.rate, _plain(structure.latents)
    return structure.people


def _plain(array: np.ndarray | None) -> tuple | None:
    """An integer array as its shape and a hash of its values."""
    if array is None:
        return None
    assert array.dtype.kind in "biu"
    return array.shape, hashlib.sha256(array.astype("<i8").tobytes()).hexdigest()


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
