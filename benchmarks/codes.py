"""To what size a .tsk file can be photographed as a QR code, and what reads it: `make bench-codes`.

Codes with a link, of files of random bytes, photographed by simulation (`photographs`). Prints how many of the
photographs zxing-cpp and OpenCV read, and the pixels a module of the smallest photographs that are read.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable

import cv2
import numpy as np
import zxingcpp
from photographs import photograph

from textsketch import bitstream
from textsketch.layers import Layers, Semantic
from textsketch.share.code import Code, link_code
from textsketch.share.digits import digits_of
from textsketch.share.link import before_payload

ADDRESS = "https://somebody-textsketch.hf.space/player/#"
SIZES_BYTES = (140, 300, 600, 1200, 2000, 2800)
WIDTHS = {480: "half a full-HD frame's height", 900: "a full-HD frame", 2000: "a 12-megapixel photograph"}
PIXELS_A_MODULE = (2.0, 2.4, 2.8, 3.2, 3.6, 4.0)
SCREEN_PIXELS = 1080

Reader = Callable[[np.ndarray], str]


def by_zxing(photo: np.ndarray) -> str:
    found = zxingcpp.read_barcodes(photo, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return found[0].text if found else ""


def by_opencv(photo: np.ndarray) -> str:
    try:
        return cv2.QRCodeDetector().detectAndDecode(photo)[0]
    except (cv2.error, UnicodeDecodeError):
        return ""


READERS: dict[str, Reader] = {"zxing-cpp": by_zxing, "OpenCV": by_opencv}


def code_of(size_bytes: int) -> tuple[Code, str]:
    """A code of a file of random bytes behind a header, and the text in it."""
    start = bitstream.pack(Layers((640, 480), Semantic()))
    tsk = start + random.Random(size_bytes).randbytes(size_bytes - len(start))
    return link_code(tsk, ADDRESS), before_payload(ADDRESS) + digits_of(tsk)


def on_a_screen(code: Code) -> np.ndarray:
    return np.asarray(code.picture(SCREEN_PIXELS // code.modules))


def table(count: int) -> str:
    lines = [
        "| file | code | " + " | ".join(f"{name}, {width} px" for width in WIDTHS for name in READERS) + " |",
        f"|{'---|' * (2 + len(WIDTHS) * len(READERS))}",
    ]
    seconds = dict.fromkeys(READERS, 0.0)
    for size_bytes in SIZES_BYTES:
        code, text = code_of(size_bytes)
        cells = []
        for width in WIDTHS:
            rng = np.random.default_rng(size_bytes + width)
            photos = [photograph(on_a_screen(code), width, rng) for _ in range(count)]
            for name, read in READERS.items():
                started = time.process_time()
                cells.append(f"{sum(read(photo) == text for photo in photos)} of {count}")
                seconds[name] += time.process_time() - started
        lines.append(f"| {size_bytes:,} B | {code.version}-{code.level} | {' | '.join(cells)} |")
    each = len(SIZES_BYTES) * len(WIDTHS) * count
    used = ", ".join(f"{name} {1000 * spent / each:.0f} ms" for name, spent in seconds.items())
    return "\n".join([*lines, "", f"Processor time a photograph: {used}."])


def limits(count: int) -> str:
    lines = ["| pixels a module | sharp (blur 0.7 px) | soft (blur 1.2 px) |", "|---|---|---|"]
    for pixels in PIXELS_A_MODULE:
        cells = []
        for blur in (0.7, 1.2):
            read = tried = 0
            for size_bytes in (300, 1200, 2800):
                code, text = code_of(size_bytes)
                rng = np.random.default_rng(size_bytes)
                for _ in range(count):
                    photo = photograph(on_a_screen(code), round(pixels * code.modules), rng, blur=blur)
                    read, tried = read + (by_zxing(photo) == text), tried + 1
            cells.append(f"{read} of {tried}")
        lines.append(f"| {pixels} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--count", type=int, default=10, help="photographs of each code and width (default: 10)"
    )
    count = parser.parse_args().count
    cv2.setNumThreads(1)
    print("\n".join(f"{width} px: the code fills {what}" for width, what in WIDTHS.items()), end="\n\n")
    print(table(count), end="\n\n")
    print(limits(count))


if __name__ == "__main__":
    main()
