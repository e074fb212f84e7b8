"""The ONNX runtime: an optional extra, imported by those who have a model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from tidegauge.errors import UserMistake


class Described(Protocol):
    """An input or output, as the runtime describes it."""

    name: str
    type: str
    shape: Sequence[int | str | None]


class Session(Protocol):
    """A loaded model."""

    def get_inputs(self) -> Sequence[Described]:
        """Its inputs."""

    def get_outputs(self) -> Sequence[Described]:
        """Its outputs."""

    def run(self, output_names: list[str], input_feed: Mapping[str, npt.NDArray[Any]]) -> list[Any]:
        """Compute outputs."""


def load(path: Path) -> Session:
    """The model of a file.

    Raises:
        UserMistake: the runtime is not installed, or the file holds no model that it can run.
    """
    try:
        import onnxruntime  # noqa: PLC0415 - an optional extra
    except ImportError:
        raise UserMistake(
            "predictions need the extra 'models': python -m pip install -e '.[models]'"
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session: Session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )
    except faults() as error:
        message = (
            f"model {path}: it cannot be loaded ({line(error)}); give a file in the ONNX format"
        )
        raise UserMistake(message) from None
    return session


def faults() -> tuple[type[Exception], ...]:
    """What the runtime raises: classes of its own, without a common one."""
    from onnxruntime.capi import onnxruntime_pybind11_state as raised  # noqa: PLC0415 - optional

    return (
        raised.EPFail,
        raised.Fail,
        raised.InvalidArgument,
        raised.InvalidGraph,
        raised.InvalidProtobuf,
        raised.NoModel,
        raised.NoSuchFile,
        raised.NotImplemented,
        raised.RuntimeException,
    )


def line(error: Exception) -> str:
    """What an error says, on one line."""
    return " ".join(str(error).split())[:200]
