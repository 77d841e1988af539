import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from textsketch.errors import ImageError
from textsketch.image.reading import read_image, read_size, scale_to_fit


def saved(image: Image.Image, format_name: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_name, **options)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises a size and has almost no data."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "TIFF", "GIF"])
def test_lossless_formats_come_back_exactly(format_name):
    image = Image.new("RGB", (7, 5), (10, 200, 30))
    decoded = read_image(saved(image, format_name))
    assert decoded.mode == "RGB" and decoded.tobytes() == image.tobytes()


@pytest.mark.parametrize("format_name", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats_come_back_nearly(format_name, photo):
    decoded = read_image(saved(photo, format_name, quality=95))
    difference = np.abs(np.asarray(decoded, int) - np.asarray(photo, int))
    assert decoded.size == photo.size and difference.mean() < 4


def test_a_file_is_told_by_its_content_not_its_name(photo, tmp_path):
    path = tmp_path / "picture.jpg"
    path.write_bytes(saved(photo, "PNG"))
    assert read_image(path).tobytes() == photo.tobytes()
    with open(path, "rb") as file:
        assert read_image(file).tobytes() == photo.tobytes()


def test_exif_orientation_is_applied():
    image = Image.new("RGB", (6, 4), "white")
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(image, "JPEG", exif=exif)
    assert read_image(data).size == read_size(data) == (4, 6)


def test_transparency_is_flattened_on_white():
    image = Image.new("RGBA", (2, 1))
    image.putpixel((0, 0), (255, 0, 0, 255))
    image.putpixel((1, 0), (255, 0, 0, 0))
    assert list(read_image(saved(image, "PNG")).get_flattened_data()) == [(255, 0, 0), (255, 255, 255)]


def test_a_transparent_palette_entry_becomes_white():
    image = Image.new("P", (2, 1))
    image.putpalette([0, 0, 255, 9, 9, 9])
    image.putdata([0, 1])
    assert list(read_image(saved(image, "PNG", transparency=1)).get_flattened_data()) == [
        (0, 0, 255),
        (255, 255, 255),
    ]


def test_16_bit_grey_is_scaled_to_8_bits():
    levels = np.array([[0, 257, 32896, 65535]], np.uint16)
    decoded = read_image(saved(Image.fromarray(levels), "PNG"))
    assert [pixel[0] for pixel in decoded.get_flattened_data()] == [0, 1, 128, 255]


def test_cmyk_grey_and_one_bit_become_rgb():
    assert read_image(saved(Image.new("CMYK", (3, 3), (0, 255, 255, 0)), "JPEG")).getpixel((1, 1))[0] > 200
    assert read_image(saved(Image.new("L", (3, 3), 77), "PNG")).getpixel((1, 1)) == (77, 77, 77)
    assert read_image(saved(Image.new("1", (3, 3), 1), "PNG")).getpixel((1, 1)) == (255, 255, 255)


def test_an_icc_profile_is_converted_to_srgb():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")
    image = Image.new("RGB", (2, 2), (200, 100, 50))
    same = np.asarray(read_image(saved(image, "PNG", icc_profile=srgb)), int)
    assert np.abs(same - (200, 100, 50)).max() <= 1
    exchanged = np.asarray(read_image(saved(image, "PNG", icc_profile=swapped)), int)
    assert np.abs(exchanged - (100, 200, 50)).max() <= 1


def test_a_broken_icc_profile_is_ignored():
    image = Image.new("RGB", (2, 2), (200, 100, 50))
    assert read_image(saved(image, "PNG", icc_profile=b"not a profile")).getpixel((0, 0)) == (200, 100, 50)


def test_an_animated_gif_gives_its_first_frame_and_other_animations_an_error():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    gif = saved(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert read_image(gif).getpixel((0, 0)) == (255, 0, 0)
    for format_name in ("PNG", "WEBP"):
        animated = saved(frames[0], format_name, save_all=True, append_images=frames[1:])
        with pytest.raises(ImageError, match="animated"):
            read_image(animated)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF"])
def test_truncated_files_give_an_image_error(format_name, noise):
    data = saved(noise, format_name)
    for length in range(0, len(data) - 8, max(1, len(data) // 60)):
        try:
            read_image(data[:length])  # a decoder may accept a cut in trailing padding
        except ImageError as error:
            assert "\n" not in str(error)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF"])
def test_half_a_file_is_refused(format_name, noise):
    data = saved(noise, format_name)
    with pytest.raises(ImageError):
        read_image(data[: len(data) // 2])


def test_damaged_bytes_give_a_picture_or_an_image_error(photo):
    random = np.random.default_rng(1)
    for format_name in ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF"):
        data = bytearray(saved(photo, format_name))
        for _ in range(25):
            damaged = bytearray(data)
            for position in random.integers(0, len(data), 4):
                damaged[position] = random.integers(256)
            try:
                read_size(bytes(damaged))
                read_image(bytes(damaged))
            except ImageError:
                pass


def test_sizes_are_refused_from_the_header_before_memory_is_spent():
    tracemalloc.start()
    for width, height in [(16385, 1), (1, 20000), (16000, 16000), (2**31 - 1, 2**31 - 1)]:
        for read in (read_image, read_size):
            with pytest.raises(ImageError):
                read(png_header(width, height))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 10e6


def test_a_bomb_is_named_by_its_megapixels():
    with pytest.raises(ImageError, match="100.0 megapixels"):
        read_image(png_header(10000, 10000))


def test_a_jpeg_with_very_many_scans_is_refused(photo):
    data = saved(photo, "JPEG", progressive=True)
    with pytest.raises(ImageError, match="scans"):
        read_image(data + b"\xff\xda" * 300)


@pytest.mark.parametrize(
    "source",
    [b"", b"hello world, this is no picture", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg/>", b"\x89PNG\r\n\x1a\n"],
)
def test_what_is_no_picture_gives_one_sentence(source):
    with pytest.raises(ImageError) as caught:
        read_image(source)
    assert "\n" not in str(caught.value)


def test_missing_files_folders_and_text_files_give_an_image_error(tmp_path):
    for source in (tmp_path / "absent.png", tmp_path, "a\0b", io.StringIO("text"), 17):
        with pytest.raises(ImageError):
            read_image(source)


def test_arrays_are_pictures():
    grey = np.full((2, 3), 0.5, np.float32)
    assert read_image(grey).getpixel((0, 0)) == (128, 128, 128)
    assert read_image(np.zeros((2, 3, 4), np.uint8)).getpixel((0, 0)) == (255, 255, 255)
    for bad in (
        np.zeros((2, 3, 2), np.uint8),
        np.zeros((0, 3)),
        np.full((2, 2), 2.0),
        np.zeros((2, 2), np.int32),
    ):
        with pytest.raises(ImageError):
            read_image(bad)


def test_size_and_scaling_agree():
    assert read_size(png_header(300, 200)) == (300, 200)
    assert scale_to_fit(Image.new("RGB", (300, 200)), 150).size == (150, 100)
    assert scale_to_fit(Image.new("RGB", (4000, 1)), 100).size == (100, 1)


def test_every_file_of_pngsuite_decodes_or_gives_an_image_error(shared_data):
    decoded = 0
    for path in sorted((shared_data / "pngsuite").glob("*.png")):
        try:
            image = read_image(path)
        except ImageError:
            assert path.name.startswith("x"), path
        else:
            assert image.mode == "RGB" and min(image.size) > 0
            decoded += 1
    assert decoded >= 160


def test_16_bit_transparency_of_pngsuite_is_white(shared_data):
    assert read_image(shared_data / "pngsuite" / "tbwn0g16.png").getpixel((0, 0)) == (255, 255, 255)
