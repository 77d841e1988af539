"""Skeletons: exact round trips, the price a person, any bytes, and OpenPose's own drawing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textsketch.errors import BitstreamError
from textsketch.structure import pose

points = st.none() | st.tuples(st.integers(0, pose.GRID - 1), st.integers(0, pose.GRID - 1))
people = st.lists(st.tuples(*[points] * 18), max_size=4).map(tuple)

STANDING = tuple(
    (2 * x + 100, 2 * y + 60)
    for x, y in (
        (60, 10), (60, 32), (46, 33), (40, 60), (38, 84), (74, 33), (80, 60), (82, 85), (51, 86),
        (50, 124), (49, 160), (69, 86), (70, 124), (71, 161), (57, 7), (63, 7), (53, 9), (67, 9),
    )
)  # fmt: skip


@given(people)
def test_any_skeletons_come_back_unchanged(people):
    assert pose.unpack(pose.pack(pose.Poses(people))).people == people


@given(st.tuples(*[st.tuples(st.integers(0, 511), st.integers(0, 511))] * 18))
def test_a_person_costs_at_most_45_bytes(person):
    assert len(pose.pack(pose.Poses((person,)))) <= 45
    assert len(pose.pack(pose.Poses((person,) * 4))) <= 4 * 45


def test_a_plausible_person_costs_much_less():
    assert len(pose.pack(pose.Poses((STANDING,)))) <= 36
    assert len(pose.pack(pose.Poses(()))) <= 1


@given(st.binary(max_size=120))
@settings(max_examples=300)
def test_any_bytes_give_skeletons_or_our_error(data):
    try:
        found = pose.unpack(data)
    except BitstreamError:
        return
    assert len(found.people) <= pose.MOST_PEOPLE
    for person in found.people:
        assert len(person) == 18
        assert all(point is None or (0 <= point[0] < 512 and 0 <= point[1] < 512) for point in person)


def test_the_drawing_is_openposes_own():
    util = pytest.importorskip("controlnet_aux.open_pose.util")
    from controlnet_aux.open_pose.body import Keypoint

    drawn = np.asarray(pose.Poses((STANDING,)).draw((512, 384)))
    keypoints = [Keypoint((x + 0.5) / 512, (y + 0.5) / 512) for x, y in STANDING]
    expected = util.draw_bodypose(np.zeros((384, 512, 3), np.uint8), keypoints)
    assert expected.any()
    assert (drawn != expected).any(-1).mean() < 0.001


def test_detected_people_are_put_on_the_grid_best_first(monkeypatch):
    body = pytest.importorskip("controlnet_aux.open_pose.body")
    from controlnet_aux.open_pose import PoseResult
    from PIL import Image

    def result(x, score):
        keypoints = [body.Keypoint(x, 0.25), *[None] * 17]
        return PoseResult(body.BodyResult(keypoints, score, 1), None, None, None)

    class Detector:
        def detect_poses(self, pixels):
            assert pixels.shape == (256, 512, 3)
            return [result(0.5, 3), result(1.0, 9)]

    monkeypatch.setattr(pose, "_load", Detector)
    found = pose.detect(Image.new("RGB", (1024, 512)))
    assert [person[0] for person in found.people] == [(511, 128), (256, 128)]
    assert pose.unpack(pose.pack(found)) == found
