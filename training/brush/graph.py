"""Writes a trained brush as one ONNX file: weights of eight bits, widened again when the file is loaded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from textsketch.render.painter.brush_inputs import CELL
from training.brush.network import HALFWAY, Near, Residue, Shading, Sharpening

_OPSET, _IR_VERSION = 17, 8
"""Old enough for every onnxruntime that pyproject.toml allows."""


def export(brush: Sharpening | Shading, path: Path) -> None:
    """Write `brush`: of "given" (1, channels, rows, columns) float32 it makes "painted", RGB."""
    graph = _Graph()
    near, far = (brush.near, _far(graph, brush)) if isinstance(brush, Shading) else (brush, None)
    _near(graph, near, far)
    path.write_bytes(graph.serialised(near.first.in_channels))


def _near(graph: _Graph, near: Near, far: list[str] | None) -> None:
    value = graph.convolve("given", near.first)
    value = graph.bend(graph.add("Add", value, far[0]) if far else value, near.slopes[0])
    for index, (body, slope) in enumerate(zip(near.body, list(near.slopes)[1:], strict=True)):
        value = graph.bend(graph.convolve(value, body), slope)
        if far and index + 1 == HALFWAY:
            value = graph.add("Add", value, far[1])
    detail = graph.add("DepthToSpace", graph.convolve(value, near.last), blocksize=CELL, mode="CRD")
    # A cell's mean colour, as a convolution of its pixels.
    mean = np.zeros((3, near.first.in_channels, 1, 1), np.float32)
    for index in range(3):
        mean[index, index * near.colours : (index + 1) * near.colours] = 1 / near.colours
    flat = graph.add("Conv", "given", graph.constant(mean), kernel_shape=[1, 1])
    graph.add("Add", detail, graph.enlarge(flat, CELL, "nearest"), name="painted")


def _far(graph: _Graph, brush: Shading) -> list[str]:
    seen, value = [], "given"
    for down, residue in zip(brush.down, brush.on_the_way_down, strict=True):
        value = graph.residue(graph.add("Relu", graph.convolve(value, down, stride=2)), residue)
        seen.append(value)
    for level in reversed(range(len(brush.up))):
        farther = graph.enlarge(graph.convolve(value, brush.up[level]), 2, "nearest")
        value = graph.residue(graph.add("Add", seen[level], farther), brush.on_the_way_up[level])
    return [graph.enlarge(graph.convolve(value, meet), 2, "linear") for meet in brush.meet]


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

    def residue(self, value: str, residue: Residue) -> str:
        inner = self.add("Relu", self.convolve(value, residue.first))
        return self.add("Add", value, self.convolve(inner, residue.second))

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

    def serialised(self, channels: int) -> bytes:
        given = helper.make_tensor_value_info("given", TensorProto.FLOAT, [1, channels, "rows", "columns"])
        painted = helper.make_tensor_value_info("painted", TensorProto.FLOAT, [1, 3, "height", "width"])
        graph = helper.make_graph(self._nodes, "brush", [given], [painted], self._constants)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
        )
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString(deterministic=True)
