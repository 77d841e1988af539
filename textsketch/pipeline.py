"""The whole road: picture -> layers -> bytes, and bytes -> layers -> picture.

Everything that encodes or decodes (app, command line, benchmarks, tests) calls `encode` and `decode`.
"""

from __future__ import annotations

import operator
import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from textsketch.budget import parse_budget
from textsketch.codestream import stream
from textsketch.errors import BitstreamError, TextsketchError, WeightsError
from textsketch.layers import CANDIDATES, Layers, Mode
from textsketch.progress import Progress, ignore, share

if TYPE_CHECKING:
    from PIL import Image

    from textsketch.image.reading import Source


@dataclass(frozen=True, eq=False)
class Encoded:
    """A picture as the bytes of a .tsk file. notes: of its source, see `image.reading.Picture`."""

    data: bytes
    layers: Layers
    notes: tuple[str, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Size of the file in bytes."""
        return len(self.data)

    @property
    def rate_bpp(self) -> float:
        """Bits of the whole file per pixel of the original picture."""
        width, height = self.layers.size
        return 8 * len(self.data) / (width * height)

    @cached_property
    def decoded(self) -> Image.Image:
        """The picture the painter decodes from `data` alone."""
        return decode(self.data).image


@dataclass(frozen=True, eq=False)
class Decoded:
    """What came out of a .tsk file: the painted picture and the layers it was painted from.

    lost: a sentence that says what was left out of a damaged file, None where nothing was.
    """

    image: Image.Image
    layers: Layers
    lost: str | None = None

    @property
    def mode(self) -> Mode:
        """The mode of the layers that were painted."""
        return self.layers.mode


def encode(
    source: Source,
    *,
    mode: str = Mode.THREE_LAYER,
    budget: int | str = "packet",
    caption: str = "",
    seed: int = 0,
    renderer: str = "painter",
    structure: str = "strokes",
    detector: str = "edges",
    candidates: int = 1,
    progress: Progress | None = None,
) -> Encoded:
    """Encode a picture into a file of at most `budget`.

    source: path, file bytes, binary file object, PIL image or array; see `image.reading`.
    mode: "text-only", "text+sketch" or "three-layer".
    budget: bytes (1500 or "1500B"), a rate ("0.02bpp") or a preset of `budget.PRESETS`.
    caption: what the picture shows, in any language, at most 4,096 bytes of UTF-8.
    seed: where the renderer's random choices start, 0 to 2**32 - 1; other than 0 it costs 2 to 5 bytes.
    renderer: the one of `render.names()` the bytes are spent for: what brings the painter near to the picture
        is not what steers Stable Diffusion. Every renderer decodes the file.
    structure, detector, candidates: for a Stable Diffusion `renderer` only. structure: "strokes", "skeletons"
        or "soft-edges". detector: what finds the lines, a name of `structure.detectors.names()`. candidates: 1,
        2, 4 or 8 pictures are painted from as many seeds; the number of the one that CLIP finds most like the
        original goes into the file.
    Raises ImageError, BudgetError or CaptionError, each saying what to do; WeightsError if weights are missing.
    """
    from textsketch.image.reading import read_picture
    from textsketch.render import PAINTER, choose_layers_for

    report = progress or ignore
    mode = parse_mode(mode)
    if candidates not in CANDIDATES:
        raise TextsketchError(
            f"candidates must be one of {', '.join(map(str, CANDIDATES))}, not {candidates!r}"
        )
    choices: dict[str, Any] = {}
    if renderer != PAINTER:
        # The last candidate's number costs as much as any.
        choices = {"structure": structure, "detector": detector, "candidate": candidates - 1}
    elif (structure, detector, candidates) != ("strokes", "edges", 1):
        raise TextsketchError(
            "the painter's encoder chooses its strokes itself; name a Stable Diffusion renderer to set "
            "structure, detector or candidates"
        )
    seed = parse_seed(seed)
    if not isinstance(caption, str):
        raise TextsketchError(f"the caption must be a string, not {type(caption).__name__}")
    choose_layers = choose_layers_for(renderer)
    if candidates > 1:
        from textsketch.render.diffusion import sampler

        problem = sampler.why_no_candidates(renderer)
        if problem is not None:
            raise WeightsError(problem)
    read = read_picture(source)
    picture = read.image
    layers = choose_layers(
        picture,
        mode,
        parse_budget(budget, picture.size),
        caption,
        seed=seed,
        size_of=stream.SizeMeter(),
        progress=share(report, 0.0, 0.3 if candidates > 1 else 1.0),
        **choices,
    )
    if candidates > 1:
        best, _ = sampler.best_of(
            picture, layers, candidates, profile=renderer, progress=share(report, 0.3, 1.0)
        )
        layers = replace(layers, candidate=best)
    return Encoded(stream.pack(layers), layers, read.notes)


def decode(
    source: bytes | bytearray | memoryview | str | os.PathLike[str],
    *,
    mode: str | None = None,
    renderer: str = "painter",
    damaged: str = "error",
    progress: Progress | None = None,
    **options: object,
) -> Decoded:
    """Decode a .tsk file, given as bytes or path, from its bytes alone.

    mode: paint only the layers of this mode; None paints all the file has.
    renderer: one of `render.names()`: the painter or a Stable Diffusion profile; `options` go to it.
    damaged: what to do with a damaged or cut file: "error", or "skip" to paint the layers before the damage,
        as many of them as `mode` allows; `Decoded.lost` then says what is missing.
    Raises BitstreamError if the bytes are no whole .tsk file, lack the layers asked for, or nothing of them
    can be saved; WeightsError or RenderError if the renderer cannot be used here.
    """
    from textsketch.render import get_renderer

    if damaged not in ("error", "skip"):
        raise TextsketchError(f"damaged must be error or skip, not {damaged!r}")
    wanted = None if mode is None else parse_mode(mode)
    data = bytes(source) if isinstance(source, bytes | bytearray | memoryview) else read_file(source)
    if damaged == "skip":
        saved = stream.salvage(data)
        layers, lost = saved.layers, saved.lost
        if lost is not None and wanted is not None and wanted.layer_count > layers.mode.layer_count:
            wanted = None
    else:
        layers, lost = stream.unpack(data), None
    if wanted is not None:
        layers = layers.reduced_to(wanted)
    return Decoded(get_renderer(renderer)(layers, progress=progress, **options), layers, lost)


def parse_seed(seed: int) -> int:
    """Turn a seed into an int that a file can carry. Raises TextsketchError if it is none."""
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number <= stream.MAX_SEED:
        raise TextsketchError(f"the seed {seed!r} is no whole number from 0 to {stream.MAX_SEED}; give one")
    return number


def parse_mode(mode: str) -> Mode:
    """Turn the name of a mode into a `Mode`. Raises TextsketchError if there is none of this name."""
    try:
        return Mode(mode)
    except ValueError:
        raise TextsketchError(f"unknown mode {mode!r}; choose one of {', '.join(Mode)}") from None


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Read the bytes of a .tsk file. Raises BitstreamError if it cannot be read."""
    if not isinstance(path, str | os.PathLike):
        raise BitstreamError(f"cannot read a .tsk file from {type(path).__name__}; give its bytes or a path")
    if os.path.exists(path) and not os.path.isfile(path):
        raise BitstreamError(f"{os.fspath(path)} is not a file; name a .tsk file")
    try:
        with open(path, "rb") as file:
            return file.read(stream.MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BitstreamError(f"cannot read {os.fspath(path)}: {reason}") from None
