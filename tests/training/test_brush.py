"""Training the brush: what it is given, what it starts as, that a run can be stopped, what is written."""

from itertools import pairwise, product
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from textsketch.codestream.grids import base_shape, grid_shape
from textsketch.image.colour_space import to_ycbcr
from textsketch.layers import Descriptors, Layers, Mode, Semantic, Strokes, Texture
from textsketch.render.painter import shading_inputs
from textsketch.render.painter.brush_inputs import ALIGNED, CELL, CHANNELS, inputs
from textsketch.semantic.descriptors import field


def strokes(size: tuple[int, int]) -> Strokes:
    drawn = np.zeros(grid_shape(size, 64), bool)
    drawn[drawn.shape[0] // 2] = True
    return Strokes(drawn)


def pixels(given: np.ndarray) -> np.ndarray:
    """The painting, its lines and its grain in the inputs: (5, height, width)."""
    rows, columns = given.shape[1:]
    apart = given[:-3].reshape(5, CELL, CELL, rows, columns)
    return apart.transpose(0, 3, 1, 4, 2).reshape(5, rows * CELL, columns * CELL)


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
    assert (seen[4] == 0.5).all()


def test_inputs_say_where_strokes_run_and_how_colours_were_sent():
    size = (96, 64)
    grain = np.full((4, 4), 7, np.uint8)
    texture = Texture(np.zeros((3, *base_shape(size)), np.int32), 32, grain)
    planes = np.zeros((3, 64, 96), np.float32)
    sketch, both = Layers(size, Semantic(), strokes(size)), Layers(size, Semantic(), strokes(size), texture)
    noise = np.linspace(-16, 40, 64 * 96, dtype=np.float32).reshape(64, 96)
    for layers, lying, numbers in (
        (sketch, None, (1, 0, 0)),
        (both, None, (0.5, 0, 1)),  # grain that is left out has no strength
        (both, noise, (0.5, 1, 1)),
    ):
        given = inputs(planes, layers, lying)
        shown = pixels(given)[4]
        assert np.allclose(shown, 0.5 if lying is None else np.clip(0.5 + noise / 64, 0, 1))
        assert [float(plane.mean()) for plane in given[-3:]] == pytest.approx(numbers)
        lines = pixels(given)[3]
        assert lines[30:36].max(axis=0).min() > 0.4 and lines[:24].max() == 0


@pytest.mark.parametrize("size", [(96, 64), (1, 1), (5, 300), (2000, 1500)])
def test_a_sketch_is_shaded_at_one_size_whatever_the_pictures(size):
    sketch = Layers(size, Semantic("", Descriptors((4, 3, 2, 0))), strokes(size))
    given = shading_inputs.inputs(sketch)
    height, width = shading_inputs.shape_for(size)
    assert max(height, width) == shading_inputs.LONG_SIDE
    assert abs(height / width - size[1] / size[0]) < 0.01 or min(height, width) <= 9
    assert given.shape[0] == shading_inputs.CHANNELS and given.dtype == np.float32
    assert all(
        side % shading_inputs.ALIGNED == 0 and 0 <= CELL * side - shown < CELL * shading_inputs.ALIGNED
        for side, shown in zip(given.shape[1:], (height, width), strict=True)
    )
    colours = field(sketch.semantic.descriptors, height, width, size)[: height // 4 * 4, : width // 4 * 4]
    if min(colours.shape[:2]) >= 8:
        cells = colours.reshape(height // 4, 4, width // 4, 4, 3).mean((1, 3)).transpose(2, 0, 1) / 255
        assert np.abs(given[:3, : height // 4, : width // 4] - cells).max() < 0.01
    assert (given[3:-2].max() > 0.4 or min(sketch.strokes.shape) == 1) and 0 < given[-2].max() <= 1
    assert (given[-1] == 4 / 160).all()
    bare = shading_inputs.inputs(Layers(size, Semantic()))
    assert not bare[3:].any()


@pytest.mark.parametrize("name", ["Sharpening", "Shading"])
def test_a_trained_network_is_exported_as_it_paints(tmp_path, name):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    import onnxruntime

    from training.brush import graph, network

    torch.manual_seed(0)
    brush = getattr(network, name)()
    with torch.no_grad():
        for layer in getattr(brush, "meet", ()):
            torch.nn.init.normal_(layer.weight, 0, 0.1)  # it starts without the far road
        for weights in brush.parameters():  # as coarse as the file keeps them
            if weights.ndim == 4:
                step = weights.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12) / 127
                weights.copy_((weights / step).round() * step)
            else:
                weights.copy_(weights.half())
    graph.export(brush, tmp_path / "brush.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "brush.onnx", providers=["CPUExecutionProvider"])
    given = torch.rand(1, session.get_inputs()[0].shape[1], 16, 32)
    (painted,) = session.run(None, {"given": given.numpy()})
    assert painted.shape == (1, 3, 64, 128)
    with torch.no_grad():
        assert np.abs(painted - brush(given).numpy()).max() < 1e-4


@pytest.mark.parametrize("name", ["Sharpening", "Shading"])
def test_a_network_starts_as_the_super_resolution_network_it_is_made_from(tmp_path, name):
    torch = pytest.importorskip("torch")
    from training.brush import ncnn, network

    (tmp_path / "realesr-animevideov3-x4.bin").write_bytes(super_resolution_network())
    layers = ncnn.read(tmp_path)
    brush = getattr(network, name)()
    brush.start_from(layers)
    near = getattr(brush, "near", brush)
    given = torch.rand(1, near.first.in_channels, 16, 32)
    value = picture = given[:, : 3 * near.colours].reshape(1, 3, near.colours, 16, 32).mean(2)
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


@pytest.mark.parametrize(
    ("mode", "number"), [(Mode.THREE_LAYER, 1), (Mode.THREE_LAYER, 0), (Mode.TEXT_SKETCH, 1)]
)
def test_training_pairs_are_the_same_whoever_makes_them(shared_data, tmp_path, mode, number):
    from textsketch.bitstream import unpack
    from training.brush import pairs

    made = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        with np.load(pairs.make(number, mode, shared_data, tmp_path / name)) as pair:
            made.append((pair["sent"], pair["original"]))
    (sent, original), again = made
    assert all(map(np.array_equal, made[0], again))
    layers = unpack(sent.tobytes())
    assert layers.mode == mode and layers.size == (original.shape[1], original.shape[0])


def test_some_pictures_are_never_trained_on_and_kodaks_are_neither_trained_nor_judged_on(shared_data):
    from training.brush import pairs

    trained, judged = (
        {path for collection in pairs.sources(shared_data, held_out) for path, _ in collection}
        for held_out in (False, True)
    )
    assert trained and judged and not trained & judged
    assert not any("kodak" in str(path) for path in trained | judged)


def test_half_of_the_pictures_are_two_together_as_large_and_sharp_as_they_come(tmp_path, monkeypatch):
    from PIL import Image

    from training.brush import pairs

    colours = iter(range(1, 255))
    monkeypatch.setattr(pairs, "sources", lambda data, held_out: [[(tmp_path, None)]] * 3)
    monkeypatch.setattr(pairs, "_source", lambda *place: Image.new("RGB", (512, 512), (next(colours), 0, 0)))
    made = [np.asarray(pairs._picture(tmp_path, np.random.default_rng(seed), False)) for seed in range(60)]
    together = [one for one in made if len(np.unique(one)) > 2]
    assert 20 <= len(together) <= 40
    for picture in made:
        long, short = max(picture.shape[:2]), min(picture.shape[:2])
        assert long <= (1024 if any(picture is one for one in together) else 512) and long / short < 1.8
    assert max(max(one.shape[:2]) for one in together) > 700  # beyond 512 colours are sent at half the size
    assert any(one.shape[0] > one.shape[1] for one in together)  # one below the other


def test_a_painting_of_twelve_is_of_a_drawn_pattern():
    from training.brush import patterns

    drawn = [np.asarray(patterns.draw(np.random.default_rng(seed))) for seed in range(40)]
    for picture in drawn:
        assert 256 <= min(picture.shape[:2]) <= max(picture.shape[:2]) <= 640
        assert picture.dtype == np.uint8 and picture.shape[2] == 3
        assert np.ptp(picture, axis=(0, 1)).max() > 30
        colours = picture.reshape(-1, 3).astype(float)
        spread = np.linalg.svd(colours - colours.mean(0), compute_uv=False)
        assert spread[1] < 0.1 * spread[0]  # two colours, and what lies between them
    assert len({picture.tobytes() for picture in drawn}) == len(drawn)


def cells(planes: np.ndarray) -> np.ndarray:
    """(planes, height, width) as a cell's pixels, plane by plane."""
    count, height, width = planes.shape
    apart = planes.reshape(count, height // CELL, CELL, width // CELL, CELL)
    return apart.transpose(0, 2, 4, 1, 3).reshape(-1, height // CELL, width // CELL)


@pytest.mark.parametrize("how", list(product((False, True), repeat=3)))
def test_inputs_are_turned_as_the_picture_is(how):
    pytest.importorskip("torch")
    from training.brush import train

    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (4, 32, 24), dtype=np.uint8)
    rest = random.integers(0, 256, (3, 8, 6), dtype=np.uint8)
    turned = train.turned_inputs(np.concatenate([cells(picture), rest]), how, (CELL**2,) * 4)
    assert np.array_equal(turned[:-3], cells(train._turned(picture, how)))
    assert np.array_equal(turned[-3:], train._turned(rest, how))
    mean, lines = rest[:1], picture[3:]
    turned = train.turned_inputs(np.concatenate([mean, cells(lines)]), how, (1, CELL**2))
    assert np.array_equal(turned[:1], train._turned(mean, how))
    assert np.array_equal(turned[1:], cells(train._turned(lines, how)))


@pytest.mark.parametrize("name", ["SHARPENING", "SHADING"])
def test_a_patch_is_what_the_network_is_given_with_the_picture_and_the_grain(tmp_path, photo, name):
    torch = pytest.importorskip("torch")
    from dataclasses import replace

    import textsketch as ts
    from training.brush import train

    task = replace(getattr(train, name), batch=2, patch=8)
    mode = {"SHARPENING": "three-layer", "SHADING": "text+sketch"}[name]
    small = photo.resize((256, 224))
    sent = ts.encode(small, mode=mode, budget=200).data
    np.savez(tmp_path / "0.npz", sent=np.frombuffer(sent, np.uint8), original=np.asarray(small))
    given, original, grain = task.prepare(ts.unpack(sent), np.asarray(small))
    assert grain.any() and original.shape[:2] == grain.shape == tuple(CELL * side for side in given.shape[1:])
    kept = np.load(train.prepare(tmp_path / "0.npz", task))
    pairs = train.Pairs([tmp_path / "0.npy"], task)
    whole = pairs.apart(torch.from_numpy(kept[None]))
    for part, expected in zip(
        whole, (given, original.transpose(2, 0, 1) / 255, grain[None] / 255), strict=True
    ):
        assert np.abs(part[0].numpy() - expected).max() < 0.51 / 255
    assert np.array_equal(pairs[3], pairs[3]) and pairs[3].shape == (2, len(kept), 8, 8)
    assert not np.array_equal(pairs[3], pairs[4])


@pytest.mark.parametrize(("name", "patch"), [("SHARPENING", 48), ("SHADING", 64)])
def test_a_training_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path, photo, name, patch):
    torch = pytest.importorskip("torch")
    from dataclasses import replace

    import textsketch as ts
    from training.brush import losses, train

    task = replace(getattr(train, name), batch=1, patch=patch)
    mode = {"SHARPENING": "three-layer", "SHADING": "text+sketch"}[name]
    small = photo.resize((256, 224))
    sent = ts.encode(small, mode=mode, budget=200).data
    np.savez(tmp_path / "0.npz", sent=np.frombuffer(sent, np.uint8), original=np.asarray(small))
    pairs = train.Pairs([train.prepare(tmp_path / "0.npz", task)], task)

    def features(picture):
        return [torch.nn.functional.avg_pool2d(picture, 8)]

    networks = losses.Networks(features, features)

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        trained = []
        for run, stops in (("whole", (4,)), ("stopped", (2, 4))):
            (tmp_path / run).mkdir()
            for stop in stops:
                torch.manual_seed(0)
                mean = train.train(task, pairs, task.network(), networks, 4, tmp_path / run, until=stop)
                assert (mean is None) == (stop < 4)
            trained.append(mean.state_dict())
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(trained[0][part], trained[1][part]) for part in trained[0])


@pytest.mark.parametrize("name", ["of_sketches", "of_paintings"])
def test_every_part_of_the_loss_tells_the_picture_from_a_blurred_one(photo, name):
    torch = pytest.importorskip("torch")
    from training.brush import losses

    picture = torch.from_numpy(np.asarray(photo.resize((320, 320)), np.float32) / 255).permute(2, 0, 1)[None]
    blurred = torch.nn.functional.avg_pool2d(picture, 17, 1, 8)
    blurred[..., ::4, ::4] += 0.1  # a pattern of the network's own

    def features(value):
        return [value]

    given = torch.zeros(1, CHANNELS, 80, 80)
    given[:, :48] = torch.nn.functional.pixel_unshuffle(picture, 4)
    given[:, -3] = 0.5
    grain, networks = torch.zeros_like(picture[:, :1]), losses.Networks(features, features)
    exact, far = (
        getattr(losses, name)(one, given, picture, grain, networks, 9999) for one in (picture, blurred)
    )
    assert exact.keys() == far.keys()
    assert all(float(far[part]) > float(exact[part]) + 1e-3 for part in exact)
    exact.pop("farther", None)  # it asks for more than no change at all
    assert all(abs(float(exact[part])) < 1e-4 for part in exact)


def test_a_wave_that_is_in_all_pictures_alike_costs_more_than_as_strong_noise():
    torch = pytest.importorskip("torch")
    from training.brush import losses

    random = torch.Generator().manual_seed(0)
    wanted, noise = (0.05 * torch.randn((4, 3, 192, 192), generator=random) for _ in range(2))
    rows, columns = torch.meshgrid(torch.arange(192), torch.arange(192), indexing="ij")
    lattice = 0.05 * torch.cos(2 * torch.pi * (0.33 * columns + 0.44 * rows)).expand(4, 3, -1, -1)
    plain, woven = (float(losses._favourites(one, wanted)) for one in (noise, (noise + lattice) / 2**0.5))
    assert woven > 5 * plain and woven > 0.01


@pytest.mark.parametrize("grain_levels", [0, 10])
def test_a_painting_is_judged_as_the_brush_shows_it(photo, monkeypatch, grain_levels):
    torch = pytest.importorskip("torch")
    import textsketch as ts
    from textsketch.image.colour_space import planes_to_rgb
    from textsketch.render.painter import brush, painting, small_networks
    from training.brush import losses

    faint = photo.resize((320, 256)).point(lambda value: 64 + value // 2)  # nothing is clipped
    faint.paste((90, 120, 110), (160, 0, 320, 256))
    layers = ts.unpack(ts.encode(faint, budget=300, effort=1).data)
    monkeypatch.setattr(brush, "_sent", lambda layers, skipped, cell, shape: np.zeros(shape, np.float32))
    monkeypatch.setattr(brush, "_LEARNED_SIDE", max(layers.size))  # larger ones are all that is learned from
    planes = painting.field(layers)
    grain = np.random.default_rng(0).normal(0, grain_levels, planes.shape[1:]).astype(np.float32)
    given = inputs(planes, layers, grain)[None]
    painted = torch.from_numpy(small_networks.run(brush.FILE, given))
    plain = torch.nn.functional.pixel_shuffle(torch.from_numpy(given[:, :48]), 4)
    judged = losses.sharpened(painted, torch.from_numpy(given))[0].numpy()
    brush.sharpen(planes, layers, grain=grain)
    shown = np.clip(planes_to_rgb(planes) / 255, 0, 1).transpose(2, 0, 1)
    far = CELL * brush.REACH  # from the border, beyond which only the brush continues the picture
    inner = slice(None), slice(far, -far), slice(far, -far)
    apart, change = (np.abs(one - shown)[inner] * 255 for one in (judged, plain[0].numpy()))
    assert np.quantile(apart, 0.99) < 0.5 < 5 < change.max()


def test_speckle_is_judged_as_the_brush_leaves_it_out():
    torch = pytest.importorskip("torch")
    from textsketch.render.painter import brush
    from training.brush import losses

    random = np.random.default_rng(0)
    changes = random.normal(0, 20, (3, 96, 128)).astype(np.float32)
    luma, down, across = (
        ndimage.gaussian_filter(random.normal(0, spread, changes.shape[1:]), 12).astype(np.float32) * 40
        for spread in (60, 4, 4)
    )
    for step_index in (10, 50):
        step_levels = 2 ** (step_index / 8)
        found = brush._speckle(changes, luma, down, across, step_levels)
        judged = losses._speckle(
            torch.from_numpy(changes / 255)[None],
            torch.from_numpy((luma + 128) / 255)[None, None],
            *(torch.from_numpy(one / 255)[None, None] for one in (down, across)),
            torch.full((1, 24, 32), step_levels),
        )
        apart = np.abs(255 * judged[0].numpy() - found)[:, 16:-16, 16:-16]
        assert np.abs(found).mean() > 2 and apart.max() < 0.01


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
    found = features.Letters(Path(tmp_path / "craft.pth"))(value)
    assert len(found) == 3
    length = expected.square().sum(1, keepdim=True).sqrt()
    assert (found[-1] - expected / length).abs().max() < 1e-3
    assert (
        float(features.distance(found, found)) == 0 < float(features.distance(found, [-one for one in found]))
    )


def test_the_features_of_scenes_are_what_onnxruntime_finds(tmp_path):
    torch = pytest.importorskip("torch")
    onnx = pytest.importorskip("onnx")
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    from training.brush import features

    random = np.random.default_rng(0)
    nodes = [helper.make_node("Transpose", ["picture"], ["upright"], perm=[0, 3, 1, 2])]
    constants, value = [], "upright"
    for index in range(features._SCENES_COMPARED[-1] + 1):
        seen, side, stride = (3, 7, 2) if index == 0 else (8, 1 if index % 2 else 3, 1 + (index % 13 == 0))
        weight = random.normal(0, 1.4 / (side * seen**0.5), (8, seen, side, side)).astype(np.float32)
        constants.append(numpy_helper.from_array(weight, f"w{index}"))
        constants.append(numpy_helper.from_array(random.normal(0, 0.2, 8).astype(np.float32), f"b{index}"))
        how = {"kernel_shape": [side] * 2, "strides": [stride] * 2}
        if side > 1:
            how["pads"] = [side // 2] * 4
        before = value
        nodes.append(helper.make_node("Conv", [value, f"w{index}", f"b{index}"], [f"c{index}"], **how))
        value = f"c{index}"
        if index % 4 == 3 and stride == 1:
            nodes.append(helper.make_node("Add", [value, before], [f"s{index}"]))
            value = f"s{index}"
        nodes.append(helper.make_node("Relu", [value], [f"r{index}"]))
        value = f"r{index}"
        if index == 0:
            how = {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [0, 0, 1, 1]}
            nodes.append(helper.make_node("MaxPool", [value], ["pooled"], **how))
            value = "pooled"
    wanted = [f"r{index}" for index in features._SCENES_COMPARED]
    given = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 96, 64, 3])
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in wanted]
    graph = helper.make_graph(nodes, "scenes", [given], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, tmp_path / "scenes.onnx")

    picture = torch.rand(1, 3, 96, 64)
    found = features.Scenes(tmp_path / "scenes.onnx")(picture)
    bgr = picture.flip(1).permute(0, 2, 3, 1).numpy() * 255 - np.array(features._SCENES_MEAN_BGR, np.float32)
    session = onnxruntime.InferenceSession(tmp_path / "scenes.onnx", providers=["CPUExecutionProvider"])
    expected = session.run(None, {"picture": bgr.astype(np.float32)})
    assert len(found) == len(expected) == 4
    for own, other in zip(found, expected, strict=True):
        length = np.sqrt(np.square(other).sum(1, keepdims=True) + 1e-6)
        assert own.shape == other.shape and np.abs(own.numpy() - other / length).max() < 1e-3
