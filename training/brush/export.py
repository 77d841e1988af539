"""Writes the painter's brush as one ONNX file.

    python -m training.brush.export ../shared/weights/realesr-animevideov3-x4

The weights are kept in half precision, which is how they come; onnxruntime widens them when it loads the file.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from textsketch.render.painter import brush
from training.brush import ncnn

_OPSET, _IR_VERSION = 17, 8
"""Old enough for every onnxruntime that pyproject.toml allows."""


def export(layers: list[ncnn.Convolution], path: Path) -> None:
    """Write the network: of "picture" (1, 3, rows, columns) float32 RGB, 0 to 1, it makes "enlarged"."""
    nodes, constants = [], []

    def constant(name: str, values: np.ndarray) -> str:
        constants.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        nodes.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
        return name

    value = "picture"
    for index, layer in enumerate(layers):
        weight, bias = constant(f"weight{index}", layer.weight), constant(f"bias{index}", layer.bias)
        nodes.append(
            helper.make_node(
                "Conv", [value, weight, bias], [f"conv{index}"], pads=[1] * 4, kernel_shape=[3, 3]
            )
        )
        value = f"conv{index}"
        if layer.slope is not None:
            slope = constant(f"slope{index}", layer.slope.reshape(-1, 1, 1))
            nodes.append(helper.make_node("PRelu", [value, slope], [f"active{index}"]))
            value = f"active{index}"
    scales = numpy_helper.from_array(np.array([1, 1, brush.SCALE, brush.SCALE], np.float32), "scales")
    nodes += [
        helper.make_node("DepthToSpace", [value], ["detail"], blocksize=brush.SCALE, mode="CRD"),
        helper.make_node(
            "Resize",
            ["picture", "", "scales"],
            ["repeated"],
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        ),
        helper.make_node("Add", ["detail", "repeated"], ["enlarged"]),
    ]
    picture = helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, "rows", "columns"])
    enlarged = helper.make_tensor_value_info("enlarged", TensorProto.FLOAT, [1, 3, "out_rows", "out_columns"])
    graph = helper.make_graph(nodes, "brush", [picture], [enlarged], [*constants, scales])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    path.write_bytes(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="holds realesr-animevideov3-x4.bin")
    options = parser.parse_args()
    export(ncnn.read(options.folder), brush.FILE)
    print(f"{brush.FILE}: {brush.FILE.stat().st_size:,} bytes")
