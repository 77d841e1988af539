"""Training the brush: what it is given, what it starts as, that a run can be stopped, what is written."""

from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest

from textsketch.codestream.grids import base_shape, grid_shape
from textsketch.image.colour_space import to_ycbcr
from textsketch.layers import Layers, Semantic, Strokes, Texture
from textsketch.render.painter.shading_inputs import ALIGNED, CELL, CHANNELS, inputs


def strokes(size: tuple[int, int]) -> Strokes:
    drawn = np.zeros(grid_shape(size, 64), bool)
    drawn[drawn.shape[0] // 2] = True
    return Strokes(drawn)


def pixels(given: np.ndarray) -> np.ndarray:
    """The painting and its lines in the inputs: (4, height, width)."""
    rows, columns = given.shape[1:]
    apart = given[:-3].reshape(4, CELL, CELL, rows, columns)
    return apart.transpose(0, 3, 1, 4, 2).reshape(4, rows * CELL, columns * CELL)


@pytest.mark.parametrize("size", [(96, 64), (1, 1), (97, 31), (5, 300)])
def test_inputs_are_the_painting_continued_to_whole_cells(size):
    width, height = size
    colours = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    given = inputs(to_ycbcr(colours), Layers(size, Semantic()))
    assert given.shape[0] == CHANNELS and given.dtype == np.float32
    assert all(side % ALIGNED == 0 for side in given.shape[1:])
    seen = pixels(given)
    assert np.abs(seen[:3, :height, :width] * 255 - colours.transpose(2, 0, 1)).max() < 0.01
    assert np.array_equal(seen[:3, :, -1], seen[:3, :, width - 1]) and not seen[3].any()


def test_inputs_say_where_strokes_run_and_how_colours_were_sent():
    size = (96, 64)
    grain = np.full((4, 4), 7, np.uint8)
    texture = Texture(np.zeros((3, *base_shape(size)), np.int32), 32, grain)
    planes = np.zeros((3, 64, 96), np.float32)
    sketch, both = Layers(size, Semantic(), strokes(size)), Layers(size, Semantic(), strokes(size), texture)
    for layers, numbers in ((sketch, (1, 0, 0)), (both, (0.5, 1, 1))):
        given = inputs(planes, layers)
        assert [float(plane.mean()) for plane in given[-3:]] == pytest.approx(numbers)
        lines = pixels(given)[3]
        assert lines[30:36].max(axis=0).min() > 0.4 and lines[:24].max() == 0


def test_a_trained_brush_is_exported_as_it_paints(tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    import onnxruntime

    from textsketch.render.painter.shading_inputs import CHANNELS
    from training.brush import graph
    from training.brush.network import Brush

    torch.manual_seed(0)
    brush = Brush()
    torch.nn.init.normal_(brush.near.weight, 0, 0.1)  # it starts without the far road
    with torch.no_grad():
        for weights in brush.parameters():  # as coarse as the file keeps them
            if weights.ndim == 4:
                step = weights.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12) / 127
                weights.copy_((weights / step).round() * step)
            else:
                weights.copy_(weights.half())
    graph.export(brush, tmp_path / "brush.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "brush.onnx", providers=["CPUExecutionProvider"])
    given = torch.rand(1, CHANNELS, 16, 24)
    (painted,) = session.run(None, {"given": given.numpy()})
    assert painted.shape == (1, 3, 64, 96)
    with torch.no_grad():
        assert np.abs(painted - brush(given).numpy()).max() < 1e-4


def test_the_brush_starts_as_the_super_resolution_network_it_is_made_from(tmp_path):
    torch = pytest.importorskip("torch")
    from textsketch.render.painter.shading_inputs import CELL, CHANNELS
    from training.brush import ncnn
    from training.brush.network import Brush

    (tmp_path / "realesr-animevideov3-x4.bin").write_bytes(super_resolution_network())
    layers = ncnn.read(tmp_path)
    brush = Brush()
    brush.start_from(layers)
    given = torch.rand(1, CHANNELS, 16, 24)
    value = picture = given[:, : 3 * CELL**2].reshape(1, 3, CELL**2, 16, 24).mean(2)
    for layer in layers:
        value = torch.nn.functional.conv2d(value, *map(torch.tensor, (layer.weight, layer.bias)), padding=1)
        if layer.slope is not None:
            value = torch.nn.functional.prelu(value, torch.tensor(layer.slope))
    expected = torch.pixel_shuffle(value, 4) + picture.repeat_interleave(4, 2).repeat_interleave(4, 3)
    with torch.no_grad():
        assert (brush(given) - expected).abs().max() < 1e-4
    (tmp_path / "realesr-animevideov3-x4.bin").write_bytes(super_resolution_network() + b"more")
    with pytest.raises(ValueError, match="bytes where"):
        ncnn.read(tmp_path)


def super_resolution_network() -> bytes:
    """Random weights in the layout ncnn keeps them in."""
    random = np.random.default_rng(0)
    written = bytearray()
    channels = (3, *[64] * 17, 48)
    for index, (seen, outputs) in enumerate(pairwise(channels)):
        written += (0x01306B47).to_bytes(4, "little")
        written += random.normal(0, 0.05, (outputs, seen, 3, 3)).astype("<f2").tobytes()
        written += random.normal(0, 0.2, outputs).astype("<f4").tobytes()
        if index < len(channels) - 2:
            written += random.normal(0, 0.2, outputs).astype("<f4").tobytes()
    return bytes(written)


def test_training_pairs_are_the_same_whoever_makes_them(shared_data, tmp_path):
    from textsketch.render.painter.shading_inputs import CELL, CHANNELS
    from training.brush import pairs

    for number in (0, 1):
        made = []
        for name in ("first", "second"):
            (tmp_path / name).mkdir(exist_ok=True)
            with np.load(pairs.make(number, shared_data, tmp_path / name)) as pair:
                made.append((pair["inputs"], pair["original"]))
        (inputs, original), again = made
        assert all(map(np.array_equal, made[0], again))
        assert inputs.shape[0] == CHANNELS
        assert original.shape == (CELL * inputs.shape[1], CELL * inputs.shape[2], 3)
        assert (inputs[-1] == (255 if number == 0 else 0)).all()  # three-layer and text+sketch, in turn
    assert not any("kodak" in str(path) for path, _ in pairs.sources(shared_data))


def test_inputs_are_turned_as_the_picture_is():
    torch = pytest.importorskip("torch")
    from training.brush import train

    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (4, 32, 24), dtype=np.uint8)
    cells = picture.reshape(4, 8, 4, 6, 4).transpose(0, 2, 4, 1, 3).reshape(64, 8, 6)
    inputs = np.concatenate([cells, random.integers(0, 256, (3, 8, 6), dtype=np.uint8)])
    for how in product((False, True), repeat=3):
        turned = train._turned_inputs(inputs, how)
        seen = torch.pixel_shuffle(torch.from_numpy(turned[:64].copy())[None].float(), 4)[0].numpy()
        assert np.array_equal(seen, train._turned(picture, how))


def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    from training.brush import train
    from training.brush.network import Brush

    monkeypatch.setattr(train, "BATCH", 1)
    monkeypatch.setattr(train, "_CRITIC_FROM", 2)
    random, threads = np.random.default_rng(0), torch.get_num_threads()
    pair = {
        "inputs": random.integers(0, 256, (67, train.PATCH_CELLS, train.PATCH_CELLS), dtype=np.uint8),
        "original": random.integers(0, 256, (4 * train.PATCH_CELLS,) * 2 + (3,), dtype=np.uint8),
    }
    np.savez(tmp_path / "00000.npz", **pair)
    pairs = train.Pairs([tmp_path / "00000.npz"])

    def features(picture):
        return [torch.nn.functional.avg_pool2d(picture, 8)]

    torch.set_num_threads(1)
    try:
        trained = []
        for name, stops in (("whole", (4,)), ("stopped", (2, 4))):
            (tmp_path / name).mkdir()
            for stop in stops:
                torch.manual_seed(0)
                mean = train.train(pairs, Brush(), features, 4, tmp_path / name, until=stop)
                assert (mean is None) == (stop < 4)
            trained.append(mean.state_dict())
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(trained[0][name], trained[1][name]) for name in trained[0])


def test_the_features_are_those_of_convolutions_with_their_normalisation(tmp_path):
    torch = pytest.importorskip("torch")
    from training.brush import features

    torch.manual_seed(0)
    widths, weights, value = (3, 64, 64, 128, 128, 256, 256, 256), {}, torch.rand(1, 3, 16, 16)
    expected = (value - torch.tensor(features._MEAN)[:, None, None]) / torch.tensor(features._DEVIATION)[
        :, None, None
    ]
    for name, (seen, outputs) in zip(features._CONVOLUTIONS, pairwise(widths), strict=True):
        convolution = torch.nn.Conv2d(seen, outputs, 3, padding=1)
        norm = torch.nn.BatchNorm2d(outputs).eval()
        for part in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
            torch.nn.init.uniform_(part, 0.5, 1.5)
        if name in features._POOLED_BEFORE:
            expected = torch.nn.functional.max_pool2d(expected, 2)
        with torch.no_grad():
            expected = torch.relu(norm(convolution(expected)))
        row, number = name.split(".")
        for layer, at in ((convolution, int(number)), (norm, int(number) + 1)):
            weights |= {f"module.basenet.{row}.{at}.{key}": part for key, part in layer.state_dict().items()}
    torch.save(weights, tmp_path / "craft.pth")
    found = features.Features(Path(tmp_path / "craft.pth"))(value)
    assert len(found) == 3
    length = expected.square().sum(1, keepdim=True).sqrt()
    assert (found[-1] - expected / length).abs().max() < 1e-3
    assert (
        float(features.distance(found, found)) == 0 < float(features.distance(found, [-one for one in found]))
    )
