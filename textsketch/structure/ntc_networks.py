"""The two small convolutional networks of the nonlinear transform codec, in numpy.

Floating point decides only which picture is drawn, never which symbol is read, so rounding may differ
between machines. Weights are float16 arrays of the table ntc, made by training/ntc.
"""

from __future__ import annotations

import functools

import numpy as np

from textsketch.codestream import tables

_ENCODER_LAYERS = 4
_DECODER_LAYERS = 5
# Where sides shrink before an encoder layer, and grow after a decoder layer.
_SHRINK = (4, 2, 2, 1)
_GROW = (1, 2, 2, 1, 4)
_SLOPE = 0.1


@functools.cache
def parameters(version: int) -> dict[str, np.ndarray]:
    """A format version's arrays: enc0_w to dec4_b (float32), gain and inverse_gain (rates, channels), tables."""
    arrays = tables.load("ntc", version)
    for name, value in arrays.items():
        if value.dtype == np.float16:
            arrays[name] = value.astype(np.float32)
        if value.ndim == 4:
            # Each of the 3x3 taps as a matrix of its own, which numpy multiplies fastest.
            arrays[name] = np.ascontiguousarray(arrays[name].transpose(2, 3, 0, 1))
    return arrays


def analyse(edges: np.ndarray, rate: int, version: int) -> np.ndarray:
    """Latents of a soft edge map: (height, width) float, 0 to 1 -> (channels, height / 16, width / 16) float.

    height and width are multiples of 16.
    """
    weights = parameters(version)
    signal = edges[None].astype(np.float32)
    for layer in range(_ENCODER_LAYERS):
        signal = _shrink(signal, _SHRINK[layer])
        signal = _convolve(signal, weights[f"enc{layer}_w"], weights[f"enc{layer}_b"])
        if layer < _ENCODER_LAYERS - 1:
            signal = np.maximum(signal, _SLOPE * signal)
    return signal * weights["gain"][rate][:, None, None]


def synthesise(latents: np.ndarray, rate: int, version: int) -> np.ndarray:
    """The soft edge map of integer latents (channels, rows, columns): float32, 0 to 1, 16 times larger."""
    weights = parameters(version)
    signal = latents.astype(np.float32) * weights["inverse_gain"][rate][:, None, None]
    for layer in range(_DECODER_LAYERS):
        signal = _convolve(signal, weights[f"dec{layer}_w"], weights[f"dec{layer}_b"])
        if layer < _DECODER_LAYERS - 1:
            signal = np.maximum(signal, _SLOPE * signal)
        signal = _grow(signal, _GROW[layer])
    return 1 / (1 + np.exp(-np.clip(signal[0], -30, 30)))


def _convolve(signal: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """A 3x3 convolution with zero padding: (inputs, h, w) * (3, 3, outputs, inputs) -> (outputs, h, w)."""
    inputs, height, width = signal.shape
    padded = np.pad(signal, ((0, 0), (1, 1), (1, 1)))
    total = np.repeat(bias[:, None], height * width, 1)
    for down in range(3):
        for across in range(3):
            part = padded[:, down : down + height, across : across + width].reshape(inputs, -1)
            total += weight[down, across] @ part
    return total.reshape(-1, height, width)


def _shrink(signal: np.ndarray, factor: int) -> np.ndarray:
    """Fold blocks of pixels into channels (torch's pixel_unshuffle)."""
    channels, height, width = signal.shape
    blocks = signal.reshape(channels, height // factor, factor, width // factor, factor)
    return blocks.transpose(0, 2, 4, 1, 3).reshape(-1, height // factor, width // factor)


def _grow(signal: np.ndarray, factor: int) -> np.ndarray:
    """Unfold channels into blocks of pixels (torch's pixel_shuffle)."""
    channels, height, width = signal.shape
    blocks = signal.reshape(-1, factor, factor, height, width).transpose(0, 3, 1, 4, 2)
    return blocks.reshape(channels // factor**2, height * factor, width * factor)
