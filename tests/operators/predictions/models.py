"""Tiny models in the ONNX format."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

FLOAT, DOUBLE, INT, BOOL, TEXT = (
    TensorProto.FLOAT,
    TensorProto.DOUBLE,
    TensorProto.INT64,
    TensorProto.BOOL,
    TensorProto.STRING,
)


def weighted(
    path: Path,
    weights: list[list[float]],
    *,
    kind: int = FLOAT,
    rows: int | str = "n",
    columns: int | str | None = None,
) -> Path:
    """The logistic function of weighted sums: a row of weights for each input column."""
    inputs, outputs = len(weights), len(weights[0])
    nodes = [helper.make_node("Cast", ["x"], ["f"], to=FLOAT)]
    nodes += [helper.make_node("MatMul", ["f", "w"], ["m"])]
    nodes += [helper.make_node("Sigmoid", ["m"], ["risk"])]
    flat = [weight for row in weights for weight in row]
    shape = [rows, columns or inputs]
    return write(
        path,
        helper.make_graph(
            nodes,
            "risk",
            [helper.make_tensor_value_info("x", kind, shape)],
            [helper.make_tensor_value_info("risk", FLOAT, ["n", outputs])],
            [helper.make_tensor("w", FLOAT, [inputs, outputs], flat)],
        ),
    )


def added(path: Path) -> Path:
    """The sum of two inputs without columns, one of them whole numbers, and the sum doubled."""
    nodes = [
        helper.make_node("Cast", ["b"], ["c"], to=FLOAT),
        helper.make_node("Add", ["a", "c"], ["sum"]),
        helper.make_node("Add", ["sum", "sum"], ["double"]),
    ]
    given = [("a", FLOAT), ("b", INT)]
    return write(
        path,
        helper.make_graph(
            nodes,
            "added",
            [helper.make_tensor_value_info(name, kind, ["n"]) for name, kind in given],
            [helper.make_tensor_value_info(name, FLOAT, ["n"]) for name in ("sum", "double")],
        ),
    )


def write(path: Path, graph: onnx.GraphProto) -> Path:
    """Check a graph and write it."""
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
