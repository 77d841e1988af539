"""Trains the colour map's probability network: python -m training.painter.colour_model --data ../shared/data

Two rounds: the first network learns from plainly rounded coefficients, the second from coefficients
quantised against the first, as the encoder does it. About five minutes on one core.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from textsketch.colour_space import to_ycbcr
from textsketch.entropy.network import IntegerNetwork
from textsketch.layers import Layers, Semantic, Structure
from textsketch.semantic import descriptors
from textsketch.structure import strokes as stroke_finder
from textsketch.structure.grid import grid_shape
from textsketch.texture import colour_map
from textsketch.texture.colour_model import network
from textsketch.texture.contexts import INPUT_SCALE, INPUTS, MAGNITUDES, SIGN_INPUTS, SIGNED, passes
from textsketch.texture.quantiser import quantise
from training.painter.pictures import training_pictures

OUT = Path(__file__).parents[2] / "textsketch" / "texture" / "colour_model.npz"
HIDDEN = (32, 16)


def samples(data: Path, seed: int, model: IntegerNetwork | None, photo_repeats: int):
    """What the two networks learn from.

    Returns (inputs (n, MAGNITUDES) uint8, constants (n, INPUTS - MAGNITUDES) int16, magnitudes, weights)
    and the same for signs (inputs (n, SIGNED) int8, constants, minus or not).
    """
    columns = [[], [], [], []]
    signs = [[], [], []]
    for picture, random in training_pictures(data, seed, photo_repeats):
        planes = to_ycbcr(np.asarray(picture))
        size = picture.size
        height, width = planes.shape[1:]
        colours = descriptors.from_planes(planes, int(random.integers(8, 24)))
        residual = planes - descriptors.field_planes(colours, height, width, size)
        step_index = int(random.integers(18, 52))
        step = colour_map.coefficient_step(step_index, size)
        structure = None
        if random.random() < 0.8:
            structure = Structure(random_sketch(residual, planes, size, step, random))
        wavelet = colour_map.transform(Layers(size, Semantic(), structure), height, width)
        scaled = wavelet.forward(residual) / step
        sketch = None if structure is None else structure.strokes
        if model is None:
            chosen = (np.sign(scaled) * np.floor(np.abs(scaled) + 0.33)).astype(np.int32)
        else:
            weight = float(random.uniform(0.1, 0.2))
            chosen, _ = quantise(scaled, wavelet.shapes, step_index, sketch, bits_weight=weight, model=model)
        chosen = np.clip(chosen, -colour_map.LARGEST, colour_map.LARGEST)
        blank = np.zeros_like(chosen)
        for part in passes(blank, chosen, wavelet.shapes, (0, 1, 1), step_index, sketch):
            magnitude = np.abs(part.wanted.ravel())
            chosen_rows = np.nonzero(magnitude)[0]
            if len(chosen_rows) and model is not None:
                signs[0].append(part.sign_inputs(chosen_rows).astype(np.int8))
                constants = np.zeros(SIGN_INPUTS - SIGNED, np.int16)
                for index, value in part.sign_constants.items():
                    constants[index - SIGNED] = value
                signs[1].append(np.tile(constants, (len(chosen_rows), 1)))
                signs[2].append(part.wanted.ravel()[chosen_rows] < 0)
            part.values[...] = part.wanted
            busy = part.inputs[:, :-1].any(axis=1) | (magnitude > 0)
            few = len(magnitude) < 300
            chance = np.where(busy, 1.0 if few else 0.3, 0.3 if few else 0.01)
            rows = np.nonzero(random.random(len(magnitude)) < chance)[0]
            constants = np.zeros(INPUTS - MAGNITUDES, np.int16)
            for index, value in part.constants.items():
                constants[index - MAGNITUDES] = value
            columns[0].append(part.inputs[rows])
            columns[1].append(np.tile(constants, (len(rows), 1)))
            columns[2].append(np.minimum(magnitude[rows], 20).astype(np.uint8))
            columns[3].append((1 / chance[rows]).astype(np.float32))
    return [[np.concatenate(column) for column in group if column] for group in (columns, signs)]


def random_sketch(residual, planes, size, step, random) -> np.ndarray:
    """A sketch such as rate control might choose, with a random price of strokes."""
    long_side = int(random.choice([128, 192, 192, 256]))
    shape = grid_shape(size, long_side)
    lines = stroke_finder.detect(planes[0], size, long_side)
    favour = float(random.choice([0.8, 1.5, 2.5, 4.0]))
    return stroke_finder.draw(stroke_finder.select(lines, residual, shape, step, favour), shape)


def train(columns, steps: int) -> dict[str, np.ndarray]:
    """Fit the network to minimise code length; returns integer weights for `IntegerNetwork`."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=12_000, help="training steps of each network")
    parser.add_argument(
        "--refine", action="store_true", help="only the second round, from the shipped network"
    )
    arguments = parser.parse_args()
    model = network() if arguments.refine else None
    for seed, photo_repeats in ((2, 2),) if arguments.refine else ((1, 1), (2, 2)):
        columns, signs = samples(arguments.data, seed, model, photo_repeats)
        print(f"{len(columns[2])} samples, {(columns[2] > 0).mean():.3f} of them not zero", flush=True)
        weights = train(columns, arguments.steps)
        model = IntegerNetwork(weights)
    np.savez_compressed(OUT, **weights)
    np.savez_compressed(OUT.with_name("sign_model.npz"), **train_signs(signs, arguments.steps))


if __name__ == "__main__":
    main()
