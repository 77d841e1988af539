"""Writes a trained brush as one ONNX file: weights of eight bits, widened again when the file is loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from textsketch.render.painter.shading_inputs import CELL, CHANNELS
from training.brush.network import Brush

_OPSET, _IR_VERSION = 17, 8
"""Old enough for every onnxruntime that pyproject.toml allows."""


def export(brush: Brush, path: Path) -> None:
    """Write `brush`: of "given" (1, CHANNELS, rows, columns) float32 it makes "painted", RGB."""
    graph = _Graph()
    far = graph.add("Relu", graph.convolve("given", brush.down, stride=4))
    farthest = graph.add("Relu", graph.convolve(far, brush.farther, stride=2))
    for first, second in zip(brush.farthest[0::2], brush.farthest[1::2], strict=True):
        farthest = graph.residue(farthest, first, second)
    far = graph.residue(far, brush.far[0], brush.far[1])
    far = graph.add("Add", far, graph.enlarge(graph.convolve(farthest, brush.nearer), 2, "nearest"))
    far = graph.residue(far, brush.far[2], brush.far[3])
    far = graph.enlarge(graph.convolve(far, brush.near), 4, "linear")
    value = graph.add("Add", graph.convolve("given", brush.first), far)
    value = graph.bend(value, brush.slopes[0])
    for body, slope in zip(brush.body, list(brush.slopes)[1:], strict=True):
        value = graph.bend(graph.convolve(value, body), slope)
    detail = graph.add("DepthToSpace", graph.convolve(value, brush.last), blocksize=CELL, mode="CRD")
    # A cell's mean colour, as a convolution of its pixels.
    mean = np.zeros((3, CHANNELS, 1, 1), np.float32)
    for index in range(3):
        mean[index, index * CELL**2 : (index + 1) * CELL**2] = 1 / CELL**2
    flat = graph.add("Conv", "given", graph.constant(mean), kernel_shape=[1, 1])
    graph.add("Add", detail, graph.enlarge(flat, CELL, "nearest"), name="painted")
    path.write_bytes(graph.serialised())


class _Graph:
    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, name: str = "", **attributes: object) -> str:
        name = name or f"value{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def constant(self, values: np.ndarray) -> str:
        half = f"half{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(values.astype(np.float16), half))
        return self.add("Cast", half, to=TensorProto.FLOAT)

    def eight_bits(self, weight: np.ndarray) -> str:
        """A constant of one byte a weight, with a scale for each output channel."""
        scale = np.maximum(np.abs(weight).max(axis=(1, 2, 3), keepdims=True), 1e-12) / 127
        whole = f"whole{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.rint(weight / scale).astype(np.int8), whole))
        self._constants.append(numpy_helper.from_array(scale.astype(np.float32), f"{whole}.scale"))
        return self.add("Mul", self.add("Cast", whole, to=TensorProto.FLOAT), f"{whole}.scale")

    def convolve(self, value: str, layer: torch.nn.Conv2d, stride: int = 1) -> str:
        weight = self.eight_bits(layer.weight.detach().numpy())
        bias = self.constant(layer.bias.detach().numpy())
        side, around = layer.kernel_size[0], layer.padding[0]
        return self.add(
            "Conv", value, weight, bias, kernel_shape=[side] * 2, pads=[around] * 4, strides=[stride] * 2
        )

    def bend(self, value: str, slope: torch.nn.PReLU) -> str:
        return self.add("PRelu", value, self.constant(slope.weight.detach().numpy().reshape(-1, 1, 1)))

    def residue(self, value: str, first: torch.nn.Conv2d, second: torch.nn.Conv2d) -> str:
        return self.add("Add", value, self.convolve(self.add("Relu", self.convolve(value, first)), second))

    def enlarge(self, value: str, times: int, mode: str) -> str:
        scales = f"scales{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.array([1, 1, times, times], np.float32), scales))
        how = {"nearest": ("asymmetric", "floor"), "linear": ("half_pixel", "round_prefer_floor")}[mode]
        return self.add(
            "Resize",
            value,
            "",
            scales,
            mode=mode,
            coordinate_transformation_mode=how[0],
            nearest_mode=how[1],
        )

    def serialised(self) -> bytes:
        given = helper.make_tensor_value_info("given", TensorProto.FLOAT, [1, CHANNELS, "rows", "columns"])
        painted = helper.make_tensor_value_info("painted", TensorProto.FLOAT, [1, 3, "height", "width"])
        graph = helper.make_graph(self._nodes, "brush", [given], [painted], self._constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)
