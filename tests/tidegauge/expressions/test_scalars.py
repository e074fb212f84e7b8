import polars as pl
import pytest

from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.scalars import compile_predicate, compile_scalar
from tidegauge.fieldtypes import FieldType

COLUMNS = {
    "amount": FieldType.FLOAT,
    "n": FieldType.INT,
    "status": FieldType.STRING,
    "failed": FieldType.BOOL,
    "odd na-me": FieldType.INT,
    "user": FieldType.STRING,
}
ROW = {"amount": -2.5, "n": 7, "status": "fail", "failed": True, "odd na-me": 3, "user": None}


def value(sql: str, **changes: object) -> object:
    scalar = compile_scalar(sql, COLUMNS)
    schema = {name: kind.dtype for name, kind in COLUMNS.items()}
    frame = pl.DataFrame([ROW | changes], schema=schema)
    return frame.with_columns(scalar.polars.alias("r"))["r"][0]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("-amount * 2 + n", 12.0),
        ("n / 2", 3.5),
        ("35 / 100 = 0.35", True),
        ("n / 0", None),
        ("n % 0", None),
        ("-n % 4", -3),
        ("n % -4", 3),
        ("failed + 1", 2),
        ("failed = 1", True),
        ("n <> 7 OR user = 'x'", None),
        ("failed OR user = 'x'", True),
        ("NOT failed AND user = 'x'", False),
        ("NULL = n", None),
        ("user IS NULL AND status IS NOT NULL", True),
        ("(user = 'x') IS UNKNOWN", True),
        ("1 < n AND n <= 7.0", True),
        ("n NOT IN (1, NULL)", None),
        ("status IN ('ok', 'fail')", True),
        ("amount BETWEEN -3 AND n", True),
        ("status LIKE 'f_i%'", True),
        ("status LIKE 'F%'", False),
        ("status ILIKE 'F%'", True),
        ("'50%' LIKE '50!%' ESCAPE '!'", True),
        ("'a.c' LIKE 'a.c' AND 'abc' NOT LIKE 'a.c'", True),
        ("'a\nb' LIKE 'a_b'", True),
        ("CASE WHEN n > 5 THEN 'many' ELSE 'few' END", "many"),
        ("CASE status WHEN 'ok' THEN 1 WHEN 'fail' THEN 0.5 END", 0.5),
        ("CASE WHEN n > 50 THEN n END", None),
        ("COALESCE(user, status)", "fail"),
        ("NULLIF(n, 7)", None),
        ("NULLIF(n, NULL)", 7),
        ("ABS(amount)", 2.5),
        ("ROUND(amount)", -3.0),
        ("ROUND(2.345, 1)", 2.3),
        ("ROUND(0.5)", 1.0),
        ("ROUND(n)", 7),
        ("FLOOR(amount)", -3.0),
        ("CEIL(amount)", -2.0),
        ("LOWER('AbC') || UPPER('x')", "abcX"),
        ("LENGTH('é€')", 2),
        ("status || user", None),
        ("CONCAT(status, '-', n, user)", "fail-7"),
        ("GREATEST(n, amount, 8)", 8.0),
        ("LEAST(n, NULL)", 7),
        ("SQRT(16) + EXP(0) + POWER(2, 3) + 2 ^ 2", 17.0),
        ("SQRT(amount)", None),
        ("LN(0)", None),
        ("EXP(1000)", None),
        ("POWER(0, -1)", None),
        ("CAST(2.5 AS BIGINT)", 2),
        ("CAST(3.5 AS BIGINT)", 4),
        ("CAST('12' AS DOUBLE PRECISION)", 12.0),
        ("CAST(status AS BIGINT)", None),
        ("n::text", "7"),
        ('"odd na-me" + 1', 4),
        ("n IS DISTINCT FROM NULL", True),
        ("failed IS NOT TRUE", False),
        ("'it''s'", "it's"),
        ("((((n))))", 7),
        ("9223372036854775807", 9223372036854775807),
        ("n /* seven */ + 1 -- eight", 8),
    ],
)
def test_gives(sql: str, expected: object) -> None:
    result = value(sql)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        (
            "amout > 3",
            "unknown column 'amout' (did you mean amount?); allowed: amount, failed, n, odd ",
        ),
        ("Amount > 3", "unknown column 'Amount' (did you mean amount?)"),
        ("status = 5", "'=' compares: status is a string and 5 is an int"),
        ("n > 'x'", "'>' compares: 'x' is a string and n is an int"),
        ("n IN (1, 'x')", "IN: 'x' is a string and n is an int"),
        ("COALESCE(status, 0)", "COALESCE: status is a string and 0 is an int"),
        ("status + 1", "'+' needs numbers, but status is a string"),
        ("NOT n", "NOT needs a condition, but n is an int: compare it with something"),
        ("n AND failed", "AND needs a condition, but n is an int"),
        ("UPPER(n)", "UPPER needs a string, but n is an int: use CAST(… AS VARCHAR)"),
        ("n || failed", "'||' joins strings, but n is an int and failed a bool"),
        ("1 < n < 3", "1 < n < 3 compares a comparison: join them with AND"),
        ("levenshtein(n)", "unknown function 'LEVENSHTEIN'"),
        ("flor(n)", "unknown function 'FLOR' (did you mean FLOOR?); allowed: ABS, CEIL, COALESCE"),
        ("avg(n)", "AVG is an aggregate: it belongs in the select of a window"),
        ("std_dev(n)", "STD_DEV is an aggregate"),
        ("orders.n", "orders.n: write the bare name of one column"),
        ("(SELECT 1)", "(SELECT 1) is not allowed here: write columns, numbers"),
        ("n IN (SELECT 1)", "this form of it is not available"),
        ("n BETWEEN SYMMETRIC 1 AND 2", "this form of it is not available"),
        ("CAST(n AS VARCHAR(3))", "CAST goes to BIGINT, DOUBLE, VARCHAR or BOOLEAN"),
        ("CAST(status AS BOOLEAN)", "compare the text instead, such as x = 'true'"),
        ("MOD(n, 2, 3) > 1", "MOD(n, 2, 3): it takes fewer arguments"),
        ("mod (n, 2, 3)", "mod (n, 2, 3): it takes fewer arguments"),
        ("ROUND(amount, '1')", "ROUND(amount, '1'): ROUND takes a number of decimals"),
        ("log10(n)", "unknown function 'LOG10'"),
        ("position('a' in s) > 0", "unknown function 'POSITION'"),
        ("strpos(s, 'a')", "unknown function 'STRPOS'"),
        ("substring(s from 1 for 2)", "unknown function 'SUBSTRING'"),
        ("s ~ '^a'", "s ~ '^a' is not allowed here: write columns, numbers"),
        ("s !~* '^a'", "s !~* '^a' is not allowed here"),
        ("s NOT IN (SELECT 1)", "s NOT IN (SELECT 1)"),
        ("ROUND(n, -1)", "ROUND takes a number of decimals from 0 to 15"),
        ("status LIKE user", "the pattern of LIKE is a text in quotes"),
        ("n IS 5", "after IS may follow NULL, TRUE or FALSE"),
        ("n IN ()", "IN needs a list of values in brackets"),
        ("NULL", "NULL is always NULL"),
        ("1e999", "is too large a number"),
        ("", "the expression is empty"),
        ("n >", "cannot be read at '>' after 'n': something is missing or too much there"),
        ("n = 1)", "cannot be read at ')' after 'n = 1'"),
        ("n n", "cannot be read at 'n' after 'n': write one SQL expression"),
        ("n = 'x", "cannot be read: is a quotation mark missing?"),
        ("SELECT n", "cannot be read at 'SELECT'"),
        ("n; DROP TABLE x", "cannot be read at 'DROP' after 'n;'"),
        ("__import__('os')", "unknown function '__IMPORT__'"),
    ],
)
def test_refuses(sql: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_scalar(sql, COLUMNS)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_keyword_that_is_a_column_is_to_be_quoted() -> None:
    columns = {"current_date": FieldType.INT}
    with pytest.raises(ExpressionError, match='in double quotes: "current_date"'):
        compile_scalar("current_date > 3", columns)
    assert compile_scalar('"current_date" > 3', columns).columns == {"current_date"}


@pytest.mark.parametrize("name", ["^a.*$", "*"])
def test_a_column_that_polars_would_take_for_a_pattern_is_refused(name: str) -> None:
    with pytest.raises(ExpressionError, match="Polars takes it for a pattern"):
        compile_scalar(f'"{name}" > 1', {name: FieldType.INT, "ab": FieldType.INT})


def test_knows_its_columns_and_text() -> None:
    scalar = compile_scalar("amount > n  OR amount IS NULL", COLUMNS)
    assert scalar.columns == {"amount", "n"}
    assert scalar.sql == "amount > n  OR amount IS NULL"


def test_a_predicate_is_a_condition() -> None:
    assert compile_predicate("n > 5", COLUMNS).type is FieldType.BOOL
    with pytest.raises(ExpressionError, match="this is an int, not a condition"):
        compile_predicate("n + 5", COLUMNS)


def test_a_column_of_unknown_type_fits_everywhere_but_gives_no_type() -> None:
    columns = {**COLUMNS, "mystery": None}
    assert compile_scalar("mystery > 5 AND mystery = 'x'", columns).type is FieldType.BOOL
    with pytest.raises(ExpressionError, match="the type of column 'mystery' is not known"):
        compile_scalar("COALESCE(mystery, NULL)", columns)


def test_a_value_that_is_the_same_for_all_rows_keeps_the_length_of_the_frame() -> None:
    """Polars makes one row of `5 > x` where x came out of a when-then as one value."""
    frame = pl.DataFrame({"n": [0, 0], "b": [False, False], "s": [None, None]})
    columns = {"n": FieldType.INT, "b": FieldType.BOOL, "s": FieldType.STRING}
    frame = frame.cast({"s": pl.String})
    for sql in ("5 > CASE WHEN b THEN n ELSE 0 END", "'' = COALESCE(s, '')", "1 <> n / 0"):
        scalar = compile_scalar(sql, columns)
        assert frame.with_columns(scalar.polars.alias("r")).height == 2
