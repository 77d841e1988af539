"""What reading costs in memory, decoder and all, measured in a process of its own."""

import io
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from textsketch.errors import ImageError
from textsketch.image.reading import read_image

MEGAPIXELS = 16
BOUND_BYTES = 4 * MEGAPIXELS * 10**6 + 100 * 10**6

READ = f"""
import sys, numpy as np
from PIL import Image
from textsketch.image import reading
{{prepare}}
reading.read_image(np.zeros((9, 9, 3), np.uint8))
reading.read_image(sys.argv[2])
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) * 1024
before = peak()
reading.read_image({{source}}, max_pixels={MEGAPIXELS} * 10**6, fit={{fit}})
print(peak() - before)
"""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="peak memory is read from /proc")


def picture(megapixels: float, mode: str = "RGB") -> Image.Image:
    side = int((megapixels * 1e6) ** 0.5)
    small = Image.linear_gradient("L").resize((64, 64))
    image = Image.merge("RGB", [small, small.transpose(Image.Transpose.ROTATE_90), small]).resize(
        (side, side)
    )
    if mode == "RGBA":
        image.putalpha(image.getchannel("R"))
        return image
    if mode == "I;16":
        return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    return image.quantize(64) if mode == "P" else image.convert(mode)


def turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def save_heic(image: Image.Image, path: Path) -> None:
    import pillow_heif

    pillow_heif.from_pillow(image).save(path, quality=10)


# Name, megapixels (less than allowed where the decoder needs more a pixel), mode, how it is saved.
KINDS = [
    ("jpeg", 16, "RGB", {"format": "JPEG"}),
    ("turned jpeg", 16, "RGB", {"format": "JPEG", "exif": turned()}),
    ("jpeg in passes", 11.3, "RGB", {"format": "JPEG", "progressive": True, "subsampling": 0}),
    ("cmyk jpeg", 16, "CMYK", {"format": "JPEG"}),
    ("png", 16, "RGB", {"format": "PNG", "compress_level": 1}),
    ("transparent png", 16, "RGBA", {"format": "PNG", "compress_level": 1}),
    ("palette png", 16, "P", {"format": "PNG", "compress_level": 1}),
    ("16-bit png", 16, "I;16", {"format": "PNG", "compress_level": 1}),
    ("webp", 6.3, "RGB", {"format": "WEBP", "method": 0}),
    ("lossless webp", 6.3, "RGBA", {"format": "WEBP", "lossless": True, "method": 0, "quality": 0}),
    ("avif", 6.3, "RGBA", {"format": "AVIF", "speed": 10, "subsampling": "4:4:4"}),
    ("gif", 16, "P", {"format": "GIF"}),
    ("bmp", 16, "RGB", {"format": "BMP"}),
    ("tiff", 16, "RGB", {"format": "TIFF"}),
    ("lzw tiff", 16, "RGB", {"format": "TIFF", "compression": "tiff_lzw"}),
    ("cmyk tiff", 16, "CMYK", {"format": "TIFF", "compression": "tiff_adobe_deflate"}),
    ("turned tiff", 12, "RGB", {"format": "TIFF", "compression": "tiff_lzw", "tiffinfo": {274: 6}}),
    ("heic", 12, "RGB", None),
]


def peak_bytes(source: str, path: Path, tiny: Path, prepare: str = "", fit: int | None = None) -> int:
    program = READ.format(prepare=prepare, source=source, fit=fit)
    run = subprocess.run(
        [sys.executable, "-c", program, str(path), str(tiny)], capture_output=True, text=True, check=True
    )
    return int(run.stdout)


@pytest.mark.parametrize(("megapixels", "mode", "options"), [k[1:] for k in KINDS], ids=[k[0] for k in KINDS])
def test_reading_costs_four_bytes_a_pixel_and_100_mb(megapixels, mode, options, tmp_path):
    for name, size in (("picture", megapixels), ("tiny", 0.001)):
        image = picture(size, mode)
        save_heic(image, tmp_path / name) if options is None else image.save(tmp_path / name, **options)
    assert peak_bytes("sys.argv[1]", tmp_path / "picture", tmp_path / "tiny") < BOUND_BYTES


@pytest.mark.parametrize(
    "source",
    [
        "np.broadcast_to(np.uint8(7), (4000, 4000, 3))",
        "np.broadcast_to(np.float64(0.5), (4000, 4000, 4))",
        "Image.new('RGB', (4000, 4000))",
        "Image.new('CMYK', (4000, 4000))",
        "Image.new('LA', (4000, 4000))",
    ],
)
def test_reading_what_is_in_memory_costs_four_bytes_a_pixel_and_100_mb_more(source, tmp_path):
    picture(0.001).save(tmp_path / "tiny", format="PNG")
    prepare = f"source = {source}"
    assert peak_bytes("source", tmp_path / "tiny", tmp_path / "tiny", prepare) < BOUND_BYTES


def test_a_jpeg_that_is_wanted_small_is_decoded_small(tmp_path):
    picture(MEGAPIXELS).save(tmp_path / "picture", format="JPEG")
    picture(0.001).save(tmp_path / "tiny", format="JPEG")
    assert peak_bytes("sys.argv[1]", tmp_path / "picture", tmp_path / "tiny", fit=500) < 45e6  # whole: 64 MB


@pytest.mark.parametrize(
    ("mode", "options", "most"),
    [
        ("RGB", {"format": "WEBP", "method": 0}, 6),
        ("RGB", {"format": "AVIF", "speed": 10}, 6),
        ("RGB", {"format": "JPEG", "progressive": True, "subsampling": 0}, 11),
    ],
)
def test_a_decoder_that_needs_more_gets_fewer_pixels(mode, options, most, tmp_path):
    picture(MEGAPIXELS, mode).save(tmp_path / "picture", **options)
    with pytest.raises(ImageError, match=f"scale it down to {most} megapixels"):
        read_image(tmp_path / "picture", max_pixels=MEGAPIXELS * 10**6)
    assert read_image(tmp_path / "picture").size == (4000, 4000)


def tiff(entries: list[tuple[int, int, int, int]], file_bytes: int = 0) -> bytes:
    """A TIFF with one directory of (tag, type, count, value or offset)."""
    packed = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    data = b"II*\0" + struct.pack("<IH", 8, len(entries)) + packed + bytes(4)
    return data + bytes(max(0, file_bytes - len(data)))


def test_metadata_that_would_unfold_in_memory_is_refused(photo):
    pointing = [(tag, 1, 60_000, 8) for tag in range(1000, 5000)]
    with pytest.raises(ImageError, match="metadata"):
        read_image(tiff(pointing, 70_000))
    with pytest.raises(ImageError, match="metadata"):
        read_image(tiff([(273, 4, 2_000_000, 8)], 9_000_000))
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG")
    exif = b"Exif\0\0" + tiff(pointing, 65_000)
    forged = b"\xff\xd8\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + buffer.getvalue()[2:]
    with pytest.raises(ImageError, match="metadata"):
        read_image(forged)
    assert read_image(buffer.getvalue()).size == photo.size


def test_a_tile_far_larger_than_the_picture_is_refused():
    tags = [(256, 3, 1, 64), (257, 3, 1, 64), (258, 3, 1, 8), (259, 3, 1, 5), (262, 3, 1, 1), (277, 3, 1, 1)]
    tags += [(322, 4, 1, 32768), (323, 4, 1, 32768), (324, 4, 1, 8), (325, 4, 1, 100)]
    with pytest.raises(ImageError, match="memory"):
        read_image(tiff(tags, 1000))
