"""Builds the table clip_tokens, the texts of CLIP's tokens, from CLIP's vocab.json (MIT).

python -m training.clip_tokens.build --vocabulary vocab.json --out clip_tokens.xz
"""

import argparse
import json
import lzma
from pathlib import Path


def byte_of_character() -> dict[str, int]:
    """Return CLIP's printable stand-ins for bytes (the table of GPT-2's byte-level BPE)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    return {chr(b): b for b in plain} | {chr(256 + i): b for i, b in enumerate(others)}


def token_texts(vocabulary: Path) -> set[str]:
    to_byte = byte_of_character()
    texts = set()
    for token in json.loads(vocabulary.read_text(encoding="utf-8")):
        if token.startswith("<|"):
            continue
        body = token.removesuffix("</w>")
        text = bytes(to_byte[c] for c in body).decode("utf-8", errors="replace")
        texts.add(text + " " * (body != token))
    return texts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    texts = token_texts(options.vocabulary)
    bodies = sorted({text.removesuffix(" ").encode() for text in texts})
    shared, spaced, tails, before = bytearray(), bytearray(), [], b""
    for body in bodies:
        length = 0
        while length < min(len(before), len(body), 90) and before[length] == body[length]:
            length += 1
        text = body.decode()
        shared.append(length + 32)
        spaced.append(48 + (text in texts) + 2 * (text + " " in texts))
        tails.append(body[length:])
        before = body
    data = bytes(shared) + b"\xff\xff" + bytes(spaced) + b"\xff\xff" + b"\xff".join(tails)
    options.out.write_bytes(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(texts)} texts, {options.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
