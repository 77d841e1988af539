"""The whole road: picture -> layers -> bytes, and bytes -> layers -> picture.

Everything that encodes or decodes (app, command line, benchmarks, tests) calls `encode` and `decode`, or the
steps they are made of: `pack`, `unpack` and `paint`.
"""

from __future__ import annotations

import operator
import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from textsketch import bitstream, options
from textsketch.budget import parse_budget
from textsketch.errors import BitstreamError, TextsketchError, quoted
from textsketch.layers import Layers, Mode
from textsketch.progress import Progress, ignore
from textsketch.render import registry

if TYPE_CHECKING:
    from PIL import Image

    from textsketch.image.reading import Source
    from textsketch.render.renderer import Preview

pack = bitstream.pack
unpack = bitstream.unpack


@dataclass(frozen=True, eq=False)
class Encoded:
    """A picture as the bytes of a .tsk file.

    notes: of its source, see `image.reading.Picture`. renderer: the name of the one the bytes were spent for.
    """

    data: bytes
    layers: Layers
    notes: tuple[str, ...] = ()
    renderer: str = registry.DEFAULT.name

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
        """The picture its renderer decodes from `data` alone. Raises what `decode` raises."""
        return decode(self.data, renderer=self.renderer).image


@dataclass(frozen=True, eq=False)
class Decoded:
    """What came out of a .tsk file: the painted picture and the layers it was painted from.

    lost: a sentence that says what was left out of a damaged file, None where nothing was. invented: a sentence
    that says what of the picture was not sent, None where the renderer makes nothing up.
    """

    image: Image.Image
    layers: Layers
    lost: str | None = None
    invented: str | None = None

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
    renderer: str = registry.DEFAULT.name,
    progress: Progress | None = None,
    **allocation: object,
) -> Encoded:
    """Encode a picture into a file of at most `budget`.

    source: path, file bytes, binary file object, PIL image or array; see `image.reading`.
    mode: "text-only", "text+sketch" or "three-layer".
    budget: bytes (1500 or "1500B"), a rate ("0.02bpp") or a preset of `budget.PRESETS`.
    caption: what the picture shows, in any language, at most 4,096 bytes of UTF-8.
    seed: where the renderer's random choices start, 0 to 2**32 - 1; other than 0 it costs 2 to 5 bytes.
    renderer: the one of `render.registry` the bytes are spent for: what brings the painter near to the picture
        is not what steers Stable Diffusion. Every renderer decodes the file.
    allocation: that renderer's own options of encoding. The painter's is effort, how hard to search: 1 answers
        soonest, 3, the default, makes the best use of the bytes. Stable Diffusion's are structure ("strokes",
        "skeletons" or "soft-edges"), detector (a name of `structure.detectors.names()`) and candidates (1, 2,
        4 or 8 pictures are painted from as many seeds; the number of the one that CLIP finds most like the
        original goes into the file).
    Raises ImageError, BudgetError, CaptionError or OptionError, each saying what to do; WeightsError if weights
    are missing.
    """
    from textsketch.image.reading import read_picture

    chosen = registry.get(renderer)
    others = {one.name: one.allocation for one in registry.RENDERERS}
    told = options.fill(f"encoding for the {renderer} renderer", chosen.allocation, allocation, others)
    mode, seed = parse_mode(mode), parse_seed(seed)
    if not isinstance(caption, str):
        raise TextsketchError(f"the caption must be a string, not {type(caption).__name__}")
    read = read_picture(source)
    budget_bytes = parse_budget(budget, read.image.size)
    layers = chosen.allocate(
        read.image, mode, budget_bytes, caption, told, seed=seed, progress=progress or ignore
    )
    return Encoded(pack(layers), layers, read.notes, renderer)


def decode(
    source: bytes | bytearray | memoryview | str | os.PathLike[str],
    *,
    mode: str | None = None,
    renderer: str = registry.DEFAULT.name,
    damaged: str = "error",
    size: tuple[int, int] | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
    preview: Preview | None = None,
    **rendering: object,
) -> Decoded:
    """Decode a .tsk file, given as bytes or path, from its bytes alone.

    mode: paint only the layers of this mode; None paints all the file has.
    damaged: what to do with a damaged or cut file: "error", or "skip" to paint the layers before the damage,
        as many of them as `mode` allows; `Decoded.lost` then says what is missing.
    The rest is as in `paint`.
    Raises BitstreamError if the bytes are no whole .tsk file, lack the layers asked for, or nothing of them
    can be saved; and what `paint` raises.
    """
    if damaged not in ("error", "skip"):
        raise TextsketchError(f"damaged must be error or skip, not {quoted(damaged)}")
    wanted = None if mode is None else parse_mode(mode)
    data = bytes(source) if isinstance(source, bytes | bytearray | memoryview) else read_file(source)
    if damaged == "skip":
        saved = bitstream.salvage(data)
        layers, lost = saved.layers, saved.lost
        if lost is not None and wanted is not None and wanted.layer_count > layers.mode.layer_count:
            wanted = None
    else:
        layers, lost = unpack(data), None
    if wanted is not None:
        layers = layers.reduced_to(wanted)
    image = paint(
        layers, renderer=renderer, size=size, seed=seed, progress=progress, preview=preview, **rendering
    )
    return Decoded(image, layers, lost, registry.get(renderer).invents(layers, _told(renderer, rendering)))


def paint(
    layers: Layers,
    *,
    renderer: str = registry.DEFAULT.name,
    size: tuple[int, int] | None = None,
    seed: int | None = None,
    progress: Progress | None = None,
    preview: Preview | None = None,
    **rendering: object,
) -> Image.Image:
    """Paint layers as an RGB picture.

    renderer: a name of `render.registry`; `rendering` are its own options, such as the painter's `grain`.
    size: (width, height) in pixels, by default that of the picture the layers were made from. seed: replaces
    the layers'. preview: is called with rough pictures by renderers that have them.
    Raises OptionError for an option the renderer does not have, WeightsError or RenderError if the renderer
    cannot be used here.
    """
    chosen, told = registry.get(renderer), _told(renderer, rendering)
    if not isinstance(layers, Layers):
        raise TextsketchError(f"paint takes layers, as unpack gives them, not {quoted(layers)}")
    size = layers.size if size is None else parse_size(size)
    if seed is not None:
        layers = replace(layers, seed=parse_seed(seed), candidate=0)
    return chosen.render(layers, size, told, progress=progress or ignore, preview=preview)


def _told(renderer: str, rendering: dict[str, object]) -> options.Options:
    """A renderer's options. Raises OptionError."""
    others = {one.name: one.options for one in registry.RENDERERS}
    return options.fill(f"the {renderer} renderer", registry.get(renderer).options, rendering, others)


def paint_plain(
    layers: Layers,
    *,
    renderer: str = registry.DEFAULT.name,
    size: tuple[int, int] | None = None,
    **rendering: Any,
) -> Image.Image:
    """Paint what was sent and nothing else, as an RGB picture.

    By `renderer` with its options, where it can leave out what it invents; else by the painter. The rest is as
    in `paint`.
    """
    chosen = registry.get(renderer)
    if not chosen.plain:
        chosen, rendering = registry.DEFAULT, {}
    return paint(layers, renderer=chosen.name, size=size, **(rendering | {**chosen.plain}))


def parse_size(size: tuple[int, int]) -> tuple[int, int]:
    """Turn (width, height) into ints a picture can have. Raises TextsketchError if they are none."""
    from textsketch.image.reading import MAX_PIXELS, MAX_SIDE

    try:
        width, height = (operator.index(side) for side in size)
    except (TypeError, ValueError):
        raise TextsketchError(
            f"a size must be two whole numbers, width and height, not {quoted(size)}"
        ) from None
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise TextsketchError(
            f"a size must be from 1 to {MAX_SIDE:,} pixels a side and at most {MAX_PIXELS:,} pixels, not "
            f"{quoted(size)}"
        )
    return width, height


def parse_seed(seed: int) -> int:
    """Turn a seed into an int that a file can carry. Raises TextsketchError if it is none."""
    try:
        number = operator.index(seed)
    except TypeError:
        number = -1
    if not 0 <= number <= bitstream.MAX_SEED:
        raise TextsketchError(
            f"the seed {quoted(seed)} is no whole number from 0 to {bitstream.MAX_SEED}; give one"
        )
    return number


def parse_mode(mode: str) -> Mode:
    """Turn the name of a mode into a `Mode`. Raises TextsketchError if there is none of this name."""
    try:
        return Mode(mode)
    except ValueError:
        raise TextsketchError(f"unknown mode {quoted(mode)}; choose one of {', '.join(Mode)}") from None


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Read the bytes of a .tsk file. Raises BitstreamError if it cannot be read."""
    if not isinstance(path, str | os.PathLike):
        raise BitstreamError(f"cannot read a .tsk file from {type(path).__name__}; give its bytes or a path")
    if os.path.exists(path) and not os.path.isfile(path):
        raise BitstreamError(f"{os.fspath(path)} is not a file; name a .tsk file")
    try:
        with open(path, "rb") as file:
            return file.read(bitstream.MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BitstreamError(f"cannot read {os.fspath(path)}: {reason}") from None
