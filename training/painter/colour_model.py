"""Trains the colour map's networks, for magnitudes and for signs, on what the encoder chooses.

Coefficients depend on the network, since the encoder weighs their bits, so there are rounds: each learns from
the sketches and coefficients that rate control chooses with the network of the round before it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from textsketch.allocation.painter import first_choice
from textsketch.codestream.grids import base_level, level_shapes
from textsketch.codestream.tables import NEWEST
from textsketch.entropy.models import BitMeter
from textsketch.layers import Layers
from textsketch.semantic import descriptors
from textsketch.structure import sketch_coder
from textsketch.texture import colour_model
from textsketch.texture.contexts import INPUT_SCALE, INPUTS, MAGNITUDES, SIGN_INPUTS, SIGNED, passes
from textsketch.texture.grain import code_grain
from textsketch.texture.rdo_quantiser import finest_levels, quantise
from training.painter.pictures import training_pictures
from training.tables import newest_file

HIDDEN = (32, 16)
ROUNDS = ((1, 1, 4000), (2, 2, 16_000))
"""(seed, crops of each photo, training steps) of each round."""
SIGN_STEPS = 12_000
LEAST_BYTES, MOST_BYTES = 50, 5000
HEADER_BYTES = 8
FIRST_LOGITS = (-3, -1.5, -1)
"""What the first round's encoder believes of every coefficient: more than 0, 1, 2?"""


def build(data: Path) -> None:
    """Train both networks from nothing and write them over those of the newest format version."""
    torch.set_num_threads(1)
    _install("colour_model", _first_network())
    for seed, photo_repeats, steps in ROUNDS:
        columns, signs = samples(data, seed, photo_repeats)
        print(f"{len(columns[2])} samples, {(columns[2] > 0).mean():.3f} of them not zero", flush=True)
        _install("colour_model", train(columns, steps))
    _install("sign_model", train_signs(signs, SIGN_STEPS))


def _install(name: str, weights: dict[str, np.ndarray]) -> None:
    np.savez_compressed(newest_file(name), **weights)
    colour_model.network.cache_clear()
    colour_model.sign_network.cache_clear()


def _first_network() -> dict[str, np.ndarray]:
    net = perceptron(INPUTS, HIDDEN, len(FIRST_LOGITS))
    with torch.no_grad():
        for part in net.parameters():
            part.zero_()
        net[4].bias.copy_(torch.tensor(FIRST_LOGITS))
    return integer_weights(net)


def samples(data: Path, seed: int, photo_repeats: int):
    """What the two networks learn from, at budgets spread evenly on a logarithmic scale.

    Returns (inputs (n, MAGNITUDES) uint8, constants (n, INPUTS - MAGNITUDES) int16, magnitudes, weights)
    and the same for signs (inputs (n, SIGNED) int8, constants, minus or not).
    """
    columns = [[], [], [], []]
    signs = [[], [], []]
    for picture, random in training_pictures(data, seed, photo_repeats):
        budget_bytes = int(np.exp(random.uniform(np.log(LEAST_BYTES), np.log(MOST_BYTES))))
        layers = first_choice(picture, budget_bytes, size_of=estimated_size_bytes)
        texture, strokes = layers.texture, layers.strokes
        shapes = level_shapes(picture.size[1], picture.size[0])[base_level(picture.size) :]
        finest = finest_levels(texture.coefficients, shapes)
        blank = np.zeros_like(texture.coefficients)
        walk = passes(blank, texture.coefficients, shapes, finest, texture.step_index, strokes)
        for part in walk:
            magnitude = np.abs(part.wanted.ravel())
            chosen_rows = np.nonzero(magnitude)[0]
            if len(chosen_rows):
                seen = np.zeros((len(chosen_rows), SIGNED), np.int8)
                seen[:, part.sign_columns] = part.sign_inputs(chosen_rows)
                signs[0].append(seen)
                signs[1].append(_constants(part.sign_constants, SIGNED, SIGN_INPUTS, len(chosen_rows)))
                signs[2].append(part.wanted.ravel()[chosen_rows] < 0)
            part.values[...] = part.wanted
            busy = part.inputs[:, :-1].any(axis=1) | (magnitude > 0)
            few = len(magnitude) < 300
            chance = np.where(busy, 1.0 if few else 0.5, 0.3 if few else 0.02)
            rows = np.nonzero(random.random(len(magnitude)) < chance)[0]
            columns[0].append(part.inputs[rows])
            columns[1].append(_constants(part.constants, MAGNITUDES, INPUTS, len(rows)))
            columns[2].append(np.minimum(magnitude[rows], 20).astype(np.uint8))
            columns[3].append((budget_bytes**-0.5 / chance[rows]).astype(np.float32))
    return [[np.concatenate(column) for column in group] for group in (columns, signs)]


def _constants(values: dict[int, int], first: int, end: int, count: int) -> np.ndarray:
    row = np.zeros(end - first, np.int16)
    for index, value in values.items():
        row[index - first] = value
    return np.tile(row, (count, 1))


def estimated_size_bytes(layers: Layers) -> int:
    """The size of a three-layer file without a caption, its texture estimated, not packed: that is quick."""
    meter = BitMeter()
    if layers.semantic.descriptors is not None:
        meter.bits += descriptors.size_bits(layers.semantic.descriptors)
    texture = layers.texture
    shapes = level_shapes(layers.size[1], layers.size[0])[base_level(layers.size) :]
    strokes = layers.strokes
    # Bits that cost nothing leave integers as they are, even a little off.
    scaled = texture.coefficients * np.float32(1.01)
    meter.bits += quantise(scaled, shapes, texture.step_index, strokes, lam=0)[1]
    code_grain(meter, texture.grain, layers.size)
    sketch_bytes = len(sketch_coder.pack(layers.structure, layers.size, NEWEST))
    return HEADER_BYTES + sketch_bytes + int(np.ceil(meter.bits / 8))


def train(columns, steps: int) -> dict[str, np.ndarray]:
    """Fit the network to minimise code length; returns integer weights for `IntegerNetwork`."""
    torch.manual_seed(0)
    order = np.random.default_rng(0).permutation(len(columns[2]))
    inputs, constants, magnitudes, weights = (column[order] for column in columns)
    scale = torch.from_numpy(INPUT_SCALE / 256).float()
    net = perceptron(INPUTS, HIDDEN, 3)
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-4)
    held_out, batch = min(100_000, len(order) // 10), 4096

    def batch_bits(rows):
        x = torch.cat(
            [scale[torch.from_numpy(inputs[rows]).long()], torch.from_numpy(constants[rows]).float() / 256], 1
        )
        y = torch.from_numpy(magnitudes[rows]).float()
        logits = net(x)
        cost = 0
        for kind in range(3):
            odds = torch.where(y > kind, -logits[:, kind], logits[:, kind])
            cost = cost + torch.nn.functional.softplus(odds) * (y >= kind)
        w = torch.from_numpy(weights[rows])
        return ((cost / np.log(2) + (y > 0)) * w).sum() / w.sum()

    for step in range(steps):
        share = step / steps
        for group in optimiser.param_groups:
            group["lr"] = 3e-3 * min(1, step / 200) * 0.5 * (1 + np.cos(np.pi * share)) + 1e-5
        first = held_out + (step * batch) % (len(order) - held_out - batch)
        loss = batch_bits(slice(first, first + batch))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 2000 == 0:
            with torch.no_grad():
                print(
                    f"step {step}: {float(batch_bits(slice(0, held_out))):.5f} bits a coefficient", flush=True
                )
    return integer_weights(net)


def train_signs(columns, steps: int) -> dict[str, np.ndarray]:
    """Fit the sign network f, used as f(x) - f(-x); returns integer weights for `IntegerNetwork`."""
    torch.manual_seed(0)
    order = np.random.default_rng(0).permutation(len(columns[2]))
    inputs, constants, minus = (torch.from_numpy(column[order]) for column in columns)
    net = perceptron(SIGN_INPUTS, (24, 8), 1)
    optimiser = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-3)
    held_out, batch = min(30_000, len(order) // 10), 4096

    def batch_bits(rows):
        x, fixed = inputs[rows].float(), constants[rows].float() / 256
        logits = (net(torch.cat([x, fixed], 1)) - net(torch.cat([-x, fixed], 1)))[:, 0]
        return torch.nn.functional.binary_cross_entropy_with_logits(logits, minus[rows].float()) / np.log(2)

    for step in range(steps):
        share = step / steps
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * 0.5 * (1 + np.cos(np.pi * share)) + 1e-5
        first = held_out + (step * batch) % (len(order) - held_out - batch)
        loss = batch_bits(slice(first, first + batch))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        if step % 1000 == 0:
            with torch.no_grad():
                print(f"step {step}: {float(batch_bits(slice(0, held_out))):.4f} bits a sign", flush=True)
    return integer_weights(net)


def perceptron(inputs: int, hidden: tuple[int, int], outputs: int) -> torch.nn.Sequential:
    relu = torch.nn.ReLU
    linear = torch.nn.Linear
    return torch.nn.Sequential(
        linear(inputs, hidden[0]), relu(), linear(hidden[0], hidden[1]), relu(), linear(hidden[1], outputs)
    )


def integer_weights(net: torch.nn.Sequential) -> dict[str, np.ndarray]:
    out = {}
    for index, layer in enumerate((net[0], net[2], net[4]), 1):
        weight, bias = (part.detach().numpy().astype(float) for part in (layer.weight, layer.bias))
        out[f"w{index}"] = np.rint(weight.T * 1024).astype(np.int16)
        out[f"b{index}"] = np.rint(bias * (1 << 18)).astype(np.int32)
    return out
