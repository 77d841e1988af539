"""Metrics with networks, on random weights, against a direct computation; and what they say when missing."""

import hashlib
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from textsketch.errors import WeightsError
from textsketch.measure.metrics import perceptual
from textsketch.measure.metrics.table import METRICS, of_pictures, of_sets
from textsketch.models import weights
from textsketch.models.weights_list import WeightFile


@pytest.fixture(scope="module")
def pair():
    random = np.random.default_rng(0)
    original = random.integers(0, 256, (72, 88, 3), np.uint8)
    noisy = np.clip(original.astype(int) + random.integers(-40, 41, original.shape), 0, 255).astype(np.uint8)
    return Image.fromarray(original), Image.fromarray(noisy)


def tensors(pair):
    return [torch.from_numpy(np.asarray(p, np.float32) / 255).permute(2, 0, 1)[None] for p in pair]


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A torch.hub cache with small files where weights.yaml expects the trunks, and a list that pins those."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    entries = weights.entries()
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    for name in ("alexnet", "vgg16"):
        content = name.encode()
        file = WeightFile(f"{name}.pth", None, len(content), None, hashlib.sha256(content).hexdigest()[:8])
        entries[name] = replace(entries[name], files=(file,))
        (folder / file.path).write_bytes(content)
    monkeypatch.setattr(weights, "entries", lambda: entries)
    return folder


@pytest.fixture
def random_trunks(monkeypatch):
    """AlexNet and VGG-16 without their classifiers and without trained weights."""
    import torchvision
    from torchvision.models import vgg

    torch.manual_seed(1)
    alexnet = torchvision.models.alexnet().features
    vgg16 = vgg.make_layers(vgg.cfgs["D"])
    monkeypatch.setattr(torchvision.models, "alexnet", lambda **options: SimpleNamespace(features=alexnet))
    monkeypatch.setattr(torchvision.models, "vgg16", lambda **options: SimpleNamespace(features=vgg16))
    yield SimpleNamespace(alexnet=alexnet.eval(), vgg16=vgg16.eval())


def test_lpips_is_the_weighted_distance_of_normalised_features(pair, hub, random_trunks):
    lpips = pytest.importorskip("lpips")
    assert METRICS["lpips"].unavailable() is None
    linear = torch.load(f"{lpips.__path__[0]}/weights/v0.1/alex.pth", map_location="cpu", weights_only=True)
    shift = torch.tensor([-0.030, -0.088, -0.188])[:, None, None]
    scale = torch.tensor([0.458, 0.448, 0.450])[:, None, None]
    features = []
    for values in tensors(pair):
        values, found = (2 * values - 1 - shift) / scale, []
        for index, layer in enumerate(random_trunks.alexnet):
            values = layer(values)
            if index in (1, 4, 7, 9, 11):  # after each rectifier
                found.append(values.detach().clone())
        features.append(found)
    expected = 0.0
    for index, (a, b) in enumerate(zip(*features, strict=True)):
        a, b = (v / (v.square().sum(1, keepdim=True).sqrt() + 1e-10) for v in (a, b))
        weight = linear[f"lin{index}.model.1.weight"]
        expected += float(((a - b).square() * weight[0][None]).sum(1).mean())
    assert METRICS["lpips"].measure(*pair, "") == pytest.approx(expected, rel=1e-4)
    assert METRICS["lpips"].measure(pair[0], pair[0], "") == 0


def test_dists_compares_means_and_correlations_of_features(pair, hub, random_trunks):
    pytest.importorskip("DISTS_pytorch")
    assert METRICS["dists"].unavailable() is None
    network = perceptual._dists_network()
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    window = np.hanning(5)[1:-1]
    kernel = torch.from_numpy(np.outer(window, window) / np.outer(window, window).sum()).float()
    features = []
    for values in tensors(pair):
        found, current = [values], (values - mean) / deviation
        for layer in random_trunks.vgg16:
            if isinstance(layer, torch.nn.MaxPool2d):
                found.append(current)
                channels = current.shape[1]
                pooled = torch.nn.functional.conv2d(
                    current.square(), kernel.expand(channels, 1, 3, 3), None, 2, 1, 1, channels
                )
                current = (pooled + 1e-12).sqrt()
            else:
                current = layer(current.clone())
        # the network's last pooling is not part of DISTS: its fifth stage ends before it
        features.append(found)
    alpha, beta = network.alpha.flatten(), network.beta.flatten()
    total, position, similarity = alpha.sum() + beta.sum(), 0, 0.0
    for x, y in zip(*features, strict=True):
        x, y = x[0].flatten(1), y[0].flatten(1)
        texture = (2 * x.mean(1) * y.mean(1) + 1e-6) / (x.mean(1) ** 2 + y.mean(1) ** 2 + 1e-6)
        covariance = (x * y).mean(1) - x.mean(1) * y.mean(1)
        structure = (2 * covariance + 1e-6) / (x.var(1, correction=0) + y.var(1, correction=0) + 1e-6)
        part = slice(position, position + len(x))
        similarity += float((alpha[part] / total * texture + beta[part] / total * structure).sum())
        position += len(x)
    assert METRICS["dists"].measure(*pair, "") == pytest.approx(1 - similarity, abs=1e-4)


def test_haarpsi_and_gmsd_are_piqs(pair):
    piq = pytest.importorskip("piq")
    a, b = tensors(pair)
    assert METRICS["haarpsi"].measure(*pair, "") == pytest.approx(float(piq.haarpsi(a, b)))
    assert METRICS["gmsd"].measure(*pair, "") == pytest.approx(float(piq.gmsd(a, b)))
    assert METRICS["haarpsi"].measure(pair[0].resize((9, 9)), pair[0].resize((9, 9)), "") is None


def test_missing_weights_are_named_with_the_command_that_fetches_them(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert METRICS["lpips"].unavailable() == "LPIPS needs alexnet (244 MB): textsketch weights fetch alexnet."
    assert METRICS["dists"].unavailable() == "DISTS needs vgg16 (553 MB): textsketch weights fetch vgg16."


def test_damaged_weights_are_not_used(hub):
    (hub / "alexnet.pth").write_bytes(b"ALEXNET")
    assert "is not the pinned file" in METRICS["lpips"].unavailable()
    with pytest.raises(WeightsError, match="is not the pinned file"):
        METRICS["lpips"].measure(Image.new("RGB", (64, 64)), Image.new("RGB", (64, 64)), "")


def test_a_missing_library_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for metric in of_pictures():
        if metric.name not in ("psnr", "ssim"):
            assert re.search(r" needs torch.*: pip install -r requirements\.txt", metric.unavailable())
    assert METRICS["gmsd"].unavailable() == "GMSD needs torch, piq: pip install -r requirements.txt piq."


def test_every_metric_names_its_model_and_its_direction():
    for row in METRICS.values():
        assert row.model and row.heading.endswith("↑" if row.higher else "↓")
    assert [row.name for row in of_sets()] == ["fid", "kid"]
