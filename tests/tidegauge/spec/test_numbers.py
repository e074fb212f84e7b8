"""Every number and duration of a pipeline file has a range: what is outside of it is one line."""

from collections.abc import Iterator
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import pytest
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from tests.tidegauge.spec.test_mistakes import GOOD, mistakes
from tidegauge.durations import LONGEST_NS
from tidegauge.spec import models
from tidegauge.spec.models.values import Model

NUMBERS: tuple[Any, ...] = (
    *(1e20, 1e308, float("inf"), float("-inf"), float("nan"), 10**20, -(10**20), 10**400, 2**63),
    *(-(2**63) - 1, 2**64, "1e20", "9" * 5_000, "0x7f", "1_000_000_000_000_000", True, [], {}),
)
DURATIONS = ("99999999999999999999d", "9" * 5_000 + "s", "-1s", "1e20s", "", "0.5s", "nans", "３s")


def _models(kind: type[Model] = Model) -> Iterator[type[Model]]:
    for one in kind.__subclasses__():
        yield one
        yield from _models(one)


def _numbers() -> Iterator[tuple[str, FieldInfo]]:
    for model in _models():
        for name, info in model.model_fields.items():
            if _bare(info.annotation) in (int, float):
                yield f"{model.__name__}.{name}", info


def _bare(kind: Any) -> Any:
    while (parts := [part for part in get_args(kind) if part is not type(None)]) and (
        get_origin(kind) is Annotated or len(parts) == 1
    ):
        kind = parts[0]
    return kind


FOUND = dict(_numbers())


def test_the_numbers_of_the_file_are_found() -> None:
    assert models.Pipeline in _models()
    assert {"WindowBounds.max_keys", "Alert.level", "Tumbling.size", "Forecast.band"} <= set(FOUND)
    assert len(FOUND) > 40
    assert issubclass(models.Pipeline, BaseModel)


@pytest.mark.parametrize("name", FOUND)
def test_a_number_of_the_file_is_within_its_range_or_refused(name: str) -> None:
    info = FOUND[name]
    finite = ConfigDict(allow_inf_nan=False)
    kind: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    field = TypeAdapter[Any](kind, config=finite)
    whole = _bare(info.annotation) is int
    for value in (*NUMBERS, *DURATIONS):
        try:
            taken = field.validate_python(value)
        except ValidationError:
            continue
        assert taken is None or isfinite(taken), (name, value)
        assert not whole or taken is None or taken <= LONGEST_NS, (name, value)


@pytest.mark.parametrize(
    ("key", "before", "said"),
    [
        ("by: [region]", "state: {max_keys: %s}", "windows.spend.state.max_keys: "),
        ("by: [region]", "max_series: %s", "windows.spend.max_series: "),
        ("level: 8", "level: %s", "alerts.failures.level: "),
        ("on: spend.count", "on: spend.count, warm_up: %s", "anomalies.unusual.warm_up: "),
    ],
)
@pytest.mark.parametrize("number", ["1e20", "-1", ".nan", ".inf", "1e400", "9" * 5_000, "'７'"])
def test_a_number_out_of_range_is_one_line(
    key: str, before: str, said: str, number: str, tmp_path: Path
) -> None:
    added = before % number
    text = GOOD.replace(key, added if key.startswith(("level", "on")) else f"{added}\n    {key}")
    (line,) = mistakes(text, tmp_path)
    assert said in line
    assert len(line) < 200


@pytest.mark.parametrize(
    "match",
    [
        *("a{3,99999999999999999999} b", "a{1000000} b", f"a{{{'9' * 5_000}}} b"),
        *("a c[within 99999999999999999999s] b", f"a c[within {'9' * 5_000}s] b"),
    ],
)
def test_a_number_of_a_row_pattern_that_is_too_large_is_one_line(match: str) -> None:
    pattern = f'patterns:\n  p: {{from: payments, by: [card], match: "{match}"}}\nwindows:'
    (line,) = mistakes(GOOD.replace("windows:", pattern))
    assert line.startswith("16: patterns.p.match: ")
    assert "at most" in line or "is no duration" in line
    assert len(line) < 500
