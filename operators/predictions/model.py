"""A model in the ONNX format: checked against the columns it shall score, then run on frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from operators.predictions.runtime import Described, faults, line, load
from tidegauge.errors import Stop, UserMistake
from tidegauge.fieldtypes import FieldType

_INTS = frozenset({FieldType.INT, FieldType.BOOL})
_ALL = _INTS | {FieldType.FLOAT}
_TAKES: Mapping[str, tuple[type[np.generic], frozenset[FieldType]]] = {
    "tensor(float)": (np.float32, _ALL),
    "tensor(double)": (np.float64, _ALL),
    "tensor(int64)": (np.int64, _INTS),
    "tensor(int32)": (np.int32, _INTS),
    "tensor(bool)": (np.bool_, frozenset({FieldType.BOOL})),
}
"""Types of inputs: what they are in numpy, and fields of which types can be put into them."""
_DIGITS = 6
"""The last digits of a score may depend on which rows were scored together; no more are told."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pipeline file asks of a model.

    Attributes:
        path: the model's file.
        inputs: columns for each input; the name of the only input may be empty.
        output: name of the output; None for the only one.
        column: column of the output; None for the only one.
    """

    path: Path
    inputs: Mapping[str, Sequence[str]]
    output: str | None
    column: int | None


class Scorer:
    """Scores the rows of frames.

    Needs the extra `models` (`onnxruntime`). Runs in one thread, on the processor.

    Args:
        asked: the model, and what goes in and comes out.
        types: type of each column.

    Raises:
        UserMistake: the runtime is not installed, the file holds no model, or the model has other
            inputs, types, shapes or outputs.
    """

    def __init__(self, asked: Asked, types: Mapping[str, FieldType]) -> None:
        self._path = asked.path
        self._session = load(asked.path)
        self._column = asked.column
        self._output = self._named_output(asked.output)
        described = {each.name: each for each in self._session.get_inputs()}
        wanted = dict(asked.inputs)
        if list(wanted) == [""] and len(described) == 1:
            wanted = dict.fromkeys(described, wanted[""])
        if set(wanted) != set(described):
            raise self._mistake(
                f"its inputs are {', '.join(described)}; give fields for each, as a mapping"
            )
        self._inputs = [
            (self._checked(described[name], fields, types), list(fields))
            for name, fields in wanted.items()
        ]
        self.fields = sorted({field for _, fields in self._inputs for field in fields})
        self._try()

    def score(self, frame: pl.DataFrame) -> pl.Series:
        """A float for each row, null where the model gives no finite number.

        Args:
            frame: the columns that were asked for, without nulls.

        Raises:
            Stop: the model fails.
        """
        try:
            scores = self._run(frame)
        except faults() as error:
            raise Stop(f"model {self._path}: it fails: {line(error)}") from None
        told = pl.Series("value", scores, dtype=pl.Float64)
        finite = pl.col("value").is_finite()
        rounded = pl.col("value").round_sig_figs(_DIGITS)
        return told.to_frame().select(pl.when(finite).then(rounded).alias("value"))["value"]

    def _run(self, frame: pl.DataFrame) -> npt.NDArray[Any]:
        given = {
            described.name: np.column_stack(
                [frame[field].to_numpy().astype(dtype, copy=False) for field in fields]
            ).reshape((frame.height,) if rank == 1 else (frame.height, len(fields)))
            for (described, dtype, rank), fields in self._inputs
        }
        found = np.asarray(self._session.run([self._output], given)[0])
        if found.ndim == 2 and self._column is not None:
            found = found[:, self._column]
        return found.reshape(frame.height)

    def _try(self) -> None:
        """Score a row of zeros: what the shapes do not tell shows now and not in the night."""
        causes: tuple[type[Exception], ...] = (*faults(), ValueError, IndexError, TypeError)
        row = pl.DataFrame({field: [0] for field in self.fields})
        try:
            self._run(row)
        except causes as error:
            raise self._mistake(
                f"it cannot score a row of zeros ({line(error)}); allowed: one number a row from"
                f" output {self._output}, or the column to take of several"
            ) from None

    def _named_output(self, name: str | None) -> str:
        outputs = {each.name: each for each in self._session.get_outputs()}
        if name is None and len(outputs) != 1:
            raise self._mistake(f"it has several outputs; name one: {', '.join(outputs)}")
        chosen = name or next(iter(outputs))
        if chosen not in outputs:
            raise self._mistake(f"it has no output {chosen!r}; allowed: {', '.join(outputs)}")
        kind = outputs[chosen].type
        if kind not in _TAKES:
            raise self._mistake(
                f"output {chosen} is {kind}; allowed: {', '.join(_TAKES)} (a classifier is"
                " converted without ZipMap)"
            )
        shape = list(outputs[chosen].shape)
        if len(shape) == 2 and isinstance(shape[1], int):
            self._check_column(chosen, shape[1])
        return chosen

    def _check_column(self, output: str, columns: int) -> None:
        if self._column is None and columns != 1:
            raise self._mistake(
                f"output {output} has {columns} columns; say which with column: 0 to {columns - 1}"
            )
        if self._column is not None and self._column >= columns:
            raise self._mistake(
                f"output {output} has {columns} columns; column: {self._column} is not among them"
            )

    def _checked(
        self, described: Described, fields: Sequence[str], types: Mapping[str, FieldType]
    ) -> tuple[Described, type[np.generic], int]:
        name, shape = described.name, list(described.shape)
        if described.type not in _TAKES:
            raise self._mistake(f"input {name} is {described.type}; allowed: {', '.join(_TAKES)}")
        dtype, allowed = _TAKES[described.type]
        for field in fields:
            if types[field] not in allowed:
                raise self._mistake(
                    f"input {name} is {described.type}, but {field} is a {types[field]}; allowed:"
                    f" {', '.join(sorted(allowed))}"
                )
        if len(shape) not in (1, 2):
            raise self._mistake(
                f"input {name} has {len(shape)} dimensions; allowed: rows, or rows and columns"
            )
        if isinstance(shape[0], int) and shape[0] != 0:
            raise self._mistake(
                f"input {name} takes exactly {shape[0]} rows; export it with any number of rows"
            )
        columns = shape[1] if len(shape) == 2 else 1
        if isinstance(columns, int) and columns != len(fields):
            raise self._mistake(
                f"input {name} has {columns} columns, but {len(fields)} fields are given:"
                f" {', '.join(fields)}"
            )
        return described, dtype, len(shape)

    def _mistake(self, message: str) -> UserMistake:
        return UserMistake(f"model {self._path}: {message}")
