"""The formats pictures are read from, listed once; imports nothing, so that --help may ask."""

from __future__ import annotations

FORMATS = {
    "JPEG": ("JPEG", (".jpg", ".jpeg")),
    "PNG": ("PNG", (".png",)),
    "WEBP": ("WebP", (".webp",)),
    "AVIF": ("AVIF", (".avif",)),
    "HEIF": ("HEIC", (".heic", ".heif")),
    "GIF": ("GIF", (".gif",)),
    "BMP": ("BMP", (".bmp",)),
    "TIFF": ("TIFF", (".tif", ".tiff")),
}
"""The title and the file suffixes of each format, by its name in Pillow."""
TITLES = {name: title for name, (title, _) in FORMATS.items()}
SUFFIXES = tuple(suffix for _, suffixes in FORMATS.values() for suffix in suffixes)
LISTED = ", ".join(list(TITLES.values())[:-1]) + f" or {list(TITLES.values())[-1]}"
"""The formats in a sentence: "JPEG, PNG, ... or TIFF"."""
