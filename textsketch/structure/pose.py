"""Skeletons: the structure layer for people, as 18 body keypoints each (OpenPose, Cao et al. 2019).

A person costs at most 45 bytes, usually about 30: each keypoint is coded as an offset from the joint it
hangs on, or on its own where that is shorter for the whole person.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from textsketch.entropy.models import AdaptiveBits, BitMeter, ValueCoder
from textsketch.entropy.range_coder import PROBABILITY_ONE, Decoder, Encoder
from textsketch.errors import TextsketchError, WeightsError
from textsketch.layers import Person, Skeletons
from textsketch.models import networks, weights
from textsketch.structure.kind import Guide, Kind, OperatingPoints

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

GRID = 512
"""Keypoints lie on a grid of 512 columns and 512 rows, whatever the picture's shape."""
MOST_PEOPLE = 16
KEYPOINTS = (
    "nose",
    "neck",
    "right shoulder",
    "right elbow",
    "right wrist",
    "left shoulder",
    "left elbow",
    "left wrist",
    "right hip",
    "right knee",
    "right ankle",
    "left hip",
    "left knee",
    "left ankle",
    "right eye",
    "left eye",
    "right ear",
    "left ear",
)
# (joint nearer to the neck, joint) in OpenPose's drawing order, which gives each limb its colour.
LIMBS = (
    (1, 2),
    (1, 5),
    (2, 3),
    (3, 4),
    (5, 6),
    (6, 7),
    (1, 8),
    (8, 9),
    (9, 10),
    (1, 11),
    (11, 12),
    (12, 13),
    (1, 0),
    (0, 14),
    (14, 16),
    (0, 15),
    (15, 17),
)
_ORDER = (1, 0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
_PARENT = {joint: parent for parent, joint in LIMBS}
_BITS_OF_OFFSET = (GRID - 1).bit_length()
_PRESENT = PROBABILITY_ONE * 7 // 8

_lock = threading.RLock()


def draw(skeletons: Skeletons, size: tuple[int, int]) -> Image.Image:
    """The skeletons in OpenPose's colours on black, as the adapter was trained on: RGB of `size`."""
    import cv2
    from PIL import Image

    width, height = size
    canvas = np.zeros((height, width, 3), np.uint8)
    for person in skeletons.people:
        points = [
            None if point is None else ((point[0] + 0.5) / GRID * width, (point[1] + 0.5) / GRID * height)
            for point in person
        ]
        for index, (start, end) in enumerate(LIMBS):
            first, second = points[start], points[end]
            if first is not None and second is not None:
                _draw_limb(canvas, first, second, [channel * 0.6 for channel in _colour(index)])
        for index, point in enumerate(points):
            if point is not None:
                cv2.circle(canvas, (int(point[0]), int(point[1])), 4, _colour(index), -1)
    return Image.fromarray(canvas)


def extract(picture: Image.Image, detector: str) -> OperatingPoints:
    """The people OpenPose is most certain of, one more a step. `detector` finds lines and is not asked.

    Raises TextsketchError where nobody is found, WeightsError where OpenPose is missing.
    """
    people = detect(picture).people
    if not people:
        raise TextsketchError("no person was found whose skeleton could be drawn; choose strokes")
    return OperatingPoints(len(people), lambda step: Skeletons(people[:step]))


def detect(picture: Image.Image, long_side: int = 512) -> Skeletons:
    """The skeletons OpenPose finds in an RGB picture, the most certain first.

    Raises WeightsError if the library or the weights are missing.
    """
    width, height = picture.size
    scale = min(1.0, long_side / max(width, height))
    reduced = picture.convert("RGB").resize((max(1, round(width * scale)), max(1, round(height * scale))))
    with _lock:
        results = _load().detect_poses(np.asarray(reduced))
    results = sorted(results, key=lambda result: -result.body.total_score)[:MOST_PEOPLE]
    return Skeletons(tuple(_quantise(result.body.keypoints) for result in results))


def unavailable() -> str | None:
    """The sentence that says what `detect` lacks here, or None."""
    return weights.unavailable("The detector of skeletons", ["openpose"], ["torch", "controlnet_aux"])


def pack(skeletons: Skeletons, size: tuple[int, int], version: int) -> bytes:
    """Code skeletons as format `version` does, for a picture of any `size`; `unpack` gives them back."""
    encoder = Encoder()
    _code(encoder, skeletons.people[:MOST_PEOPLE])
    return encoder.finish()


def unpack(data: bytes, size: tuple[int, int], version: int) -> Skeletons:
    """Decode what `pack` of format `version` wrote. Any bytes give some skeletons or `BitstreamError`."""
    return Skeletons(_code(Decoder(data), None))


def _code(coder: ValueCoder, people: tuple[Person, ...] | None) -> tuple[Person, ...]:
    count = coder.uniform(len(people or ()), MOST_PEOPLE + 1)
    nothing: Person = (None,) * len(KEYPOINTS)
    found = []
    for index in range(count):
        person = nothing if people is None else people[index]
        # A reader ignores the choice and is told which it was.
        relative = coder.bit(int(_bits(person, 1) < _bits(person, 0)), PROBABILITY_ONE // 2)
        found.append(_code_person(coder, person, relative))
    return tuple(found)


def _bits(person: Person, relative: int) -> float:
    meter = BitMeter()
    _code_person(meter, person, relative)
    return meter.bits


def _code_person(coder: ValueCoder, person: Person, relative: int) -> Person:
    """Code one person's keypoints, as offsets from the joint before if `relative`."""
    lengths = AdaptiveBits([PROBABILITY_ONE * 3 // 4] * (_BITS_OF_OFFSET + 1))
    points: list[tuple[int, int] | None] = [None] * len(KEYPOINTS)
    for joint in _ORDER:
        point = person[joint]
        if not coder.bit(int(point is not None), _PRESENT):
            continue
        wanted = point or (0, 0)
        parent = points[_PARENT[joint]] if joint in _PARENT else None
        if relative and parent is not None:
            across = _code_offset(coder, lengths, wanted[0] - parent[0]) + parent[0]
            down = _code_offset(coder, lengths, wanted[1] - parent[1]) + parent[1]
        else:
            across, down = coder.uniform(wanted[0], GRID), coder.uniform(wanted[1], GRID)
        points[joint] = (min(max(across, 0), GRID - 1), min(max(down, 0), GRID - 1))
    return tuple(points)


def _code_offset(coder: ValueCoder, lengths: AdaptiveBits, value: int) -> int:
    """Code a signed offset: adaptively how many bits it has, then the bits below the highest, the sign."""
    size = abs(value)
    length = 0
    while length < _BITS_OF_OFFSET and lengths.code(coder, length, int(size >> length > 0)):
        length += 1
    if length == 0:
        return 0
    top = 1 << (length - 1)
    size = top + coder.uniform(max(size - top, 0), top)
    return -size if coder.uniform(int(value < 0), 2) else size


def _quantise(keypoints: Any) -> Person:
    return tuple(
        None
        if point is None
        else (
            min(max(int(point.x * GRID), 0), GRID - 1),
            min(max(int(point.y * GRID), 0), GRID - 1),
        )
        for point in keypoints
    )


def _colour(index: int) -> tuple[int, int, int]:
    """OpenPose's 18 colours: once around the hue circle, from red."""
    sector, step = divmod(index, 3)
    rising, falling = 85 * step, 255 - 85 * step
    return (
        (255, rising, 0),
        (falling, 255, 0),
        (0, 255, rising),
        (0, falling, 255),
        (rising, 0, 255),
        (255, 0, falling),
    )[sector]


def _draw_limb(canvas: np.ndarray, start: Any, end: Any, colour: list[float]) -> None:
    import cv2

    across, down = start[0] - end[0], start[1] - end[1]
    centre = (int((start[0] + end[0]) / 2), int((start[1] + end[1]) / 2))
    axes = (int(np.hypot(across, down) / 2), 4)
    outline = cv2.ellipse2Poly(centre, axes, int(np.degrees(np.arctan2(down, across))), 0, 360, 1)
    cv2.fillConvexPoly(canvas, np.asarray(outline), [int(channel) for channel in colour])


def _load() -> Any:
    reason = unavailable()
    if reason is not None:
        raise WeightsError(reason)
    return networks.load("openpose", _read)


def _read(folder: Path) -> Any:
    from controlnet_aux.open_pose import OpenposeDetector
    from controlnet_aux.open_pose.body import Body

    body = Body(str(folder / "body_pose_model.pth"))
    body.to(networks.device())
    return OpenposeDetector(body)


def _cover(skeletons: Skeletons, size: tuple[int, int], thickness: float) -> np.ndarray:
    return np.asarray(draw(skeletons, size), np.float32).max(-1) / 255


def _condition(skeletons: Skeletons, size: tuple[int, int], guide: Guide) -> tuple[str, Image.Image]:
    return "pose", draw(skeletons, size)


KIND = Kind(
    name="skeletons",
    title="Skeletons",
    structure=Skeletons,
    extract=extract,
    pack=pack,
    unpack=unpack,
    draw=_cover,
    condition=_condition,
    steers="pose",
    unavailable=unavailable,
)
