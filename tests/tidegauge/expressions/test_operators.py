"""One example for each operator, type and sign, beside the comparison with SQLite."""

import math

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tidegauge.expressions.scalars import compile_scalar
from tidegauge.fieldtypes import FieldType

INT, FLOAT, STRING, BOOL = FieldType.INT, FieldType.FLOAT, FieldType.STRING, FieldType.BOOL
COLUMNS = {
    "n": INT,
    "minus": INT,
    "zero": INT,
    "most": INT,
    "least": INT,
    "unknown": INT,
    "x": FLOAT,
    "below": FLOAT,
    "nothing": FLOAT,
    "huge": FLOAT,
    "missing": FLOAT,
    "s": STRING,
    "t": STRING,
    "empty": STRING,
    "absent": STRING,
    "yes": BOOL,
    "no": BOOL,
    "perhaps": BOOL,
}
ROW = {
    "n": 7,
    "minus": -7,
    "zero": 0,
    "most": 2**63 - 1,
    "least": -(2**63),
    "unknown": None,
    "x": 7.5,
    "below": -7.5,
    "nothing": 0.0,
    "huge": 1e308,
    "missing": None,
    "s": "ab",
    "t": "B",
    "empty": "",
    "absent": None,
    "yes": True,
    "no": False,
    "perhaps": None,
}
ARITHMETIC = [
    ("n + 2", 9),
    ("minus + 2", -5),
    ("x + 2", 9.5),
    ("below + 2", -5.5),
    ("n + x", 14.5),
    ("most + 1", -(2**63)),
    ("huge + huge", None),
    ("n + unknown", None),
    ("yes + yes", 2),
    ("n - 9", -2),
    ("minus - 2", -9),
    ("x - 9", -1.5),
    ("n - x", -0.5),
    ("least - 1", 2**63 - 1),
    ("n - -1", 8),
    ("-huge - huge", None),
    ("yes - no", 1),
    ("x - missing", None),
    ("n * 3", 21),
    ("minus * 3", -21),
    ("minus * minus", 49),
    ("x * 2", 15.0),
    ("below * n", -52.5),
    ("most * 2", -2),
    ("huge * 10", None),
    ("n * zero", 0),
    ("yes * n", 7),
    ("below * nothing", -0.0),
    ("n / 2", 3.5),
    ("minus / 2", -3.5),
    ("n / -2", -3.5),
    ("minus / minus", 1.0),
    ("x / 3", 2.5),
    ("n / 0", None),
    ("x / nothing", None),
    ("zero / zero", None),
    ("zero / n", 0.0),
    ("n / x", 7 / 7.5),
    ("huge / 0.1", None),
    ("huge / huge", 1.0),
    ("1 / huge", 1e-308),
    ("35 / 100", 0.35),
    ("n % 4", 3),
    ("minus % 4", -3),
    ("n % -4", 3),
    ("minus % -4", -3),
    ("n % 7", 0),
    ("n % 1", 0),
    ("n % 8", 7),
    ("minus % 1", 0),
    ("zero % n", 0),
    ("n % 0", None),
    ("n % unknown", None),
    ("x % 2", 1.5),
    ("below % 2", -1.5),
    ("x % -2", 1.5),
    ("below % -2", -1.5),
    ("x % 1", 0.5),
    ("x % 8", 7.5),
    ("x % 7.5", 0.0),
    ("x % 0", None),
    ("nothing % x", 0.0),
    ("n % 2.5", 2.0),
    ("minus % 2.5", -2.0),
    ("9 % 2.0", 1.0),
    ("x % missing", None),
    ("huge % 7", math.fmod(1e308, 7)),
    ("least % -1", 0),
    ("yes % 2", 1),
    ("least % most", -1),
    ("n ^ 2", 49.0),
    ("minus ^ 2", 49.0),
    ("minus ^ 0.5", None),
    ("huge ^ 2", None),
    ("2 ^ -1", 0.5),
    ("zero ^ 0", 1.0),
    ("zero ^ -1", None),
    ("x ^ 2", 56.25),
    ("-n", -7),
    ("-minus", 7),
    ("-x", -7.5),
    ("-below", 7.5),
    ("-least", -(2**63)),
    ("-unknown", None),
    ("-yes", -1),
    ("-(n - 9)", 2),
    ("- - n", 7),
]
COMPARISONS = [
    ("n = 7", True),
    ("n = 7.0", True),
    ("n = 8", False),
    ("n = unknown", None),
    ("s = 'ab'", True),
    ("yes = true", True),
    ("yes = no", False),
    ("minus = -7", True),
    ("nothing = -nothing", True),
    ("n <> 7", False),
    ("n != 8", True),
    ("x <> 7.5", False),
    ("s <> t", True),
    ("s <> absent", None),
    ("n < x", True),
    ("x < n", False),
    ("minus < zero", True),
    ("below < minus", True),
    ("t < s", True),
    ("no < yes", True),
    ("7 < n", False),
    ("n <= 7", True),
    ("x <= 7", False),
    ("below <= x", True),
    ("n > 6", True),
    ("minus > -8", True),
    ("x > n", True),
    ("s > t", True),
    ("x > missing", None),
    ("n >= 7", True),
    ("minus >= zero", False),
    ("x >= 7.5", True),
    ("empty >= s", False),
    ("n IN (6, 7)", True),
    ("minus IN (7)", False),
    ("x IN (7, 7.5)", True),
    ("s IN ('a', t)", False),
    ("n NOT IN (1, 2)", True),
    ("n IN (1, NULL)", None),
    ("n NOT IN (7, NULL)", False),
    ("n BETWEEN 7 AND 8", True),
    ("minus BETWEEN -7 AND 0", True),
    ("x BETWEEN 8 AND 7", False),
    ("s BETWEEN 'a' AND 'b'", True),
    ("n NOT BETWEEN 0 AND unknown", None),
    ("n BETWEEN 8 AND unknown", False),
    ("n IS NULL", False),
    ("unknown IS NULL", True),
    ("s IS NOT NULL", True),
    ("absent IS NULL", True),
    ("yes IS TRUE", True),
    ("perhaps IS TRUE", False),
    ("perhaps IS NOT FALSE", True),
    ("no IS FALSE", True),
    ("n IS DISTINCT FROM unknown", True),
    ("unknown IS NOT DISTINCT FROM NULL", True),
    ("x IS DISTINCT FROM 7.5", False),
    ("s IS NOT DISTINCT FROM t", False),
]
LOGIC = [
    ("yes AND yes", True),
    ("yes AND no", False),
    ("no AND perhaps", False),
    ("yes AND perhaps", None),
    ("yes OR perhaps", True),
    ("no OR perhaps", None),
    ("no OR no", False),
    ("perhaps OR perhaps", None),
    ("NOT yes", False),
    ("NOT no", True),
    ("NOT perhaps", None),
]
TEXTS = [
    ("s || t", "abB"),
    ("s || '-' || n", "ab-7"),
    ("s || '-' || minus", "ab--7"),
    ("n || s", "7ab"),
    ("s || x", "ab7.5"),
    ("s || below", "ab-7.5"),
    ("s || yes", "abtrue"),
    ("no || s", "falseab"),
    ("s || empty", "ab"),
    ("s || absent", None),
    ("s || unknown", None),
    ("s || (n - 9)", "ab-2"),
    ("s LIKE 'a_'", True),
    ("s LIKE 'A%'", False),
    ("s ILIKE 'A%'", True),
    ("s NOT LIKE 'b%'", True),
    ("absent LIKE '%'", None),
    ("empty LIKE ''", True),
]


def value(sql: str) -> object:
    scalar = compile_scalar(sql, COLUMNS)
    frame = pl.DataFrame([ROW], schema={name: kind.dtype for name, kind in COLUMNS.items()})
    return frame.with_columns(scalar.polars.alias("r"))["r"][0]


@pytest.mark.parametrize(("sql", "expected"), [*ARITHMETIC, *COMPARISONS, *LOGIC, *TEXTS])
def test_an_operator_gives(sql: str, expected: object) -> None:
    found = value(sql)
    assert found == expected
    assert type(found) is type(expected)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6).map(
    lambda n: n / 100
)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1))
@example([(197.48, 0.01), (440.45, 0.05), (1e17, 7.0), (1.7204529909879895e18, 1000.0)])
@example([(1e308, 5e-324), (-1e308, 3.0), (5e-324, 1e308), (-0.0, 1.0), (1.0, 0.0), (-9.5, -9.5)])
def test_the_remainder_of_floats_is_exact_and_has_the_sign_of_the_dividend(
    pairs: list[tuple[float, float]],
) -> None:
    columns = {"f": FLOAT, "g": FLOAT}
    frame = pl.DataFrame(pairs, schema=dict.fromkeys(columns, pl.Float64), orient="row")
    found = frame.select(compile_scalar("f % g", columns).polars).to_series().to_list()
    assert found == [math.fmod(f, g) if g else None for f, g in pairs]
    for (f, g), rest in zip(pairs, found, strict=True):
        assert rest is None or (
            abs(rest) < abs(g) and math.copysign(1, rest) == math.copysign(1, f)
        )


@given(st.lists(st.tuples(NUMBERS, NUMBERS | st.just(0.0)), min_size=1))
def test_the_remainder_by_a_constant_is_that_by_a_column(pairs: list[tuple[float, float]]) -> None:
    frame = pl.DataFrame({"f": [f for f, _ in pairs]})
    for f, g in pairs:
        scalar = compile_scalar(f"f % {abs(g)!r}", {"f": FLOAT})
        found = frame.filter(pl.col("f") == f).select(scalar.polars).to_series()[0]
        assert found == (math.fmod(f, abs(g)) if g else None)


@given(
    st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(-9, 2**63 - 1)), min_size=1)
)
def test_the_remainder_of_ints_has_the_sign_of_the_dividend(pairs: list[tuple[int, int]]) -> None:
    frame = pl.DataFrame(pairs, schema={"n": pl.Int64, "m": pl.Int64}, orient="row")
    found = frame.select(compile_scalar("n % m", {"n": INT, "m": INT}).polars).to_series().to_list()
    assert found == [abs(n) % abs(m) * (-1 if n < 0 else 1) if m else None for n, m in pairs]
