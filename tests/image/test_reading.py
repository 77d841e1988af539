import contextlib
import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw, ImageFont, ImageOps

from textsketch.errors import ImageError
from textsketch.image.reading import read_image, read_picture, read_size, scale_to_fit


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


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_a_turned_picture_comes_upright(format_name, orientation, photo):
    lossless = {"lossless": True} if format_name == "WEBP" else {}
    data = saved(photo, format_name, exif=turned(orientation), **lossless)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    assert read_image(data).size == read_size(data) == upright.size
    assert read_image(data).tobytes() == upright.tobytes()


def test_a_png_may_say_how_it_is_turned_after_its_pixels(photo):
    data = saved(photo, "PNG", exif=turned(6))
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    moved = data[:start] + data[end:-12] + data[start:end] + data[-12:]
    assert read_size(moved) == (photo.height, photo.width)
    assert read_image(moved).tobytes() == read_image(data).tobytes()


def test_a_turned_picture_of_many_bands_is_turned_as_a_whole():
    levels = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), np.uint8)
    for orientation in range(2, 9):
        image = Image.fromarray(levels)
        image.info["exif"] = turned(orientation).tobytes()
        assert read_image(image).tobytes() == ImageOps.exif_transpose(image).tobytes()


def heic(image: Image.Image, **options) -> bytes:
    pytest.importorskip("pillow_heif").register_heif_opener()
    return saved(image, "HEIF", quality=90, chroma="444", **options)


def test_a_phones_heic_is_read_upright_and_in_srgb(photo):
    plain = heic(photo)
    assert read_size(plain) == photo.size
    assert np.abs(np.asarray(read_image(plain), int) - np.asarray(photo, int)).mean() < 3
    data = heic(photo, exif=turned(6).tobytes(), icc_profile=SWAPPED)
    read = read_image(data)
    assert read_size(data) == read.size == (photo.height, photo.width)
    red, green, blue = photo.transpose(Image.Transpose.ROTATE_270).split()
    swapped = np.asarray(Image.merge("RGB", (green, red, blue)), int)
    assert np.abs(np.asarray(read, int) - swapped).mean() < 8


def test_a_heic_with_alpha_or_ten_bits_is_read(photo):
    pillow_heif = pytest.importorskip("pillow_heif")
    clear = photo.convert("RGBA")
    clear.putalpha(0)
    assert read_image(heic(clear)).getextrema() == ((255, 255),) * 3
    deep = np.asarray(photo).astype(np.uint16) * 257
    buffer = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", photo.size, deep.tobytes()).save(buffer, quality=90)
    assert np.abs(np.asarray(read_image(buffer.getvalue()), int) - np.asarray(photo, int)).mean() < 6


def test_a_damaged_heic_gives_a_picture_or_an_image_error(photo):
    data = heic(photo)
    random = np.random.default_rng(1)
    for length in range(0, len(data) - 1, len(data) // 40):
        with contextlib.suppress(ImageError):
            read_image(data[:length])
    for _ in range(60):
        damaged = bytearray(data)
        for position in random.integers(0, len(data), 4):
            damaged[position] = random.integers(256)
        with contextlib.suppress(ImageError):
            read_image(bytes(damaged))
    with pytest.raises(ImageError):
        read_image(data[: len(data) // 2])


def test_transparency_is_flattened_on_white():
    image = Image.new("RGBA", (2, 1))
    image.putpixel((0, 0), (255, 0, 0, 255))
    image.putpixel((1, 0), (255, 0, 0, 0))
    assert list(read_image(saved(image, "PNG")).get_flattened_data()) == [(255, 0, 0), (255, 255, 255)]


def logo(colour: tuple[int, int, int], glow: int = 0) -> Image.Image:
    """Text on nothing, or on a glow of the colour."""
    image = Image.new("RGBA", (200, 80), (*colour, glow))
    ImageDraw.Draw(image).text((10, 10), "textsketch", (*colour, 255), ImageFont.load_default(30))
    return image


def test_what_would_vanish_on_white_is_flattened_on_dark_grey():
    for image, background in [
        (logo((255, 255, 255)), "dark grey"),
        (logo((240, 240, 240), glow=40), "dark grey"),
        (logo((0, 0, 0)), "white"),
        (logo((255, 220, 0)), "white"),
        (Image.new("RGBA", (50, 50)), "white"),
    ]:
        read = read_picture(saved(image, "PNG"))
        assert read.background == background and read.notes == (f"transparent, flattened on {background}",)
        corner = {"white": 255, "dark grey": 51}[background]
        assert abs(read.image.getpixel((0, 49))[2] - corner) < 45
        if image.getextrema()[3][1]:
            assert np.ptp(np.asarray(read.image.convert("L"), int)) > 40


def test_a_white_page_with_text_and_clear_corners_stays_on_white():
    page = Image.new("RGBA", (200, 80), "white")
    ImageDraw.Draw(page).text((10, 10), "textsketch", "black", ImageFont.load_default(30))
    page.putpixel((0, 0), (0, 0, 0, 0))
    assert read_picture(saved(page, "PNG")).background == "white"


def test_an_alpha_channel_that_hides_nothing_is_not_spoken_of(photo):
    read = read_picture(saved(photo.convert("RGBA"), "PNG"))
    assert read.background is None and read.image.tobytes() == photo.tobytes()


def png_with(data: bytes, kind: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk after its header."""
    chunk = struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "I;16"])
def test_a_pngs_gamma_counts(mode):
    light = 0.5  # linear; sRGB, about 1/2.2, makes 186 of it
    level = round(255 * light**0.7)
    image = Image.new("RGB", (4, 4), (level,) * 3)
    image = image.quantize(2) if mode == "P" else image.convert(mode if mode != "I;16" else "L")
    if mode == "I;16":
        image = Image.fromarray(np.full((4, 4), round(65535 * light**0.7), np.uint16))
    data = saved(image, "PNG")
    dark = read_image(png_with(data, b"gAMA", struct.pack(">I", 70000))).getpixel((0, 0))
    assert max(abs(value - 186) for value in dark) <= 1
    plain = read_image(data).tobytes()
    assert read_image(png_with(data, b"gAMA", struct.pack(">I", 45455))).tobytes() == plain
    assert read_image(png_with(data, b"gAMA", struct.pack(">I", 0))).tobytes() == plain
    with_srgb = png_with(png_with(data, b"sRGB", b"\0"), b"gAMA", struct.pack(">I", 70000))
    assert read_image(with_srgb).tobytes() == plain


def test_an_icc_profile_counts_before_the_gamma():
    data = saved(Image.new("RGB", (2, 2), (200, 100, 50)), "PNG", icc_profile=SRGB)
    read = read_image(png_with(data, b"gAMA", struct.pack(">I", 100000)))
    assert np.abs(np.asarray(read, int) - (200, 100, 50)).max() <= 1


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


SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SWAPPED = SRGB.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")


def test_an_icc_profile_is_converted_to_srgb():
    image = Image.new("RGB", (2, 2), (200, 100, 50))
    same = np.asarray(read_image(saved(image, "PNG", icc_profile=SRGB)), int)
    assert np.abs(same - (200, 100, 50)).max() <= 1
    exchanged = np.asarray(read_image(saved(image, "PNG", icc_profile=SWAPPED)), int)
    assert np.abs(exchanged - (100, 200, 50)).max() <= 1


def test_a_broken_icc_profile_is_ignored():
    image = Image.new("RGB", (2, 2), (200, 100, 50))
    assert read_image(saved(image, "PNG", icc_profile=b"not a profile")).getpixel((0, 0)) == (200, 100, 50)


@pytest.mark.parametrize("format_name", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_an_animation_gives_its_first_frame_and_says_of_how_many(format_name):
    frames = [Image.new("RGB", (64, 48), colour) for colour in ("red", "blue", "green")]
    read = read_picture(saved(frames[0], format_name, save_all=True, append_images=frames[1:]))
    assert np.abs(np.asarray(read.image, int) - (255, 0, 0)).max() <= 6
    assert read.frames == 3 and read.notes == ("first of 3 frames",)
    assert read_picture(saved(frames[0], format_name)).notes == ()


def test_an_animated_png_may_start_with_a_picture_of_its_own(photo):
    frames = [Image.new("RGB", photo.size, colour) for colour in ("red", "blue")]
    options = {"save_all": True, "append_images": frames, "default_image": True, "disposal": 2}
    assert read_image(saved(photo, "PNG", **options)).tobytes() == photo.tobytes()


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
    last = data.rindex(b"\xff\xda")
    with pytest.raises(ImageError, match="scans"):
        read_image(data[:last] + 300 * data[last:-2] + data[-2:])
    film = np.random.default_rng(0).bytes(1 << 20) + b"\xff\xda" * 300  # phones append one
    assert read_image(data + film).size == photo.size


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


def test_values_of_a_float_array_must_be_in_range_everywhere():
    for value in (-0.1, 1.1, np.nan, np.inf):
        array = np.zeros((3000, 300))
        array[2999, 299] = value
        with pytest.raises(ImageError, match="float array"):
            read_image(array)
        assert read_size(array) == (300, 3000)


def test_an_array_is_refused_by_its_size_before_it_is_looked_at():
    with pytest.raises(ImageError, match="megapixels"):
        read_image(np.broadcast_to(np.float64(7), (16000, 16000, 3)))


@pytest.mark.parametrize(
    "mode",
    [
        "1",
        "L",
        "LA",
        "La",
        "P",
        "PA",
        "RGB",
        "RGBA",
        "RGBa",
        "RGBX",
        "CMYK",
        "YCbCr",
        "LAB",
        "HSV",
        "I",
        "I;16",
    ],
)
def test_pil_images_of_every_mode_are_pictures_and_stay_as_they_are(mode):
    image = Image.new(mode, (5, 4))
    before = image.tobytes()
    image.info["comment"] = "kept"
    read = read_image(image)
    assert (read.mode, read.size, read.info) == ("RGB", (5, 4), {}) and read is not image
    assert image.tobytes() == before and image.info == {"comment": "kept"}


def test_a_jpeg_wanted_small_is_as_good_as_one_scaled_afterwards(shared_data):
    for path in sorted((shared_data / "kodak").glob("*.png"))[:6]:
        data = saved(Image.open(path), "JPEG", quality=90)
        for fit in (60, 96, 150):
            read = read_picture(data, fit=fit)
            assert read.original_size == read_size(data) == Image.open(path).size
            scaled = scale_to_fit(read_image(data), fit)
            difference = np.abs(np.asarray(read.image, int) - np.asarray(scaled, int))
            assert read.image.size == scaled.size and difference.mean() < 1 and difference.max() < 12


def test_other_files_wanted_small_are_read_and_scaled(photo):
    data = saved(photo, "PNG", exif=turned(6))
    read = read_picture(data, fit=100)
    assert read.original_size == (160, 240) and read.image.size == (67, 100)
    assert read.image.tobytes() == scale_to_fit(read_image(data), 100).tobytes()
    assert read_picture(data, fit=1000).image.size == (160, 240)


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


def test_pngsuite_looks_alike_at_every_gamma(shared_data):
    for kind in ("n0g16", "n2c08", "n3p04"):
        pictures = [
            np.asarray(read_image(shared_data / "pngsuite" / f"g{gamma}{kind}.png"), float)
            for gamma in ("03", "04", "05", "07", "10", "25")
        ]
        for picture in pictures:
            assert np.abs(picture - pictures[2]).mean() < 9


def test_16_bit_transparency_of_pngsuite_is_white(shared_data):
    assert read_image(shared_data / "pngsuite" / "tbwn0g16.png").getpixel((0, 0)) == (255, 255, 255)
