"""VVC (H.266) stills through the programs on the PATH: vvencapp and vvdecapp, or an ffmpeg that has libvvenc.

A picture goes in as 8-bit 4:2:0 YCbCr (BT.601, full range, chroma averaged over 2 x 2 pixels) and its file is
the plain bitstream. Widths and heights are even.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from textsketch.errors import TextsketchError
from textsketch.measure.baselines.format import Format

LEVELS = 64  # quantisation parameters 63 to 0
_TIMEOUT_S = 600


def unavailable() -> str | None:
    """The sentence that says what is missing here, or None."""
    if shutil.which("vvencapp") and shutil.which("vvdecapp"):
        return None
    if _ffmpeg_has_vvc():
        return None
    return (
        "VVC needs vvencapp and vvdecapp on the PATH: install vvenc and vvdec, or an ffmpeg of at least version "
        "7.1 with libvvenc."
    )


def describe(level: int) -> str:
    """The level for people."""
    return f"QP {LEVELS - 1 - level}"


def version() -> str:
    """The encoder and its version, as it says itself."""
    if shutil.which("vvencapp"):
        lines = _run(["vvencapp", "--version"]).decode(errors="replace").split("\n")
        return next((line.strip()[:80] for line in lines if "ver" in line.lower()), "vvencapp")
    return _run(["ffmpeg", "-version"]).decode(errors="replace").split(" Copyright")[0] + ", libvvenc"


def save(image: Image.Image, level: int) -> bytes:
    """Encode an RGB picture of even width and height; preset medium, no perceptual QP adaptation."""
    qp = str(LEVELS - 1 - level)
    with tempfile.TemporaryDirectory() as folder:
        raw, out = Path(folder) / "in.yuv", Path(folder) / "out.266"
        raw.write_bytes(_to_yuv420(image))
        size = f"{image.width}x{image.height}"
        if shutil.which("vvencapp"):
            command = ["vvencapp", "-i", str(raw), "-s", size, "-c", "yuv420", "-r", "1", "-f", "1"]
            command += ["-q", qp, "--qpa", "0", "--preset", "medium", "--threads", "1", "-o", str(out)]
        else:
            command = ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-i"]
            command += [str(raw), "-frames:v", "1", "-c:v", "libvvenc", "-qp", qp, "-preset", "medium"]
            command += ["-qpa", "0", "-threads", "1", "-f", "vvc", str(out)]
        _run(command)
        return out.read_bytes()


def load(data: bytes) -> Image.Image:
    """Decode a bitstream to an RGB picture."""
    with tempfile.TemporaryDirectory() as folder:
        coded, out = Path(folder) / "in.266", Path(folder) / "out.y4m"
        coded.write_bytes(data)
        if shutil.which("vvdecapp"):
            _run(["vvdecapp", "-b", str(coded), "-o", str(out), "-t", "1"])
        else:
            _run(["ffmpeg", "-v", "error", "-i", str(coded), "-frames:v", "1", "-strict", "-1", str(out)])
        return _from_y4m(out.read_bytes())


def _run(command: list[str]) -> bytes:
    done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
    if done.returncode != 0:
        reason = (done.stderr or done.stdout).decode(errors="replace").strip().split("\n")[-1][:200]
        raise TextsketchError(f"{command[0]} failed: {reason}")
    return done.stdout


@functools.cache
def _ffmpeg_has_vvc() -> bool:
    if shutil.which("ffmpeg") is None:
        return False
    encoders = _run(["ffmpeg", "-v", "error", "-encoders"])
    decoders = _run(["ffmpeg", "-v", "error", "-decoders"])
    return b"libvvenc" in encoders and b" vvc " in decoders


def _to_yuv420(image: Image.Image) -> bytes:
    luma, *chroma = image.convert("YCbCr").split()
    half = (image.width // 2, image.height // 2)
    return b"".join(
        [luma.tobytes(), *(plane.resize(half, Image.Resampling.BOX).tobytes() for plane in chroma)]
    )


def _from_y4m(data: bytes) -> Image.Image:
    header, _, rest = data.partition(b"\n")
    fields = {field[:1]: field[1:].decode() for field in header.split()[1:]}
    width, height = int(fields[b"W"]), int(fields[b"H"])
    chroma = fields.get(b"C", "420")
    bits = int(chroma.split("p")[1]) if "p" in chroma and chroma.split("p")[1].isdigit() else 8
    _, _, frame = rest.partition(b"\n")
    samples = np.frombuffer(frame, "<u2" if bits > 8 else np.uint8)
    planes, position = [], 0
    for columns, rows in ((width, height), (width // 2, height // 2), (width // 2, height // 2)):
        plane = samples[position : position + columns * rows].reshape(rows, columns)
        position += columns * rows
        eight_bit = np.minimum((plane.astype(np.uint32) * 2 + (1 << (bits - 8))) >> (bits - 7), 255)
        planes.append(
            Image.fromarray(eight_bit.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
        )
    return Image.merge("YCbCr", planes).convert("RGB")


VVC = Format(
    name="vvc",
    title="VVC",
    extension="266",
    levels=LEVELS,
    save=save,
    describe=describe,
    version=version,
    load=load,
    unavailable=unavailable,
    even=True,
)
