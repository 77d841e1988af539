"""The human-readable layers a picture is sent as, in the order they stand in a file."""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

import numpy as np

from textsketch.codestream.tables import NEWEST
from textsketch.errors import BitstreamError

LAYERS = ("semantic", "structure", "texture")
"""The layers, in the order of a file's segments."""

LAYER_WORDS = dict(zip(LAYERS, ("text", "sketch", "colour map"), strict=True))
"""What a person calls them."""

CANDIDATES = (1, 2, 4, 8)
"""How many pictures an encoder can have painted to choose one; a file has room for the number of 8."""


class Mode(enum.StrEnum):
    """Which layers a file carries; each mode contains the one before it."""

    TEXT_ONLY = "text-only"
    TEXT_SKETCH = "text+sketch"
    THREE_LAYER = "three-layer"

    @property
    def layer_count(self) -> int:
        """Number of layers, 1 to 3."""
        return list(Mode).index(self) + 1


@dataclass(frozen=True)
class Descriptors:
    """The picture's colour field as a few quantised low-order DCT coefficients ("visual cepstrum").

    coefficients: quantised integers in the order `semantic.descriptors` documents.
    step_index: index of their quantiser step in `semantic.descriptors.STEPS`.
    """

    coefficients: tuple[int, ...]
    step_index: int = 4


@dataclass(frozen=True)
class Semantic:
    """What the picture shows: a caption and, optionally, descriptors of its colours and layout."""

    caption: str = ""
    descriptors: Descriptors | None = None


class Structure:
    """Where the picture's lines run. Each kind of structure is a subclass, see `structure.kinds`."""


@dataclass(frozen=True, eq=False)
class Strokes(Structure):
    """A line drawing.

    strokes: (grid_height, grid_width) bool, True on a stroke pixel.
    """

    strokes: np.ndarray


Person = tuple[tuple[int, int] | None, ...]
"""18 keypoints, see `structure.pose.KEYPOINTS`: (column, row), each 0 to 511, or None where not seen."""


@dataclass(frozen=True)
class Skeletons(Structure):
    """The people of a picture, at most 16."""

    people: tuple[Person, ...]


@dataclass(frozen=True, eq=False)
class SoftEdges(Structure):
    """A soft edge map as the integers it is sent as.

    latents: (channels, rows, columns) int64, -15 to 15. rate: 0 to 3, the smallest first. version: of the
    format, whose networks they are of.
    """

    latents: np.ndarray
    rate: int
    version: int = NEWEST


@dataclass(frozen=True, eq=False)
class Texture:
    """What colours the picture has: quantised wavelet coefficients, and how rough each region is.

    coefficients: (3, height, width) int32, luma and two chroma planes in the layout of
        `texture.wavelet`; their grid is `codestream.grids.base_shape` of the picture's size.
    step_index: index of the quantiser step, see `texture.colour_map.quantiser_step`.
    grain: (rows, columns) uint8 grain strength of each cell of `codestream.grids.grain_shape`, or None.
    """

    coefficients: np.ndarray
    step_index: int
    grain: np.ndarray | None = None


@dataclass(frozen=True)
class Layers:
    """A picture as layers. A missing structure or texture means the file does not carry it.

    size: (width, height) of the original picture in pixels, each 1 to 16384.
    seed: what every random choice of a renderer starts from, 0 to 2**32 - 1.
    candidate: which of the pictures Stable Diffusion painted for the encoder it chose, 0 to 7.
    """

    size: tuple[int, int]
    semantic: Semantic
    structure: Structure | None = None
    texture: Texture | None = None
    seed: int = 0
    candidate: int = 0

    @property
    def mode(self) -> Mode:
        """The mode these layers make up."""
        if self.structure is None:
            return Mode.TEXT_ONLY
        return Mode.TEXT_SKETCH if self.texture is None else Mode.THREE_LAYER

    @property
    def strokes(self) -> np.ndarray | None:
        """The sketch's bitmap, None where there is no sketch or it is of another kind than strokes."""
        return self.structure.strokes if isinstance(self.structure, Strokes) else None

    def candidate_seed(self, candidate: int | None = None) -> int:
        """The seed of a candidate, by default of the chosen one: `seed` and those that follow it."""
        return (self.seed + (self.candidate if candidate is None else candidate)) % (1 << 32)

    def reduced_to(self, mode: Mode) -> Layers:
        """These layers without those above `mode`. Raises BitstreamError if they have too few."""
        if mode.layer_count > self.mode.layer_count:
            raise BitstreamError(f"the file has no layers for {mode}; it is {self.mode}")
        return replace(
            self,
            structure=self.structure if mode.layer_count > 1 else None,
            texture=self.texture if mode.layer_count > 2 else None,
        )
