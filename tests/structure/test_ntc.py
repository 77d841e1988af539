"""The learned codec for soft edge maps: networks against torch, exact round trips, any bytes, its rates."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from textsketch.codestream.tables import NEWEST
from textsketch.errors import BitstreamError
from textsketch.layers import SoftEdges
from textsketch.models import weights
from textsketch.structure import detectors, ntc, ntc_networks

SHARED = Path(__file__).parents[3] / "shared"


def map_of_lines(side=512):
    """Soft lines: a ring and a slope."""
    down, across = np.mgrid[:side, :side]
    ring = np.exp(-(((np.hypot(across - side / 2, down - side / 2) - side / 4) / 3) ** 2))
    slope = np.exp(-(((across - down / 2 - side / 8) / 3) ** 2))
    return np.maximum(ring, 0.7 * slope).astype(np.float32)


@pytest.mark.parametrize("rate", range(ntc.RATES))
def test_latents_come_back_unchanged_and_the_map_is_recognisable(rate):
    edges = map_of_lines()
    sent = ntc.encode(edges, (512, 512), rate)
    received = ntc.unpack(ntc.pack(sent, (512, 512), NEWEST), (512, 512), NEWEST)
    assert np.array_equal(received.latents, sent.latents) and received.rate == rate
    drawn = np.asarray(ntc.draw(received, (512, 512)), np.float64) / 255
    assert np.corrcoef(drawn.ravel(), edges.ravel())[0, 1] > 0.6


def test_a_higher_rate_costs_more_and_errs_less():
    edges = map_of_lines()
    sent = [ntc.encode(edges, (512, 512), rate) for rate in range(ntc.RATES)]
    sizes = [len(ntc.pack(one, (512, 512), NEWEST)) for one in sent]
    errors = [np.mean((np.asarray(ntc.draw(one, (512, 512))) / 255 - edges) ** 2) for one in sent]
    assert sizes == sorted(sizes) and len(set(sizes)) == ntc.RATES
    assert errors[-1] < errors[0]


@pytest.mark.parametrize("size", [(1, 1), (768, 512), (4096, 16), (16384, 16384)])
def test_any_size_of_picture_has_its_map(size):
    sent = ntc.encode(map_of_lines(64), size, 0)
    received = ntc.unpack(ntc.pack(sent, size, NEWEST), size, NEWEST)
    assert np.array_equal(received.latents, sent.latents)
    assert ntc.draw(received, (100, 60)).size == (100, 60)


@given(st.binary(max_size=200))
@settings(max_examples=30, deadline=None)
def test_any_bytes_give_a_map_or_our_error(data):
    try:
        found = ntc.unpack(data, (256, 256), NEWEST)
    except BitstreamError:
        return
    assert np.abs(found.latents).max() <= ntc.LARGEST
    assert 0 <= found.rate < ntc.RATES


def test_the_largest_latents_survive():
    random = np.random.default_rng(0)
    shape = ntc.encode(map_of_lines(64), (512, 512), 3).latents.shape
    wild = SoftEdges(random.integers(-ntc.LARGEST, ntc.LARGEST + 1, shape), 3)
    received = ntc.unpack(ntc.pack(wild, (512, 512), NEWEST), (512, 512), NEWEST)
    assert np.array_equal(received.latents, wild.latents)


def test_a_file_means_the_same_whatever_size_diffusion_runs_at(monkeypatch):
    from textsketch.render.diffusion import condition

    data = ntc.pack(ntc.encode(map_of_lines(64), (784, 1127), 1), (784, 1127), NEWEST)
    before = ntc.unpack(data, (784, 1127), NEWEST)
    # Nothing that a renderer decides is asked.
    monkeypatch.setattr(
        condition, "working_size", lambda *asked: pytest.fail("a renderer decides what a file means")
    )
    assert np.array_equal(ntc.unpack(data, (784, 1127), NEWEST).latents, before.latents)
    assert before.latents.shape[1:] == (44, 32)


def test_latents_of_another_grid_or_version_are_refused():
    soft = ntc.encode(map_of_lines(64), (512, 512), 1)
    with pytest.raises(ValueError, match="shape"):
        ntc.pack(soft, (768, 512), NEWEST)
    with pytest.raises(KeyError):
        ntc.pack(soft, (512, 512), 0)


def test_the_coder_is_pinned():
    random = np.random.default_rng(1)
    shape = ntc.encode(map_of_lines(64), (512, 512), 1).latents.shape
    latents = np.where(random.random(shape) < 0.05, random.integers(-3, 4, shape), 0)
    digest = hashlib.sha256(ntc.pack(SoftEdges(latents, 1), (512, 512), NEWEST)).hexdigest()
    assert digest == "bc0286ec76a366b0364163883c7036f7a26a1860dd130cbf281f31cc0c856975"


def test_tables_are_integers_within_the_coders_range():
    tables = ntc_networks.parameters(NEWEST)
    for name, size in zip(("nonzero", "larger", "sign"), ntc.table_sizes(), strict=True):
        table = tables[f"table_{name}"]
        assert table.dtype == np.int32 and table.shape[0] == ntc.RATES and table.shape[2] == size
        assert table.min() > 0 and table.max() < 1 << 16


def test_the_numpy_networks_compute_what_torch_does():
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    arrays = {
        name: torch.from_numpy(np.array(value)) for name, value in ntc_networks.parameters(NEWEST).items()
    }
    edges = map_of_lines(128)

    def layer(signal, kind, index, last):
        weight = arrays[f"{kind}{index}_w"].permute(2, 3, 0, 1)
        signal = functional.conv2d(signal, weight, arrays[f"{kind}{index}_b"], padding=1)
        return signal if index == last else functional.leaky_relu(signal, 0.1)

    signal = torch.from_numpy(edges)[None, None]
    for index, factor in enumerate((4, 2, 2, 1)):
        signal = layer(functional.pixel_unshuffle(signal, factor), "enc", index, 3)
    signal = signal * arrays["gain"][2][:, None, None]
    assert np.allclose(ntc_networks.analyse(edges, 2, NEWEST), signal[0].numpy(), atol=1e-3)
    latents = signal.round()
    signal = latents * arrays["inverse_gain"][2][:, None, None]
    for index, factor in enumerate((1, 2, 2, 1, 4)):
        signal = functional.pixel_shuffle(layer(signal, "dec", index, 4), factor)
    drawn = ntc_networks.synthesise(latents[0].numpy(), 2, NEWEST)
    assert np.allclose(drawn, torch.sigmoid(signal)[0, 0].numpy(), atol=1e-3)


def test_rates_of_real_maps_are_where_the_paper_has_them(monkeypatch):
    pytest.importorskip("controlnet_aux")
    if not SHARED.exists():
        pytest.skip("needs ../shared")
    monkeypatch.setenv(weights.LOCAL_FOLDER_VARIABLE, str(SHARED / "weights"))
    picture = Image.open(SHARED / "data/kodak/kodim05.png").convert("RGB").crop((128, 0, 640, 512))
    edges = detectors.edge_map(picture, "pidinet")
    for rate in range(ntc.RATES):
        sent = ntc.encode(edges, picture.size, rate)
        rate_bpp = 8 * len(ntc.pack(sent, picture.size, NEWEST)) / (512 * 512)
        drawn = np.asarray(ntc.draw(sent, picture.size)) / 255
        assert 0.002 < rate_bpp < 0.06
        assert np.corrcoef(drawn.ravel(), edges.ravel())[0, 1] > 0.6
