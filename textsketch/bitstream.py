"""The .tsk file: a header of 2 or 5 bytes, then one checked segment a layer. docs/format.md is its text.

    file    = header segment{1..3}
    header  = flags size [options]
    segment = length payload check

A segment delimits itself and its check covers everything before it, so a file cut after any segment is a
valid file of the lower mode.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace

import numpy as np

from textsketch.codestream import common_sizes
from textsketch.codestream.tables import NEWEST
from textsketch.entropy.range_coder import CheckedDecoder, Encoder
from textsketch.errors import BitstreamError
from textsketch.layers import CANDIDATES, LAYER_WORDS, LAYERS, Layers, Mode, Semantic
from textsketch.structure import kinds
from textsketch.structure.kind import Kind

VERSION = NEWEST
MAX_SIDE = 16_384
MAX_SEED = 2**32 - 1
MAX_FILE_BYTES = 3 * 8_400 + 16

# The first byte, from its most significant bit: version (3 bits), mode (2 bits), then these flags.
_DESCRIPTORS = 0b100
_OPTIONS = 0b010
_EXPLICIT_SIZE = 0b001

TOO_LARGE = 1 << 30
"""What `SizeMeter` counts for a layer that is too large for a segment."""

# The options byte: kind of structure (2 bits), candidate (3 bits), length of the seed (3 bits).
_CANDIDATE_BITS, _SEED_LENGTH_BITS = 3, 3

_MODES = tuple(Mode)
_MAX_SEGMENT_BYTES = 0x1FFF + 0x80


@dataclass(frozen=True)
class Header:
    """What stands before the segments.

    version: of the format. size: (width, height) in pixels. mode: the mode the file was written in (a cut
    file has fewer segments). kind: of structure. seed: of every random choice of the renderer. candidate:
    see `Layers`. has_descriptors: whether the semantic segment starts with descriptors. size_bytes: length of
    the header itself.
    """

    version: int
    size: tuple[int, int]
    mode: Mode
    kind: Kind
    seed: int
    candidate: int
    has_descriptors: bool
    size_bytes: int


@dataclass(frozen=True)
class Segment:
    """One layer's bytes. size_bytes counts its length field and check as well as the payload."""

    name: str
    payload: bytes
    size_bytes: int


@dataclass(frozen=True)
class Salvaged:
    """What is left of a damaged file.

    data: a sound file, the part before the damage; the file itself where it is sound. layers: what `data`
    holds. lost: a sentence that says what is left out, or None.
    """

    data: bytes
    layers: Layers
    lost: str | None


def pack(layers: Layers) -> bytes:
    """Write layers as the bytes of a .tsk file; the same layers always give the same bytes.

    Raises ValueError if the layers' size, seed or candidate is out of range.
    """
    stream = bytearray(_pack_header(layers))
    check = _crc8(stream)
    for pack_payload in _packers(layers, VERSION):
        payload = pack_payload()
        segment = _pack_length(len(payload)) + payload
        check = _crc8(segment, check)
        stream += segment
        stream.append(check)
    return bytes(stream)


class SizeMeter:
    """Measures files while layers are being chosen: `len(pack(layers))`, without packing a layer twice.

    A layer is known again by its values and by those of the layers it is coded over.
    beat: called again and again while a large layer is packed; an exception it raises stops the work.
    """

    def __init__(self, beat: Callable[[], None] | None = None) -> None:
        self._beat = beat
        self._known: dict[tuple[object, ...], int] = {}

    def __call__(self, layers: Layers) -> int:
        """The size in bytes of the file of `layers`; at least `TOO_LARGE` if the format cannot hold them."""
        size_bytes = len(_pack_header(layers))
        for name, pack_payload in zip(LAYERS, _packers(layers, VERSION, self._beat), strict=False):
            # A texture is coded with the strokes in view, whatever the words say.
            below = _values(layers.structure) if name == "texture" else None
            key = (name, layers.size, _values(getattr(layers, name)), below)
            if key not in self._known:
                count = len(pack_payload())
                self._known[key] = (
                    len(_pack_length(count)) + count + 1 if count <= _MAX_SEGMENT_BYTES else TOO_LARGE
                )
            size_bytes += self._known[key]
        return size_bytes


def _values(layer: object) -> object:
    """What tells a layer from others: its class and fields, arrays as the hash of what they hold."""
    if isinstance(layer, np.ndarray):
        return layer.shape, layer.dtype.str, hashlib.sha256(np.ascontiguousarray(layer).data).digest()
    if is_dataclass(layer):
        return type(layer), *(_values(getattr(layer, one.name)) for one in fields(layer))
    return layer


def unpack(data: bytes) -> Layers:
    """Read the layers of a .tsk file.

    data: the bytes of a whole file, or of a file cut after any segment.
    Raises BitstreamError if the bytes are truncated elsewhere, damaged, or no .tsk file at all. Costs
    about 2 seconds of one core and 256 MiB at the most, whatever the bytes are.
    """
    header, segments = split(data)
    layers = Layers(header.size, Semantic(), seed=header.seed, candidate=header.candidate)
    for segment in segments:
        layers = _with_layer(layers, segment, header)
    return layers


def salvage(data: bytes) -> Salvaged:
    """Read the layers before the damage of a damaged .tsk file; of a sound one all of them, as `unpack` does.

    Raises BitstreamError if not even the semantic layer is left. Costs at most twice what `unpack` does.
    """
    header, segments, damage = _walk(data)
    stack = [
        _with_layer(
            Layers(header.size, Semantic(), seed=header.seed, candidate=header.candidate), segments[0], header
        )
    ]
    try:
        for segment in segments[1:]:
            stack.append(_with_layer(stack[-1], segment, header))
    except BitstreamError as error:
        damage = error
    if damage is None:
        return Salvaged(bytes(data), stack[-1], None)
    # One damaged length in 256 gives a segment whose check matches by chance; its payload is then not one
    # that anybody wrote.
    last = len(stack) - 1
    if last and _packers(stack[-1], header.version)[last]() != segments[last].payload:
        stack.pop()
    kept = len(stack)
    end = header.size_bytes + sum(segment.size_bytes for segment in segments[:kept])
    return Salvaged(bytes(data[:end]), stack[-1], _what_is_lost(kept, header.mode))


def _what_is_lost(kept: int, mode: Mode) -> str:
    """The sentence on a file of which only the first `kept` layers are left."""
    if kept == mode.layer_count:
        return "bytes follow the last layer of the file; they are left out"
    name = LAYER_WORDS[LAYERS[kept]]
    if kept + 1 == mode.layer_count:
        return f"the {name} is damaged or cut short and is left out"
    return f"the {name} is damaged or cut short; it and all behind it are left out"


def split(data: bytes) -> tuple[Header, list[Segment]]:
    """Split a .tsk file into its header and checked segments without decoding any layer.

    Raises BitstreamError as `unpack` does.
    """
    header, segments, damage = _walk(data)
    if damage is not None:
        raise damage
    return header, segments


def read_header(data: bytes) -> Header:
    """The header of a .tsk file, behind which there may be damage.

    Raises BitstreamError if the first segment, which checks the header, is damaged too.
    """
    return _walk(data)[0]


def _walk(data: bytes) -> tuple[Header, list[Segment], BitstreamError | None]:
    """The header, the segments up to the first whose frame is damaged, and that damage.

    Raises BitstreamError if there is no sound segment at all.
    """
    if len(data) > MAX_FILE_BYTES:
        raise BitstreamError(f"this is not a .tsk file: none has more than {MAX_FILE_BYTES:,} bytes")
    reader = _Reader(bytes(data))
    header = _unpack_header(reader)
    check = _crc8(data[: reader.position])
    segments: list[Segment] = []
    while not segments or reader.position < len(data):
        try:
            if len(segments) == header.mode.layer_count:
                raise BitstreamError("the .tsk file is damaged: bytes follow its last segment")
            start = reader.position
            payload = reader.take(_unpack_length(reader))
            check = _crc8(data[start : reader.position], check)
            if reader.byte() != check:
                raise BitstreamError("the .tsk file is damaged: its check does not match; get the file again")
        except BitstreamError as damage:
            if not segments:
                raise
            return header, segments, damage
        segments.append(Segment(LAYERS[len(segments)], payload, reader.position - start))
    return header, segments, None


def cut(data: bytes, mode: Mode) -> bytes:
    """Cut a .tsk file down to the segments of `mode`; a file of a lower mode comes back unchanged.

    Raises BitstreamError as `unpack` does, but not for damage behind those segments.
    """
    header, segments, damage = _walk(data)
    if damage is not None and len(segments) < min(mode.layer_count, header.mode.layer_count):
        raise damage
    return data[: header.size_bytes + sum(s.size_bytes for s in segments[: mode.layer_count])]


class _Reader:
    """Takes bytes off the front; running out is the error of a truncated file."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 0

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.data):
            raise BitstreamError("the .tsk file is truncated or is no .tsk file; get the file again")
        taken = self.data[self.position : end]
        self.position = end
        return taken

    def byte(self) -> int:
        return self.take(1)[0]


def _pack_header(layers: Layers) -> bytes:
    width, height = layers.size
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise ValueError(f"size {layers.size} is outside 1 to {MAX_SIDE}")
    if not 0 <= layers.seed <= MAX_SEED:
        raise ValueError(f"seed {layers.seed} is outside 0 to {MAX_SEED}")
    if not 0 <= layers.candidate < max(CANDIDATES):
        raise ValueError(f"candidate {layers.candidate} is outside 0 to {max(CANDIDATES) - 1}")
    size_index = common_sizes.index_of(layers.size)
    flags = VERSION << 5 | _MODES.index(layers.mode) << 3
    if layers.semantic.descriptors is not None:
        flags |= _DESCRIPTORS
    options = _pack_options(layers)
    if options:
        flags |= _OPTIONS
    if size_index is None:
        flags |= _EXPLICIT_SIZE
        size_field = ((width - 1) << 14 | (height - 1)).to_bytes(4, "big")
    else:
        size_field = bytes([size_index])
    return bytes([flags]) + size_field + options


def _pack_options(layers: Layers) -> bytes:
    """Nothing where everything is as usual: strokes, the first candidate, seed 0."""
    kind = 0 if layers.structure is None else kinds.KINDS.index(kinds.kind_of(layers.structure))
    seed_field = layers.seed.to_bytes((layers.seed.bit_length() + 7) // 8, "big")
    first = (kind << _CANDIDATE_BITS | layers.candidate) << _SEED_LENGTH_BITS | len(seed_field)
    return bytes([first]) + seed_field if first else b""


def _unpack_header(reader: _Reader) -> Header:
    flags = reader.byte()
    version, mode_index = flags >> 5, flags >> 3 & 3
    if version > VERSION:
        raise BitstreamError(
            f"this is no .tsk file of format versions 0 to {VERSION}, which this program reads; get the file "
            "again, or a newer textsketch"
        )
    if mode_index >= len(_MODES):
        raise BitstreamError("this is no .tsk file this program knows: its mode is unknown")
    if flags & _EXPLICIT_SIZE:
        sides = int.from_bytes(reader.take(4), "big")
        size = ((sides >> 14) + 1, (sides & 0x3FFF) + 1)
        if sides >> 28 or common_sizes.index_of(size) is not None:
            raise BitstreamError("the .tsk file is damaged: its size field is not a valid one")
    else:
        common = common_sizes.size_at(reader.byte())
        if common is None:
            raise BitstreamError("the .tsk file is damaged: its size code is unknown")
        size = common
    kind, candidate, seed = _unpack_options(reader, version) if flags & _OPTIONS else (kinds.DEFAULT, 0, 0)
    has_descriptors = bool(flags & _DESCRIPTORS)
    return Header(version, size, _MODES[mode_index], kind, seed, candidate, has_descriptors, reader.position)


def _unpack_options(reader: _Reader, version: int) -> tuple[Kind, int, int]:
    """The kind of structure, the candidate and the seed; version 0 has only the seed."""
    first = reader.byte()
    kind_index = first >> _CANDIDATE_BITS + _SEED_LENGTH_BITS
    candidate = first >> _SEED_LENGTH_BITS & (1 << _CANDIDATE_BITS) - 1
    length = first & (1 << _SEED_LENGTH_BITS) - 1
    if length > 4 or kind_index >= len(kinds.KINDS) or first == 0 or (version == 0 and first > 4):
        raise BitstreamError("the .tsk file is damaged: its options are not valid ones")
    seed_field = reader.take(length)
    if length and seed_field[0] == 0:
        raise BitstreamError("the .tsk file is damaged: its seed is not a valid one")
    return kinds.KINDS[kind_index], candidate, int.from_bytes(seed_field, "big")


def _packers(
    layers: Layers, version: int, beat: Callable[[], None] | None = None
) -> list[Callable[[], bytes]]:
    """For each layer there is, what packs its payload as format `version` has it, calling `beat` often."""
    from textsketch.texture import colour_coder

    packers: list[Callable[[], bytes]] = [lambda: _pack_semantic(layers, version)]
    if layers.structure is not None:
        lines = layers.structure
        packers.append(lambda: kinds.kind_of(lines).pack(lines, layers.size, version))
    if layers.texture is not None:
        texture = layers.texture
        packers.append(lambda: colour_coder.pack(texture, layers, version, beat))
    return packers


def _pack_semantic(layers: Layers, version: int) -> bytes:
    from textsketch.semantic import descriptors
    from textsketch.semantic.text import coder as text_coder

    encoder = Encoder()
    if layers.semantic.descriptors is not None:
        descriptors.encode_to(encoder, layers.semantic.descriptors, version)
    text_coder.encode_text_to(encoder, layers.semantic.caption, version)
    return encoder.finish()


def _unpack_semantic(payload: bytes, header: Header) -> Semantic:
    from textsketch.semantic import descriptors
    from textsketch.semantic.text import coder as text_coder

    decoder = CheckedDecoder(payload)
    colours = descriptors.decode_from(decoder, header.version) if header.has_descriptors else None
    semantic = Semantic(text_coder.decode_text_from(decoder, header.version), colours)
    if not decoder.is_canonical():
        raise BitstreamError("the .tsk file is damaged: its text is not coded as textsketch codes it")
    return semantic


def _with_layer(layers: Layers, segment: Segment, header: Header) -> Layers:
    """Layers with the one of `segment` above them."""
    from textsketch.texture import colour_coder

    if segment.name == "semantic":
        return replace(layers, semantic=_unpack_semantic(segment.payload, header))
    if segment.name == "structure":
        lines = header.kind.unpack(segment.payload, header.size, header.version)
        return replace(layers, structure=lines)
    return replace(layers, texture=colour_coder.unpack(segment.payload, layers, header.version))


def _pack_length(count: int) -> bytes:
    if count < 0x80:
        return bytes([count])
    if count > _MAX_SEGMENT_BYTES:
        raise ValueError(f"a segment of {count} bytes is more than the format holds ({_MAX_SEGMENT_BYTES})")
    return (count - 0x80 | 0x8000).to_bytes(2, "big")


def _unpack_length(reader: _Reader) -> int:
    first = reader.byte()
    count = first if first < 0x80 else ((first & 0x7F) << 8 | reader.byte()) + 0x80
    if count > _MAX_SEGMENT_BYTES:
        raise BitstreamError("the .tsk file is damaged: a segment is longer than any can be")
    return count


def _crc8(data: bytes | bytearray, check: int = 0xFF) -> int:
    """CRC-8/AUTOSAR without the final inversion (polynomial 0x2F, start 0xFF), continued from `check`."""
    for byte in data:
        check = _CRC_TABLE[check ^ byte]
    return check


def _crc_table() -> bytes:
    table = bytearray()
    for value in range(256):
        for _ in range(8):
            value = (value << 1 ^ 0x2F) & 0xFF if value & 0x80 else value << 1
        table.append(value)
    return bytes(table)


_CRC_TABLE = _crc_table()
