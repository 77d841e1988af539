"""One picture made ready to show: encoded, decoded from its bytes, measured, and written as files."""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from PIL import Image

from textsketch import bitstream
from textsketch.budget import parse_budget
from textsketch.image.reading import Picture, fitting_size, read_picture
from textsketch.layers import Mode
from textsketch.measure.baselines.search import Baseline, best_within
from textsketch.measure.comparison import layer_pictures
from textsketch.measure.departure import departure
from textsketch.measure.detail import unsaid_share
from textsketch.measure.metrics.metric import Metric, Place
from textsketch.measure.metrics.pixels import PSNR
from textsketch.measure.metrics.table import shown_at
from textsketch.measure.report import Report, add_scores, make_report
from textsketch.options import described
from textsketch.pipeline import Decoded, Encoded, decode, encode, paint, paint_plain
from textsketch.progress import Progress, share
from textsketch.render import registry
from textsketch.semantic import words
from textsketch.share.slide import slide
from textsketch.share.source import tsk_from_file
from textsketch.web.jobs import JobCancelledError, Reporter
from textsketch.web.result_cache import ResultCache, question
from textsketch.web.workers import Pool

_PNG_LEVEL = 1  # a wait for files that few take home is no wait worth having
_SHOWN_QUALITY = 92
_LOOK = "first-look"
_POLL_SECONDS = 0.05
_FEW_BYTES = 300
"""Of a file with a colour map, up to which words alone may come as near."""
_QUICK = 1  # the effort of a first look
_MOST_FOLDERS = 128  # of about 4 MB; a page shows its result from there
_MOST_PAINTED_SIDE = 4096
ORIGINAL = "original.png"
"""What `take_in` calls the picture it leaves."""


@dataclass(frozen=True, eq=False)
class Result:
    """An encoded picture and the files that show it; no pixels.

    data: the .tsk file. original_size: (width, height) of what was uploaded; report.width and height are of
    what was encoded. colours: the descriptors in words. prompt: what Stable Diffusion was told, None if the
    painter painted. invented: see `Decoded`. unsaid: see `measure.detail`. words_alone: the PSNR of text-only in
    the same budget, where it is higher than this result's.

    files: by name; "tsk", "original", "decoded", "jpeg" (the file), "jpeg_decoded" (enlarged to the picture's
    size); for the screen "original_shown", "decoded_shown", "jpeg_shown" and "plain_shown" (painted without
    what a network adds, where one does); "sketch" and "colour_map" where the file has these layers, and
    "departs" (see `measure.departure`) where a network made it up.
    """

    data: bytes
    report: Report
    original_size: tuple[int, int]
    colours: str
    prompt: str | None
    invented: str | None
    budget_bytes: int
    unsaid: float
    words_alone: float | None
    encode_seconds: float
    decode_seconds: float
    files: dict[str, str]


@dataclass(frozen=True)
class Look:
    """What there is to see before all figures are there: a quick answer, or with `final` the file's own picture.

    original, decoded: paths of pictures for the screen.
    """

    size: tuple[int, int]
    mode: str
    caption: str
    size_bytes: int
    original: str
    decoded: str
    final: bool


@dataclass(frozen=True, eq=False)
class Painted:
    """What came out of a .tsk file, without its pixels.

    data: the file. mode: of the layers that were painted. lost: what could not be, invented: what was not sent,
    see `Decoded`. size: (width, height) of the picture at `png`.
    """

    data: bytes
    mode: Mode
    caption: str
    lost: str | None
    invented: str | None
    size: tuple[int, int]
    png: str
    shown: str


class Results:
    """Makes results in `pool` and remembers the latest, so that the same question is answered at once.

    root: the folder for the files of all results.
    """

    def __init__(self, root: Path, pool: Pool) -> None:
        self._root, self._pool = root, pool
        self._cache: ResultCache[Result] = ResultCache(root, _MOST_FOLDERS)
        self._being_answered: set[str] = set()
        self._lock = threading.Lock()
        self._scored: WeakKeyDictionary[Result, Report] = WeakKeyDictionary()

    def encode(
        self,
        path: str,
        *,
        max_side: int,
        report: Reporter,
        renderer: str = registry.DEFAULT.name,
        keep: bool = False,
        watched: bool = True,
        **asked: Any,
    ) -> Result:
        """Encode the picture at `path`, scaled down to `max_side` if larger.

        report: gets the progress, looks, and rough pictures while a Stable Diffusion profile paints. keep: never
        forget this one. watched: whether somebody looks on, for whom a first look is worth its time. asked:
        mode, budget, caption, seed and, if need be, choices and options; see `pipeline.encode` for the choices
        and `pipeline.decode` for the options.
        """
        asked_before = question(path, max_side=max_side, renderer=renderer, **asked)
        with self._turn(asked_before, report):
            known = self._cache.find(asked_before)
            if known is not None:
                return known
            asked = {**asked, "watched": watched}  # the answer is the same
            return self._made(path, asked_before, max_side, report, renderer, keep, asked)

    @contextmanager
    def _turn(self, question: str, report: Reporter) -> Iterator[None]:
        """One at a time for each question: who asks what is being answered waits for that answer."""
        while not self._claimed(question):
            if report.stop.is_set():
                raise JobCancelledError
            report(0.0, "another visitor has asked the same: waiting for the answer")
            time.sleep(_POLL_SECONDS)
        try:
            yield
        finally:
            with self._lock:
                self._being_answered.discard(question)

    def _claimed(self, question: str) -> bool:
        with self._lock:
            free = question not in self._being_answered
            self._being_answered.add(question)
            return free

    def _made(
        self,
        path: str,
        asked_before: str,
        max_side: int,
        report: Reporter,
        renderer: str,
        keep: bool,
        asked: dict[str, Any],
    ) -> Result:
        with self._cache.new_folder(on_show=f"{_LOOK}*") as folder:
            where: dict[str, Any] = {"path": path, "folder": str(folder), "max_side": max_side}
            if registry.get(renderer).paints_beside:
                made = self._pool.run(encode_painted, report, about=path, renderer=renderer, **where, **asked)
            else:
                taken = self._pool.run(take_in, report, **where)
                picture = Picture(Image.open(folder / ORIGINAL), *taken)
                made = _make(report, picture, folder, file_stem(path), renderer=renderer, **asked)
        self._cache.put(folder, asked_before, made, pin=keep)
        return made

    def scored(self, result: Result, report: Progress) -> Report:
        """The result's figures with the learned metrics, as far as these can be used here."""
        known = self._scored.get(result)
        if known is None or known.not_available:
            report(0.0, "asking a network how alike the pictures are")
            pictures = [Image.open(result.files[name]) for name in ("original", "decoded", "jpeg_decoded")]
            known = self._scored[result] = add_scores(result.report, _shown(learned=True), *pictures)
        return known

    def slide(self, result: Result, address: str | None, report: Reporter) -> str:
        """The path of a slide that shows the result. address: of the app, for its QR code."""
        names = ("original", "decoded", "tsk", "jpeg")
        files = {name: result.files[name] for name in names}
        asked: dict[str, Any] = {"files": files, "invented": result.invented, "address": address}
        # A folder of its own: the result's is that of all who asked for it, from other addresses too.
        with self._cache.new_folder() as folder:
            path = self._pool.run(make_slide, report, folder=str(folder), **asked)
        self._cache.put(folder)
        return path

    def decode_file(
        self,
        path: str,
        *,
        mode: str | None,
        report: Reporter,
        renderer: str = registry.DEFAULT.name,
        options: dict[str, Any] | None = None,
    ) -> Painted:
        """Decode the .tsk file at `path`.

        Of a damaged file the layers before the damage are painted. A picture with a side above 4,096 pixels is
        painted smaller: no file keeps the demo busy for long.
        """
        with self._cache.new_folder() as folder:
            asked: dict[str, Any] = {
                "path": path,
                "folder": str(folder),
                "mode": mode,
                "renderer": renderer,
                "options": options or {},
            }
            beside = registry.get(renderer).paints_beside
            painted = self._pool.run(paint_file, report, **asked) if beside else paint_file(report, **asked)
        self._cache.put(folder)
        return painted

    def take_file(self, data: bytes) -> str:
        """Keep the bytes of a .tsk file for a while, and return its path."""
        with self._cache.new_folder() as folder:
            path = folder / "picture.tsk"
            path.write_bytes(data)
        self._cache.put(folder)
        return str(path)

    def picture(self, path: str, max_side: int, report: Reporter) -> Image.Image:
        """The picture at `path`, read in a worker and scaled down to `max_side` if larger."""
        with tempfile.TemporaryDirectory(dir=self._root) as folder:
            self._pool.run(take_in, report, path=path, folder=folder, max_side=max_side)
            with Image.open(Path(folder) / ORIGINAL) as picture:
                return picture.convert("RGB")


def encode_painted(report: Any, *, path: str, folder: str, max_side: int, **asked: Any) -> Result:
    """The job of a result with a renderer that may paint in several processes; see `Results.encode`."""
    report(0.0, "reading the picture")
    picture = read_picture(path, fit=max_side)
    return _make(report, picture, Path(folder), file_stem(path), **asked)


def take_in(
    report: Progress, *, path: str, folder: str, max_side: int
) -> tuple[tuple[int, int], int, str | None]:
    """The job of reading a stranger's picture: leaves it, scaled, as a PNG in `folder`.

    Returns what else `image.reading.Picture` has: original_size, frames and background.
    """
    report(0.0, "reading the picture")
    picture = read_picture(path, fit=max_side)
    picture.image.save(Path(folder) / ORIGINAL, compress_level=_PNG_LEVEL)
    return picture.original_size, picture.frames, picture.background


def paint_file(
    report: Progress,
    *,
    path: str,
    folder: str,
    mode: str | None,
    renderer: str,
    options: dict[str, Any],
) -> Painted:
    """The job of decoding a file; see `Results.decode_file`."""
    data = tsk_from_file(path)
    size = fitting_size(bitstream.read_header(data).size, _MOST_PAINTED_SIDE)
    decoded = decode(
        data, mode=mode, renderer=renderer, damaged="skip", progress=report, size=size, **options
    )
    png = Path(folder) / f"{file_stem(path)}-decoded.png"
    decoded.image.save(png, compress_level=_PNG_LEVEL)
    return Painted(
        data,
        decoded.mode,
        decoded.layers.semantic.caption,
        decoded.lost,
        decoded.invented,
        decoded.image.size,
        str(png),
        write_shown(decoded.image, Path(folder), "decoded"),
    )


def make_slide(
    report: Progress, *, folder: str, files: dict[str, str], invented: str | None, address: str | None
) -> str:
    """The job of a slide; see `Results.slide`."""
    report(0.0, "laying out the slide")
    data = Path(files["tsk"])
    with Image.open(files["original"]) as original, Image.open(files["decoded"]) as decoded:
        pictures = (original.convert("RGB"), decoded.convert("RGB"))
    path = Path(folder) / "slide.png"
    jpeg = Path(files["jpeg"]).read_bytes()
    slide(*pictures, data.read_bytes(), jpeg, invented=invented, address=address).save(path)
    return str(path)


def rehearse() -> None:
    """Make a tiny result, so that everything a job needs is loaded."""
    asked = {"mode": "three-layer", "budget": 300, "caption": "a cat", "renderer": registry.DEFAULT.name}
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "tiny.png")
        Image.radial_gradient("L").resize((48, 32)).convert("RGB").save(path)
        encode_painted(Reporter(), path=path, folder=folder, max_side=32, **asked)


def _make(
    report: Any,
    read: Picture,
    folder: Path,
    stem: str,
    *,
    mode: str,
    budget: int | str,
    caption: str = "",
    seed: int = 0,
    renderer: str,
    choices: dict[str, Any] | None = None,
    options: dict[str, Any] | None = None,
    watched: bool = True,
) -> Result:
    """Encode a picture, decode it, measure it and write the files; learned metrics are left to `scored`."""
    picture, choices, options = read.image, choices or {}, options or {}
    asked: dict[str, Any] = {
        "mode": mode,
        "budget": budget,
        "caption": caption,
        "seed": seed,
        "renderer": renderer,
        **choices,
    }
    shown = {"original_shown": write_shown(picture, folder, "original")}
    looked = 0.0

    def looked_at(size_bytes: int, decoded: str, *, final: bool) -> Look:
        return Look(picture.size, mode, caption, size_bytes, shown["original_shown"], decoded, final)

    efforts = [one for one in described(registry.get(renderer).allocation) if one.name == "effort"]
    if watched and efforts and choices.get("effort", efforts[0].default) > _QUICK:
        look = encode(picture, progress=share(report, 0.0, 0.2), **(asked | {"effort": _QUICK}))
        # Of a colour map without what a network adds: that takes longer than all the rest.
        plain_first = registry.get(renderer).plain if look.layers.texture is not None else {}
        image = paint(
            look.layers, renderer=renderer, progress=share(report, 0.2, 0.3), **(options | {**plain_first})
        )
        first = write_shown(image, folder, _LOOK)
        report.preview(looked_at(look.size_bytes, first, final=False))
        looked = 0.3
    started = time.perf_counter()
    encoded = encode(picture, progress=share(report, looked, 0.6), **asked)
    encoded_at = time.perf_counter()
    decoded = decode(
        encoded.data,
        renderer=renderer,
        progress=share(report, 0.6, 0.75),
        preview=report.preview,
        **options,
    )
    decoded_at = time.perf_counter()
    shown["decoded_shown"] = write_shown(decoded.image, folder, "decoded")
    report.preview(looked_at(encoded.size_bytes, shown["decoded_shown"], final=True))
    departs, plain = None, decoded.image
    if decoded.invented is not None:
        plain = paint_plain(decoded.layers, renderer=renderer, **options)
        shown["plain_shown"] = write_shown(plain, folder, "plain")
        if not registry.get(renderer).plain:  # then it makes up more than contours
            departs = departure(decoded.image, decoded.layers)
    report(0.75, "looking for the best JPEG of this size")
    jpeg = best_within(picture, encoded.size_bytes)
    report(0.85, "measuring")
    figures = make_report(
        picture, encoded, decoded.image, [jpeg], metrics=_shown(learned=False), notes=read.notes
    )
    painted = renderer == registry.DEFAULT.name
    rival = None if not painted or _surely_best(encoded) else _words_alone(picture, asked, figures)
    report(0.95, "writing files")
    shown["jpeg_shown"] = write_shown(jpeg.image, folder, "jpeg")
    files = _write_files(folder, stem, picture, encoded, decoded, departs.picture if departs else None, jpeg)
    return Result(
        encoded.data,
        figures,
        read.original_size,
        words.describe(decoded.layers),
        registry.get(renderer).prompt(decoded.layers),
        decoded.invented if departs is None else f"{decoded.invented} {departs.sentence}",
        parse_budget(budget, picture.size),
        0.0 if decoded.mode == Mode.TEXT_ONLY else unsaid_share(picture, plain),
        rival,
        encoded_at - started,
        decoded_at - encoded_at,
        files | shown,
    )


def _surely_best(encoded: Encoded) -> bool:
    """Whether no picture of words alone comes nearer."""
    mode = encoded.layers.mode
    return mode == Mode.TEXT_ONLY or (mode == Mode.THREE_LAYER and encoded.size_bytes > _FEW_BYTES)


def _words_alone(picture: Image.Image, asked: dict[str, Any], figures: Report) -> float | None:
    """The PSNR of text-only in the same budget, if it is higher."""
    options = {name: asked[name] for name in ("budget", "caption", "seed")}
    alone = encode(picture, mode=Mode.TEXT_ONLY, effort=_QUICK, **options)
    psnr = PSNR.value(picture, decode(alone.data).image, "")
    reached = figures.quality[PSNR.name]
    return psnr if psnr is not None and reached is not None and psnr > reached else None


def _shown(*, learned: bool) -> list[Metric]:
    """The page's metrics, those with a network or those without: the workers load no such network."""
    return [metric for metric in shown_at(Place.PAGE) if metric.learned == learned]


def file_stem(path: str) -> str:
    """The name of the file at `path` without its suffix, fit to name the files made of it."""
    stem = Path(path).stem
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in stem)[:40] or "picture"


def write_shown(picture: Image.Image, folder: Path, name: str) -> str:
    """Write a picture for the screen, and return its path: a sixth of a PNG, and no eye tells them apart.

    JPEG takes a tenth of the time of WebP, for a third more bytes; a look waits for two of them.
    """
    path = folder / f"{name}-shown.jpg"
    picture.convert("RGB").save(path, "JPEG", quality=_SHOWN_QUALITY)
    return str(path)


def _write_files(
    folder: Path,
    stem: str,
    picture: Image.Image,
    encoded: Encoded,
    decoded: Decoded,
    departs: Image.Image | None,
    jpeg: Baseline,
) -> dict[str, str]:
    files = {
        "tsk": folder / f"{stem}.tsk",
        "jpeg": folder / f"{stem}-jpeg-of-the-same-size.jpg",
        "original": folder / ORIGINAL,
        "decoded": folder / f"{stem}-decoded.png",
        "jpeg_decoded": folder / "jpeg.png",
    }
    files["tsk"].write_bytes(encoded.data)
    files["jpeg"].write_bytes(jpeg.data)
    picture.save(files["original"], compress_level=_PNG_LEVEL)
    decoded.image.save(files["decoded"], compress_level=_PNG_LEVEL)
    jpeg.image.save(files["jpeg_decoded"], compress_level=_PNG_LEVEL)
    if departs is not None:
        files["departs"] = folder / "departs.png"
        departs.save(files["departs"], compress_level=_PNG_LEVEL)
    for name, image in layer_pictures(decoded).items():
        files[name] = folder / f"{name}.png"
        image.save(files[name], compress_level=_PNG_LEVEL)
    return {name: str(path) for name, path in files.items()}
