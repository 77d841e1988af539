"""Skeletons: exact round trips, the price a person, any bytes, OpenPose's own drawing and its network."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from textsketch.codestream.tables import NEWEST
from textsketch.errors import BitstreamError, WeightsError
from textsketch.layers import Skeletons
from textsketch.models import weights
from textsketch.structure import pose

SIZE = (640, 480)

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
    assert pose.unpack(pose.pack(Skeletons(people), SIZE, NEWEST), SIZE, NEWEST).people == people


@given(st.tuples(*[st.tuples(st.integers(0, 511), st.integers(0, 511))] * 18))
def test_a_person_costs_at_most_45_bytes(person):
    assert len(pose.pack(Skeletons((person,)), SIZE, NEWEST)) <= 45
    assert len(pose.pack(Skeletons((person,) * 4), SIZE, NEWEST)) <= 4 * 45


def test_a_plausible_person_costs_much_less():
    assert len(pose.pack(Skeletons((STANDING,)), SIZE, NEWEST)) <= 36
    assert len(pose.pack(Skeletons(()), SIZE, NEWEST)) <= 1


@given(st.binary(max_size=120))
@settings(max_examples=300)
def test_any_bytes_give_skeletons_or_our_error(data):
    try:
        found = pose.unpack(data, SIZE, NEWEST)
    except BitstreamError:
        return
    assert len(found.people) <= pose.MOST_PEOPLE
    for person in found.people:
        assert len(person) == 18
        assert all(point is None or (0 <= point[0] < 512 and 0 <= point[1] < 512) for point in person)


def test_the_drawing_is_openposes_own():
    util = pytest.importorskip("controlnet_aux.open_pose.util")
    from controlnet_aux.open_pose.body import Keypoint

    drawn = np.asarray(pose.draw(Skeletons((STANDING,)), (512, 384)))
    keypoints = [Keypoint((x + 0.5) / 512, (y + 0.5) / 512) for x, y in STANDING]
    expected = util.draw_bodypose(np.zeros((384, 512, 3), np.uint8), keypoints)
    assert expected.any()
    assert (drawn != expected).any(-1).mean() < 0.001


def test_detected_people_are_put_on_the_grid_best_first(monkeypatch):
    body = pytest.importorskip("controlnet_aux.open_pose.body")
    from controlnet_aux.open_pose import PoseResult

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
    assert pose.unpack(pose.pack(found, SIZE, NEWEST), SIZE, NEWEST) == found


# (first joint, second joint) -> where OpenPose's network puts the limb's direction: this channel and the next.
FIELD_CHANNEL = {
    (1, 2): 12, (1, 5): 20, (2, 3): 14, (3, 4): 16, (5, 6): 22, (6, 7): 24, (1, 8): 0, (8, 9): 2, (9, 10): 4,
    (1, 11): 6, (11, 12): 8, (12, 13): 10, (1, 0): 28, (0, 14): 30, (14, 16): 34, (0, 15): 32, (15, 17): 36,
    (2, 16): 18, (5, 17): 26,
}  # fmt: skip


@pytest.fixture(scope="module")
def openpose_root(tmp_path_factory):
    """A local weights folder with OpenPose's real network, its weights random."""
    torch = pytest.importorskip("torch")
    model = pytest.importorskip("controlnet_aux.open_pose.model")
    torch.manual_seed(0)
    network = model.bodypose_model()
    for parameter in network.parameters():
        if parameter.ndim > 1:
            torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu")
        else:
            torch.nn.init.zeros_(parameter)
    root = tmp_path_factory.mktemp("weights")
    (root / "openpose").mkdir()
    # The published file has Caffe's names, without the class's "model0." and so on in front.
    named = {name.partition(".")[2]: value for name, value in network.state_dict().items()}
    torch.save(named, root / "openpose" / "body_pose_model.pth")
    return root


@pytest.fixture
def openpose(openpose_root, monkeypatch):
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(openpose_root))


def noise(seed):
    cells = np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)
    return Image.fromarray(cells).resize((256, 192))


def test_openposes_network_runs_from_the_weights_folder(openpose):
    assert pose.unavailable() is None
    found, other = pose.detect(noise(0)), pose.detect(noise(1))
    assert 0 < len(found.people) <= pose.MOST_PEOPLE
    assert found != other
    assert pose.unpack(pose.pack(found, SIZE, NEWEST), SIZE, NEWEST) == found


def test_the_heat_maps_of_a_person_become_that_person(openpose, monkeypatch):
    import torch

    def maps(data):
        """A heat map with a hill at each joint of STANDING, and fields along its limbs."""
        rows, columns = data.shape[2] // 8, data.shape[3] // 8
        down, across = np.mgrid[:rows, :columns]
        points = [((x + 0.5) / 512 * columns - 0.5, (y + 0.5) / 512 * rows - 0.5) for x, y in STANDING]
        heat = [np.exp(-((across - x) ** 2 + (down - y) ** 2) / 2) for x, y in points]
        fields = np.zeros((38, rows, columns))
        for (first, second), channel in FIELD_CHANNEL.items():
            along = np.subtract(points[second], points[first])
            fields[channel : channel + 2] = (along / np.hypot(*along))[:, None, None]
        background = 1 - np.max(heat, axis=0)
        return torch.tensor(fields)[None], torch.tensor(np.stack([*heat, background]))[None]

    monkeypatch.setattr(pose._load().body_estimation.model, "forward", maps)
    (found,) = pose.detect(Image.new("RGB", (512, 512))).people
    assert None not in found
    # A cell of the network's maps is 22 cells of the grid.
    assert np.abs(np.subtract(found, STANDING)).max() <= 5


def test_missing_and_damaged_weights_are_errors_of_ours(monkeypatch, tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("controlnet_aux")
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(WeightsError, match="textsketch weights fetch openpose"):
        pose.detect(noise(0))
    (tmp_path / "openpose").mkdir()
    torch.save({"conv1_1.weight": torch.zeros(3)}, tmp_path / "openpose" / "body_pose_model.pth")
    with pytest.raises(WeightsError, match="'openpose' in .* cannot be read"):
        pose.detect(noise(0))
