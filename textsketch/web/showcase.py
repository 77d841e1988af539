"""One picture made ready to show: encoded, decoded from its bytes, measured, and written as files."""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from textsketch.codestream import stream
from textsketch.image.reading import fitting_size, read_picture
from textsketch.measure.baselines.search import Baseline, best_within
from textsketch.measure.comparison import layer_pictures
from textsketch.measure.report import Report, make_report
from textsketch.pipeline import Decoded, Encoded, decode, encode
from textsketch.progress import Progress, share
from textsketch.render import registry
from textsketch.web.shelf import Shelf

_PNG_LEVEL = 1  # the wait for the picture matters more here than the size of the transfer
_MEMO_SIZE = 16
_MOST_FOLDERS = 128  # of about 4 MB; a page shows its result from there
_MOST_PAINTED_SIDE = 4096


@dataclass(frozen=True, eq=False)
class Showcase:
    """An encoded picture and the files that show it.

    original_size: (width, height) of what was uploaded; report.width and height are of what was encoded.
    prompt: what Stable Diffusion was told, None if the painter painted. files: by name; "tsk", "original",
    "decoded", "jpeg" (the file), "jpeg_shown" (decoded, enlarged), and "sketch" and "colour_map" where the
    file has these layers.
    """

    encoded: Encoded
    decoded: Decoded
    jpeg: Baseline
    report: Report
    original_size: tuple[int, int]
    prompt: str | None
    encode_seconds: float
    decode_seconds: float
    files: dict[str, str]


class Showroom:
    """Makes showcases and remembers the latest, so that the same question is answered at once.

    root: the folder of all files made; their names cannot be guessed without the picture.
    """

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="textsketch-"))
        self._memo: OrderedDict[str, Showcase] = OrderedDict()
        self._kept: set[str] = set()
        self._shelf = Shelf(_MOST_FOLDERS)
        self._lock = threading.Lock()

    def show(
        self,
        path: str,
        *,
        mode: str,
        budget: int | str,
        caption: str,
        seed: int,
        max_side: int,
        progress: Progress,
        renderer: str = registry.DEFAULT.name,
        choices: dict[str, Any] | None = None,
        options: dict[str, Any] | None = None,
        preview: Callable[[Image.Image], None] | None = None,
        keep: bool = False,
    ) -> Showcase:
        """Encode the picture at `path`, scaled down to `max_side` if larger; see `pipeline.encode`.

        renderer and choices: see `pipeline.encode`; options: see `pipeline.decode`. preview: is called with
        rough pictures while a Stable Diffusion profile paints. keep: never forget this one.
        """
        progress(0.0, "reading the picture")
        read = read_picture(path, fit=max_side)
        picture = read.image
        choices, options = choices or {}, options or {}
        asked = repr(
            (
                Path(path).stem,
                picture.size,
                mode,
                budget,
                caption,
                seed,
                renderer,
                choices,
                options,
                read.notes,
            )
        ).encode()
        key = hashlib.sha256(picture.tobytes() + asked).hexdigest()
        folder = self.root / key[:32]
        with self._lock:
            if key in self._memo and folder.is_dir():
                self._memo.move_to_end(key)
                if key not in self._kept:
                    self._shelf.put(folder)
                return self._memo[key]
        started = time.perf_counter()
        encoded = encode(
            picture,
            mode=mode,
            budget=budget,
            caption=caption,
            seed=seed,
            renderer=renderer,
            progress=share(progress, 0.0, 0.5),
            **choices,
        )
        encoded_at = time.perf_counter()
        decoded = decode(
            encoded.data,
            renderer=renderer,
            progress=share(progress, 0.5, 0.75),
            preview=preview,
            **options,
        )
        decoded_at = time.perf_counter()
        prompt = registry.get(renderer).prompt(decoded.layers)
        progress(0.75, "looking for the best JPEG of this size")
        jpeg = best_within(picture, encoded.size_bytes)
        progress(0.85, "measuring")
        report = make_report(picture, encoded, decoded.image, [jpeg], with_ms_ssim=False, notes=read.notes)
        progress(0.95, "writing files")
        showcase = Showcase(
            encoded,
            decoded,
            jpeg,
            report,
            read.original_size,
            prompt,
            encoded_at - started,
            decoded_at - encoded_at,
            _write_files(folder, file_stem(path), picture, encoded, decoded, jpeg),
        )
        with self._lock:
            self._memo[key] = showcase
            if keep:
                self._kept.add(key)
            else:
                self._shelf.put(folder)
            forgettable = [known for known in self._memo if known not in self._kept]
            if len(forgettable) > _MEMO_SIZE:
                del self._memo[forgettable[0]]
        return showcase

    def decode_file(
        self,
        path: str,
        *,
        mode: str | None,
        progress: Progress,
        renderer: str = registry.DEFAULT.name,
        options: dict[str, Any] | None = None,
    ) -> tuple[bytes, Decoded, str]:
        """Decode the .tsk file at `path`; return its bytes, what was decoded and the path of its PNG.

        Of a damaged file the layers before the damage are painted, see `Decoded.lost`. A picture with a side
        above 4,096 pixels is painted smaller: no file keeps the demo busy for long.
        """
        from textsketch.pipeline import read_file

        data = read_file(path)
        header = stream.read_header(data)
        options = options or {}
        size = fitting_size(header.size, _MOST_PAINTED_SIDE)
        decoded = decode(
            data, mode=mode, renderer=renderer, damaged="skip", size=size, progress=progress, **options
        )
        asked = repr((mode, renderer, sorted(options.items()))).encode()
        folder = self.root / f"decoded-{hashlib.sha256(data + asked).hexdigest()[:32]}"
        folder.mkdir(exist_ok=True)
        out = folder / f"{file_stem(path)}-decoded.png"
        decoded.image.save(out, compress_level=_PNG_LEVEL)
        self._shelf.put(folder)
        return data, decoded, str(out)


def file_stem(path: str) -> str:
    """The name of the file at `path` without its suffix, fit to name the files made of it."""
    stem = Path(path).stem
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in stem)[:40] or "picture"


def _write_files(
    folder: Path, stem: str, picture: Image.Image, encoded: Encoded, decoded: Decoded, jpeg: Baseline
) -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    files = {
        "tsk": folder / f"{stem}.tsk",
        "jpeg": folder / f"{stem}-jpeg-of-the-same-size.jpg",
        "original": folder / "original.png",
        "decoded": folder / f"{stem}-decoded.png",
        "jpeg_shown": folder / "jpeg.png",
    }
    files["tsk"].write_bytes(encoded.data)
    files["jpeg"].write_bytes(jpeg.data)
    picture.save(files["original"], compress_level=_PNG_LEVEL)
    decoded.image.save(files["decoded"], compress_level=_PNG_LEVEL)
    jpeg.image.save(files["jpeg_shown"], compress_level=_PNG_LEVEL)
    for name, image in layer_pictures(decoded).items():
        files[name] = folder / f"{name}.png"
        image.save(files[name], compress_level=_PNG_LEVEL)
    return {name: str(path) for name, path in files.items()}
