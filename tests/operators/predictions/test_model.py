from pathlib import Path

import numpy as np
import polars as pl
import pytest

from operators.predictions.model import Asked, Scorer
from tests.operators.predictions.models import BOOL, INT, TEXT, added, weighted
from tidegauge.errors import UserMistake
from tidegauge.fieldtypes import FieldType

TYPES = {
    "amount": FieldType.FLOAT,
    "rate": FieldType.FLOAT,
    "count": FieldType.INT,
    "open": FieldType.BOOL,
}
ROWS = pl.DataFrame(
    {
        "amount": [1.0, -2.0, 0.0],
        "rate": [0.5, 0.5, 9.0],
        "count": [1, 2, 3],
        "open": [True, False, True],
    }
)


def scorer(
    path: Path, inputs: dict[str, list[str]], output: str | None = None, column: int | None = None
) -> Scorer:
    return Scorer(Asked(path, inputs, output, column), TYPES)


def test_each_row_gets_the_number_that_the_model_says(tmp_path: Path) -> None:
    model = weighted(tmp_path / "m.onnx", [[1.0], [2.0], [0.5]])
    found = scorer(model, {"": ["amount", "rate", "open"]}).score(ROWS)
    sums = ROWS["amount"] + 2 * ROWS["rate"] + 0.5 * ROWS["open"].cast(pl.Float64)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-sums.to_numpy())), rtol=1e-5)
    assert found.dtype == pl.Float64


def test_several_inputs_are_named_and_one_of_several_outputs(tmp_path: Path) -> None:
    model = added(tmp_path / "m.onnx")
    inputs = {"a": ["amount"], "b": ["count"]}
    assert scorer(model, inputs, "sum").score(ROWS).to_list() == [2.0, 0.0, 3.0]
    assert scorer(model, inputs, "double").score(ROWS).to_list() == [4.0, 0.0, 6.0]


def test_a_column_of_the_output_is_taken(tmp_path: Path) -> None:
    model = weighted(tmp_path / "m.onnx", [[0.0, 9.0]])
    found = scorer(model, {"x": ["amount"]}, column=1).score(ROWS)
    np.testing.assert_allclose(found, 1 / (1 + np.exp(-9 * ROWS["amount"].to_numpy())), atol=1e-6)


def test_what_is_no_finite_number_is_told_as_nothing(tmp_path: Path) -> None:
    model = added(tmp_path / "m.onnx")
    rows = ROWS.with_columns(pl.Series("amount", [np.inf, np.nan, 1.0]))
    found = scorer(model, {"a": ["amount"], "b": ["count"]}, "sum").score(rows)
    assert found.to_list() == [None, None, 4.0]


def test_rows_are_scored_alike_however_many_are_beside_them(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    model = weighted(tmp_path / "m.onnx", chance.normal(size=(3, 1)).tolist())
    columns = {name: chance.normal(size=203) for name in ("amount", "rate")}
    rows = pl.DataFrame({**columns, "count": chance.integers(0, 9, 203)})
    one = scorer(model, {"": ["amount", "rate", "count"]})
    whole = one.score(rows).to_list()
    for size in (1, 2, 7, 64):
        pieces = [one.score(rows[at : at + size]) for at in range(0, 203, size)]
        assert [value for piece in pieces for value in piece] == whole


@pytest.mark.parametrize(
    ("made", "inputs", "output", "column", "mistake"),
    [
        (
            {"weights": [[1.0]]},
            {"": ["amount", "rate"]},
            None,
            None,
            "input x has 1 columns, but 2 fields are given: amount, rate",
        ),
        (
            {"weights": [[1.0]]},
            {"y": ["amount"]},
            None,
            None,
            "its inputs are x; give fields for each, as a mapping",
        ),
        (
            {"weights": [[1.0]], "kind": INT},
            {"": ["amount"]},
            None,
            None,
            "input x is tensor(int64), but amount is a float; allowed: bool, int",
        ),
        (
            {"weights": [[1.0]], "kind": BOOL},
            {"": ["count"]},
            None,
            None,
            "input x is tensor(bool), but count is a int; allowed: bool",
        ),
        (
            {"weights": [[1.0]], "kind": TEXT},
            {"": ["count"]},
            None,
            None,
            "input x is tensor(string); allowed: tensor(float), tensor(double)",
        ),
        (
            {"weights": [[1.0]], "rows": 1},
            {"": ["amount"]},
            None,
            None,
            "input x takes exactly 1 rows; export it with any number of rows",
        ),
        (
            {"weights": [[1.0]]},
            {"": ["amount"]},
            "score",
            None,
            "it has no output 'score'; allowed: risk",
        ),
        (
            {"weights": [[1.0, 2.0]]},
            {"": ["amount"]},
            None,
            None,
            "output risk has 2 columns; say which with column: 0 to 1",
        ),
        (
            {"weights": [[1.0, 2.0]]},
            {"": ["amount"]},
            None,
            2,
            "output risk has 2 columns; column: 2 is not among them",
        ),
        (
            {"weights": [[1.0], [2.0]], "columns": "k"},
            {"": ["amount"]},
            None,
            None,
            "it cannot score a row of zeros",
        ),
    ],
)
def test_a_model_that_does_not_fit_is_one_line_at_the_start(
    tmp_path: Path,
    made: dict[str, object],
    inputs: dict[str, list[str]],
    output: str | None,
    column: int | None,
    mistake: str,
) -> None:
    model = weighted(tmp_path / "m.onnx", **made)  # type: ignore[arg-type]  # as parametrized
    with pytest.raises(UserMistake) as found:
        scorer(model, inputs, output, column)
    assert str(found.value).startswith(f"model {model}: {mistake}")
    assert "\n" not in str(found.value)


def test_several_outputs_without_a_name_are_told(tmp_path: Path) -> None:
    model = added(tmp_path / "m.onnx")
    with pytest.raises(UserMistake, match="it has several outputs; name one: sum, double"):
        scorer(model, {"a": ["amount"], "b": ["count"]})


@pytest.mark.parametrize("content", [b"", b"no model", b"\x80\x04\x95pickle"])
def test_what_is_no_model_is_one_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "m.onnx"
    file.write_bytes(content)
    with pytest.raises(UserMistake) as found:
        scorer(file, {"": ["amount"]})
    assert str(found.value).startswith(f"model {file}: it cannot be loaded (")
    assert "\n" not in str(found.value)
