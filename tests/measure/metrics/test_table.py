"""Metrics with networks, on random weights, against a direct computation; and what they say when missing."""

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch")

from textsketch.measure.metrics import perceptual
from textsketch.measure.metrics.table import NAMES, SCORES, SET_SCORES
from textsketch.models import checkpoints


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
    """A torch.hub cache with small files where the checkpoints would lie."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("ALEXNET", "VGG16", "INCEPTION"):
        content = name.encode()
        url = f"https://example.org/{name.lower()}-{hashlib.sha256(content).hexdigest()[:8]}.pth"
        monkeypatch.setattr(checkpoints, name, url)
        checkpoints.path(url).parent.mkdir(parents=True, exist_ok=True)
        checkpoints.path(url).write_bytes(content)
    return tmp_path


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
    perceptual._lpips_network.cache_clear()
    perceptual._dists_network.cache_clear()
    yield SimpleNamespace(alexnet=alexnet.eval(), vgg16=vgg16.eval())
    perceptual._lpips_network.cache_clear()
    perceptual._dists_network.cache_clear()


def test_lpips_is_the_weighted_distance_of_normalised_features(pair, hub, random_trunks):
    lpips = pytest.importorskip("lpips")
    assert perceptual.lpips_problem() is None
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
    assert SCORES["lpips"].measure(*pair, "") == pytest.approx(expected, rel=1e-4)
    assert SCORES["lpips"].measure(pair[0], pair[0], "") == 0


def test_dists_compares_means_and_correlations_of_features(pair, hub, random_trunks):
    pytest.importorskip("DISTS_pytorch")
    assert perceptual.dists_problem() is None
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
    assert SCORES["dists"].measure(*pair, "") == pytest.approx(1 - similarity, abs=1e-4)


def test_haarpsi_and_gmsd_are_piqs(pair):
    piq = pytest.importorskip("piq")
    a, b = tensors(pair)
    assert SCORES["haarpsi"].measure(*pair, "") == pytest.approx(float(piq.haarpsi(a, b)))
    assert SCORES["gmsd"].measure(*pair, "") == pytest.approx(float(piq.gmsd(a, b)))
    assert SCORES["haarpsi"].measure(pair[0].resize((9, 9)), pair[0].resize((9, 9)), "") is None


def test_a_missing_checkpoint_is_named_with_the_command_that_fetches_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("lpips", "dists"):
        problem = SCORES[name].problem()
        assert "not available" in problem and "load_state_dict_from_url" in problem


def test_a_damaged_checkpoint_is_not_used(hub):
    checkpoints.path(checkpoints.ALEXNET).write_bytes(b"cut short")
    assert "is damaged; delete it" in checkpoints.problem(checkpoints.ALEXNET)
    assert "LPIPS is not available" in perceptual.lpips_problem()


def test_a_missing_library_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for name in NAMES:
        if name in ("psnr", "ssim", *SET_SCORES):
            continue
        problem = SCORES[name].problem()
        assert "pip install" in problem and ("is not available" in problem or "score needs torch" in problem)


def test_every_metric_names_its_model_and_its_direction():
    for score in SCORES.values():
        assert score.model and score.heading.endswith("↑" if score.higher else "↓")
