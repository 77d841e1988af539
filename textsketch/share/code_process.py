"""A process of its own looks for QR codes: some pictures keep the search busy for hours, so it is to be ended.

Standard input: width and height, 4 bytes each, then the grey pixels. Standard output: of each code found, the
length of its payload in 4 bytes, then the payload. Whole numbers are big-endian.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys

import numpy as np

from textsketch.errors import LinkError

MAX_SECONDS = 10
"""Processor time of a search; a photograph of 12 megapixels takes half a second."""

WALL_SECONDS = 60


def payloads(grey: np.ndarray) -> list[bytes]:
    """What the QR codes in a picture hold; of none that can be read it is [].

    grey: (height, width) uint8. Raises LinkError if the search takes too long or fails.
    """
    height, width = grey.shape
    pixels = width.to_bytes(4) + height.to_bytes(4) + np.ascontiguousarray(grey).tobytes()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "textsketch.share.code_process"],
            input=pixels,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=WALL_SECONDS,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError):
        raise LinkError(
            "no QR code was found in this picture in time; crop it to the code and try again"
        ) from None
    found, rest = [], done.stdout
    while rest:
        end = 4 + int.from_bytes(rest[:4])
        found.append(rest[4:end])
        rest = rest[end:]
    return found


def main() -> None:
    """Search the picture on standard input."""
    import zxingcpp

    with contextlib.suppress(ImportError, ValueError):  # a system without limits, or with a lower one already
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    data = sys.stdin.buffer.read()
    width, height = int.from_bytes(data[:4]), int.from_bytes(data[4:8])
    grey = np.frombuffer(data, np.uint8, offset=8).reshape(height, width)
    for code in zxingcpp.read_barcodes(grey, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)):
        sys.stdout.buffer.write(len(code.bytes).to_bytes(4) + code.bytes)


if __name__ == "__main__":
    main()
