"""The text coder: a caption in as few bytes as a shipped model of captions allows, and back exactly.

    data = encode_text("A dog runs on the beach.")
    decode_text(data)

Nothing is normalised: any Unicode string of up to 4,096 bytes of UTF-8 arrives as it was typed. A text is sent
in the cheapest of three ways: through the model of captions (`text_model`), as CLIP tokens (`hard_tokens`) or as
plain bytes (`text_bytes`). The choice and every probability are integers, so they are the same everywhere.
"""

from __future__ import annotations

import zlib
from functools import lru_cache

from textsketch.codestream.tables import NEWEST
from textsketch.entropy import range_coder
from textsketch.entropy.models import BitCoder
from textsketch.errors import BitstreamError, CaptionError
from textsketch.semantic.text import hard_tokens
from textsketch.semantic.text.alphabet import END, ESCAPE, case_bits, fold
from textsketch.semantic.text.bytes import code_bytes
from textsketch.semantic.text.case import CaseModel, place_of
from textsketch.semantic.text.lookup import lookup
from textsketch.semantic.text.model import TextModel
from textsketch.semantic.text.tables import load_tables

MAX_TEXT_BYTES = 4096
"""Longest caption, in bytes of UTF-8."""

_EMPTY = 65536 // 24  # probabilities of the header's bits
_UNUSUAL = 65536 // 256
_BEGINS_LOWER = 65536 * 3 // 10
_SAME_SCRIPT = 65536 * 3 // 4
_MODEL, _PIECES, _BYTES = "model", "pieces", "bytes"
_NAT_UNITS_PER_BYTE = 1420  # ln(256) in 1 / 256 nat
Decisions = list[tuple[int, int]]


class _Recorder:
    """A bit coder that keeps what it is told to encode."""

    def __init__(self) -> None:
        self.decisions: Decisions = []

    def bit(self, value: int, probability_one: int) -> int:
        self.decisions.append((value, probability_one))
        return value


class _Source:
    """A bit coder that decodes, and keeps what it decoded."""

    def __init__(self, decoder: range_coder.Decoder) -> None:
        self._decoder = decoder
        self.decisions: Decisions = []

    def bit(self, value: int, probability_one: int) -> int:
        decoded = self._decoder.bit(value, probability_one)
        self.decisions.append((decoded, probability_one))
        return decoded


def encode_text(text: str, version: int = NEWEST) -> bytes:
    """Return the bytes of a caption; the empty caption has none. Raises CaptionError."""
    encoder = range_coder.Encoder()
    encode_text_to(encoder, text, version)
    return encoder.finish()


def decode_text(data: bytes, version: int = NEWEST) -> str:
    """Return the caption `encode_text` coded; BitstreamError for any bytes it would not have written."""
    source = _Source(range_coder.Decoder(data))
    text = _decode(source, version)
    encoder = range_coder.Encoder()
    _replay(encoder, source.decisions)
    if encoder.finish() != data:
        raise BitstreamError("The caption's bytes are damaged: no caption is written this way.")
    return text


def encode_text_to(encoder: range_coder.Encoder, text: str, version: int) -> None:
    """Code a caption into a stream, of a format version, that other things share. Raises CaptionError."""
    _replay(encoder, _decisions(text, version))


def decode_text_from(decoder: range_coder.Decoder, version: int) -> str:
    """Decode the caption `encode_text_to` coded; the caller checks the stream as a whole."""
    return _decode(_Source(decoder), version)


def measure_text(text: str) -> tuple[int, int, int]:
    """Return (characters, coded bytes, bytes after zlib at its best) of a caption. Raises CaptionError."""
    return len(text), len(encode_text(text)), len(zlib.compress(text.encode(), 9))


def _replay(encoder: range_coder.Encoder, decisions: Decisions) -> None:
    for bit, probability_one in decisions:
        encoder.bit(bit, probability_one)


@lru_cache(maxsize=8)  # one caption is measured and packed several times
def _decisions(text: str, version: int) -> Decisions:
    """Return the cheapest way to code a text, as binary decisions; nobody may change the list."""
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise CaptionError("The caption holds half of a character (a lone surrogate); remove it.") from error
    if len(data) > MAX_TEXT_BYTES:
        raise CaptionError(f"The caption is {len(data)} bytes long; the longest allowed is {MAX_TEXT_BYTES}.")
    recorder = _Recorder()
    recorder.bit(int(not text), _EMPTY)
    if not text:
        return recorder.decisions
    recorder.bit(0, _UNUSUAL)
    _code_by_model(recorder, text, version)
    _, decisions = _cheapest(text, data, recorder.decisions, version)
    return decisions


def _cheapest(text: str, data: bytes, by_model: Decisions, version: int) -> tuple[str, Decisions]:
    """Return the way a text is sent and its decisions, given those of sending it through the model."""
    way, decisions, cost = _MODEL, by_model, _cost(by_model, version)
    # A piece costs 15.6 bits and a word at least one piece; bytes that carry less than 3 bits are rare.
    if (text.count(" ") + 1) * 2 * _NAT_UNITS_PER_BYTE < cost:
        numbers = hard_tokens.fewest_pieces(text, version)
        if numbers is not None:
            other = _Recorder()
            for bit, probability_one in ((0, _EMPTY), (1, _UNUSUAL), (1, 1 << 15)):
                other.bit(bit, probability_one)
            hard_tokens.code_pieces(other, numbers, version)
            if _cost(other.decisions, version) < cost:
                way, decisions, cost = _PIECES, other.decisions, _cost(other.decisions, version)
    if len(data) * 3 * _NAT_UNITS_PER_BYTE < cost * 8:
        other = _Recorder()
        for bit, probability_one in ((0, _EMPTY), (1, _UNUSUAL), (0, 1 << 15)):
            other.bit(bit, probability_one)
        code_bytes(other, data, MAX_TEXT_BYTES)
        if _cost(other.decisions, version) < cost:
            way, decisions = _BYTES, other.decisions
    return way, decisions


def _cost(decisions: Decisions, version: int) -> int:
    """Return the information in some decisions, in 1 / 256 nat."""
    table = lookup(version).information
    return sum(table[(p if bit else 65536 - p) >> 4] for bit, p in decisions)


def _decode(source: _Source, version: int) -> str:
    if source.bit(0, _EMPTY):
        return ""
    if not source.bit(0, _UNUSUAL):
        way, text = _MODEL, _decode_by_model(source, version)
        by_model = source.decisions
    else:
        if source.bit(0, 1 << 15):
            numbers = hard_tokens.code_pieces(source, None, version)
            way, text = _PIECES, hard_tokens.join_pieces(numbers, version)
        else:
            try:
                way, text = _BYTES, code_bytes(source, None, MAX_TEXT_BYTES).decode("utf-8")
            except UnicodeDecodeError as error:
                raise BitstreamError("The caption is not valid UTF-8.") from error
        if not text or len(text.encode()) > MAX_TEXT_BYTES:
            raise BitstreamError("The caption is empty or longer than the format allows.")
        recorder = _Recorder()
        recorder.bit(0, _EMPTY)
        recorder.bit(0, _UNUSUAL)
        _code_by_model(recorder, text, version)
        by_model = recorder.decisions
    cheapest, decisions = _cheapest(text, text.encode(), by_model, version)
    if cheapest != way or (way != _MODEL and decisions != source.decisions):
        raise BitstreamError("The caption is not coded the way textsketch codes it.")
    return text


@lru_cache
def _symbol_numbers(version: int) -> dict[str, int]:
    return {symbol: number for number, symbol in enumerate(load_tables(version).symbols)}


def _code_by_model(coder: BitCoder, text: str, version: int) -> None:
    """Encode a text that is not empty through the model of captions."""
    numbers = _symbol_numbers(version)
    begins_lower = not "A" <= text[0] <= "Z"
    coder.bit(int(begins_lower), _BEGINS_LOWER)
    model, cases = TextModel(coder, begins_lower, version), CaseModel(coder, begins_lower, version)
    begin, previous, script = 0, "", 0
    for index, symbol in enumerate(fold(text)):
        model.code(numbers[symbol])
        if symbol == ESCAPE:
            script = _code_escaped(coder, ord(text[index]), script) >> 7
        elif symbol in (" ", END):
            token = text[begin:index]
            bits = case_bits(token)
            if bits:
                cases.code(bits, len(bits), place_of(begin, previous), model.token_id)
            begin, previous = index + 1, token


def _decode_by_model(coder: BitCoder, version: int) -> str:
    symbols = load_tables(version).symbols
    begins_lower = bool(coder.bit(0, _BEGINS_LOWER))
    model, cases = TextModel(coder, begins_lower, version), CaseModel(coder, begins_lower, version)
    text: list[str] = []
    begin, previous, size_bytes, script = 0, "", 0, 0
    while True:
        symbol = symbols[model.code(None)]
        if symbol == ESCAPE:
            code_point = _code_escaped(coder, None, script)
            script = code_point >> 7
            symbol = chr(code_point)
            size_bytes += len(symbol.encode())
        elif symbol in (" ", END):
            letters = [i for i in range(begin, len(text)) if "a" <= text[i] <= "z"]
            folded = "".join(text[begin:])
            if letters:
                bits = cases.code(None, len(letters), place_of(begin, previous), model.token_id)
                for place, bit in zip(letters, bits, strict=True):
                    if bit:
                        text[place] = text[place].upper()
            begin, previous = len(text) + 1, folded
            size_bytes += 1
            if symbol == END:
                break
        else:
            size_bytes += 1
        if size_bytes > MAX_TEXT_BYTES:
            raise BitstreamError("The caption is longer than the format allows.")
        text.append(symbol)
    result = "".join(text)
    if not result or size_bytes - 1 > MAX_TEXT_BYTES or begins_lower != (not "A" <= result[0] <= "Z"):
        raise BitstreamError("The caption is not coded the way textsketch codes it.")
    return result


def _code_escaped(coder: BitCoder, code_point: int | None, script: int) -> int:
    """Code a code point the alphabet lacks: 128 neighbours of the last one are cheap, then by its length."""
    point = code_point or 0
    likely = _SAME_SCRIPT if script else 65536 - _SAME_SCRIPT
    if coder.bit(int(point >> 7 == script), likely):
        result = script << 7 | hard_tokens.code_uniform(coder, point & 127, 128)
    else:
        width = hard_tokens.code_uniform(coder, point.bit_length(), 22)
        result = 1 << width - 1 if width else 0
        for start in range(0, width - 1, 8):
            size = 1 << min(8, width - 1 - start)
            result |= hard_tokens.code_uniform(coder, point >> start & size - 1, size) << start
        if result >> 7 == script:
            raise BitstreamError("The caption is not coded the way textsketch codes it.")
    if result > 0x10FFFF or 0xD800 <= result < 0xE000 or 0x20 <= result < 0x7F:
        raise BitstreamError("The caption holds a code point that cannot stand there.")
    return result
