"""Train the NTC for soft edge maps with CompressAI and write the table ntc.

    python -m training.ntc.train --maps maps.npz --out ntc.npz

From the same maps, steps, seed and library versions, on one thread, the file comes out the same. The file that
is shipped was trained for as many steps as 43 minutes of a busy CPU allowed, a number nobody wrote down, so it
cannot be made again bit for bit; a new one belongs to a new format version.

The entropy models are CompressAI's EntropyBottleneck, one a rate; they serve training only. What is shipped
are the two networks (float16), the gains of each rate, and integer probability tables counted over the
training maps with the coder's own contexts.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from compressai.entropy_models import EntropyBottleneck
from torch import nn
from torch.nn import functional

from textsketch.entropy.range_coder import PROBABILITY_ONE
from textsketch.structure import ntc

CHANNELS = 12
STEPS = 20_000
# Weight of the map's mean squared error (0 to 1) against bits per pixel, one a rate.
WEIGHTS = (0.3, 0.8, 2.2, 6.0)
SLOPE = 0.1


class Networks(nn.Module):
    """The networks of textsketch.structure.ntc_networks with their entropy models."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, padding=1)
            for inputs, outputs in ((16, 48), (192, 64), (256, 96), (96, CHANNELS))
        )
        self.dec = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, padding=1)
            for inputs, outputs in ((CHANNELS, 96), (96, 4 * 48), (48, 4 * 32), (32, 32), (32, 16))
        )
        start = torch.tensor([1.0, 1.5, 2.2, 3.3]).log()[:, None].repeat(1, CHANNELS)
        self.log_gain = nn.Parameter(start.clone())
        self.log_inverse_gain = nn.Parameter(-start.clone())
        self.entropy = nn.ModuleList(EntropyBottleneck(CHANNELS, init_scale=2) for _ in WEIGHTS)

    def analyse(self, edges: torch.Tensor, rate: int) -> torch.Tensor:
        signal = edges
        for layer, factor in enumerate((4, 2, 2, 1)):
            signal = self.enc[layer](functional.pixel_unshuffle(signal, factor))
            if layer < 3:
                signal = functional.leaky_relu(signal, SLOPE)
        return signal * self.log_gain[rate].exp()[:, None, None]

    def synthesise(self, latents: torch.Tensor, rate: int) -> torch.Tensor:
        signal = latents * self.log_inverse_gain[rate].exp()[:, None, None]
        for layer, factor in enumerate((1, 2, 2, 1, 4)):
            signal = self.dec[layer](signal)
            if layer < 4:
                signal = functional.leaky_relu(signal, SLOPE)
            signal = functional.pixel_shuffle(signal, factor)
        return signal  # before the sigmoid

    def forward(self, edges: torch.Tensor, rate: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean squared error and bits per pixel."""
        latents = self.analyse(edges, rate)
        # Rounding in the drawing, noise in the rate: what is drawn is what will be drawn.
        rounded = latents + (latents.round() - latents).detach()
        _, likelihoods = self.entropy[rate](latents, training=True)
        drawn = torch.sigmoid(self.synthesise(rounded, rate))
        bits = -likelihoods.clamp_min(1e-9).log2().sum() / edges.numel()
        return functional.mse_loss(drawn, edges), bits


def batches(maps: np.ndarray, rng: np.random.Generator, count: int, side: int):
    while True:
        crops = []
        for _ in range(count):
            found = maps[rng.integers(len(maps))]
            top, left = (rng.integers(0, length - side + 1) for length in found.shape)
            crop = np.rot90(found[top : top + side, left : left + side], rng.integers(4))
            crops.append(crop[:, ::-1] if rng.integers(2) else crop)
        yield torch.from_numpy(np.stack(crops).astype(np.float32) / 255)[:, None]


def counted_tables(networks: Networks, maps: np.ndarray) -> dict[str, np.ndarray]:
    """Probabilities of every context of every channel and rate, in units of 1 / 65536."""

    class Counter:
        """Stands in for a model's three tables and counts what is coded."""

        def __init__(self, size: int) -> None:
            self.counts = np.ones((size, 2))

        def code(self, coder: object, context: int, value: int) -> int:
            self.counts[context, value] += 1
            return value

    tables = []
    for rate in range(len(WEIGHTS)):
        counters = [tuple(Counter(size) for size in ntc.table_sizes()) for _ in range(CHANNELS)]
        for found in maps:
            with torch.no_grad():
                latents = networks.analyse(torch.from_numpy(found.astype(np.float32) / 255)[None, None], rate)
            integers = latents[0].round().clamp(-ntc.LARGEST, ntc.LARGEST).long().numpy()
            ntc.code_latents(None, integers, integers.shape, counters)
        tables.append([[counter.counts for counter in channel] for channel in counters])
    named = {}
    for index, name in enumerate(("nonzero", "larger", "sign")):
        counts = np.array([[channel[index] for channel in rate] for rate in tables])
        share = (counts[..., 1] - 0.6) / (counts.sum(-1) - 1.2)
        named[f"table_{name}"] = np.clip(np.rint(share * PROBABILITY_ONE), 64, PROBABILITY_ONE - 64).astype(
            np.int32
        )
    return named


def export(networks: Networks, maps: np.ndarray, path: Path) -> None:
    arrays = {}
    for kind in ("enc", "dec"):
        for layer, module in enumerate(getattr(networks, kind)):
            arrays[f"{kind}{layer}_w"] = module.weight.detach().numpy().astype(np.float16)
            arrays[f"{kind}{layer}_b"] = module.bias.detach().numpy().astype(np.float16)
    arrays["gain"] = networks.log_gain.detach().exp().numpy()
    arrays["inverse_gain"] = networks.log_inverse_gain.detach().exp().numpy()
    arrays |= counted_tables(networks, maps)
    np.savez_compressed(path, **arrays)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=STEPS, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, help="default: %(default)s")
    options = parser.parse_args()
    torch.set_num_threads(1)  # sums depend on how threads share them out
    with np.load(options.maps) as archive:
        maps = archive["train"]
    export(train(maps, options.steps, options.seed), maps, options.out)


def train(maps: np.ndarray, steps: int, seed: int) -> Networks:
    """Networks after `steps` steps on (n, height, width) uint8 maps of at least 256 pixels a side."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    networks = Networks()
    densities = list(networks.entropy.parameters())
    others = [value for name, value in networks.named_parameters() if not name.startswith("entropy")]
    # The densities start broad and have to follow the latents quickly.
    optimiser = torch.optim.Adam([{"params": others, "peak": 1e-3}, {"params": densities, "peak": 1e-2}])
    source = batches(maps, rng, 4, 256)
    seen = {rate: [] for rate in range(len(WEIGHTS))}
    for step in range(steps):
        share = step / steps
        fade = 1 if share < 0.5 else 0.02 ** (2 * share - 1)
        for group in optimiser.param_groups:
            group["lr"] = group["peak"] * min(1, step / 200 + 0.05) * fade
        rate = int(rng.integers(len(WEIGHTS)))
        error, bits = networks(next(source), rate)
        # Divided by the root of the weight so that no rate rules the shared networks.
        loss = (WEIGHTS[rate] * error + bits) / WEIGHTS[rate] ** 0.5
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(networks.parameters(), 1.0)
        optimiser.step()
        seen[rate].append((error.item(), bits.item()))
        if step % 250 == 249:
            means = "  ".join("{:.4f}@{:.4f}".format(*np.mean(values[-60:], 0)) for values in seen.values())
            print(f"step {step + 1} of {steps}, error@bpp {means}", flush=True)
    return networks


if __name__ == "__main__":
    main()
