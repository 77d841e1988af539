"""FID and KID on a tiny random network, against the formulas computed directly."""

import numpy as np
import pytest
from PIL import Image
from scipy import linalg

from textsketch.measure.metrics import distribution
from textsketch.models import weights

DIMENSIONS = 12


def tiny_network(batch: np.ndarray) -> np.ndarray:
    """A random linear map of the patches scaled to 4 x 4."""
    weights = np.random.default_rng(5).normal(size=(4 * 4 * 3, DIMENSIONS))
    small = [
        np.asarray(Image.fromarray(patch).resize((4, 4), Image.Resampling.BOX), float) for patch in batch
    ]
    return np.stack(small).reshape(len(batch), -1) / 255 @ weights


@pytest.fixture(scope="module")
def sets():
    random = np.random.default_rng(0)
    originals, decodes = [], []
    for _ in range(7):
        picture = Image.fromarray(random.integers(0, 256, (12, 18, 3), np.uint8)).resize((768, 520))
        originals.append(picture)
        decodes.append(picture.resize((9, 6)).resize(picture.size))
    return [[distribution.features(p, tiny_network) for p in side] for side in (originals, decodes)]


def test_patches_are_whole_and_the_second_pass_is_shifted_by_half():
    pixels = np.random.default_rng(1).integers(0, 256, (520, 768, 3), np.uint8)
    cut = distribution.patches(Image.fromarray(pixels))
    assert cut.shape == (6 + 2, 256, 256, 3)  # 3 x 2 whole, then 2 x 1 from (128, 128) on
    assert np.array_equal(cut[1], pixels[:256, 256:512])
    assert np.array_equal(cut[6], pixels[128:384, 128:384])
    assert np.array_equal(cut[7], pixels[128:384, 384:640])
    assert distribution.patches(Image.new("RGB", (255, 600))).shape == (0, 256, 256, 3)


def test_every_patch_has_the_networks_features():
    picture = Image.fromarray(np.random.default_rng(2).integers(0, 256, (1024, 1024, 3), np.uint8))
    cut = distribution.patches(picture)
    expected = np.stack([tiny_network(patch[None])[0] for patch in cut])
    assert len(cut) == 25
    np.testing.assert_allclose(distribution.features(picture, tiny_network), expected, rtol=1e-5)


def test_fid_is_the_frechet_distance(sets):
    a, b = (np.concatenate(side).astype(float) for side in sets)
    c1, c2 = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = linalg.sqrtm(c1 @ c2).real
    expected = np.square(a.mean(0) - b.mean(0)).sum() + np.trace(c1 + c2 - 2 * root)
    assert distribution.fid(*sets) == pytest.approx(expected, rel=1e-5)
    assert distribution.fid(sets[0], sets[0]) == pytest.approx(0, abs=1e-6)


def test_kid_is_the_unbiased_squared_mmd(sets):
    a, b = (np.concatenate(side).astype(float) for side in sets)
    count = len(a)

    def kernel(x, y):
        return (x @ y / DIMENSIONS + 1) ** 3

    within = sum(
        kernel(side[i], side[j]) for side in (a, b) for i in range(count) for j in range(count) if i != j
    )
    between = sum(kernel(x, y) for x in a for y in b)
    expected = within / (count * (count - 1)) - 2 * between / count**2
    assert distribution.kid(*sets) == pytest.approx(expected, rel=1e-6)


def test_kid_of_large_sets_is_a_mean_over_subsets_and_repeats(monkeypatch, sets):
    monkeypatch.setattr(distribution, "_KID_SUBSET_SIZE", 40)
    monkeypatch.setattr(distribution, "_KID_SUBSETS", 1000)
    whole = distribution._squared_mmd(*(np.concatenate(side) for side in sets))
    assert distribution.kid(*sets) == distribution.kid(*sets)
    assert distribution.kid(*sets) == pytest.approx(whole, rel=0.2)


def test_few_pictures_are_refused_with_the_reason():
    assert distribution.unavailable(49) == "FID and KID of 49 pictures say nothing: at least 50 are needed"


def test_missing_weights_are_named_with_the_command(monkeypatch, tmp_path):
    pytest.importorskip("piq")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    sentence = "FID and KID needs inception-fid (96 MB): textsketch weights fetch inception-fid."
    assert distribution.unavailable(50) == sentence


def test_inceptions_features_have_2048_dimensions(monkeypatch, tmp_path):
    """The real network's class and our way into it, with weights that are not trained."""
    pytest.importorskip("piq")
    torch = pytest.importorskip("torch")
    import torchvision
    from piq.feature_extractors import fid_inception

    monkeypatch.setattr(fid_inception, "load_state_dict_from_url", lambda url, progress: {})
    monkeypatch.setattr(torchvision.models.Inception3, "load_state_dict", lambda self, weights: None)
    monkeypatch.setattr(weights, "resolve", lambda name: tmp_path)
    torch.manual_seed(0)
    batch = np.random.default_rng(0).integers(0, 256, (2, 256, 256, 3), np.uint8)
    features = distribution.inception(batch)
    network = distribution._inception_network()
    values = torch.from_numpy(batch / 255).permute(0, 3, 1, 2).float()
    with torch.no_grad():
        np.testing.assert_allclose(features, network(values)[0].squeeze().numpy(), rtol=1e-4, atol=1e-6)
    assert features.shape == (2, 2048)
