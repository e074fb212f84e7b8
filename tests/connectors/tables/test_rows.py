"""Files of rows: read with the declared types, or refused in one line."""

import gzip
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.tables.rows import read_rows
from tidegauge.errors import UserMistake
from tidegauge.spec.models import Table

TABLE = Table.model_validate(
    {
        "file": "t.csv",
        "key": "id",
        "fields": {
            "id": {"type": "string"},
            "n": {"type": "int"},
            "x": {"type": "float"},
            "on": {"type": "bool"},
        },
    }
)
ROWS = [("a", 1, 1.5, True), ("b", None, None, None), ("ö,\n", -3, 2.0, False)]


STRAY = "a quotation mark within a cell; put the whole cell in quotes, and the mark twice"


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """A file."""
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def parquet(folder: Path, **columns: Any) -> Path:
    """A Parquet file."""
    file = folder / "t.parquet"
    pl.DataFrame(columns).write_parquet(file)
    return file


def refusal(file: Path) -> str:
    """What is said of a file, without its place."""
    with pytest.raises(UserMistake) as raised:
        read_rows("t", file, TABLE)
    text = str(raised.value)
    assert "\n" not in text
    assert text.startswith(f"tables.t: {file}: ")
    return text.removeprefix(f"tables.t: {file}: ")


def test_a_csv_has_a_header_and_may_have_other_columns(tmp_path: Path) -> None:
    text = '\ufeffid,other,on,x,n\na,?,true,1.5,1\nb,,,,\n"ö,\n",?,FALSE,2,-3\n'
    assert read_rows("t", write(tmp_path, "t.csv", text), TABLE).rows() == ROWS


def test_json_lines_are_read_as_messages_are(tmp_path: Path) -> None:
    text = (
        '{"id": "a", "n": 1, "x": 1.5, "on": true}\n{"id": "b", "other": [1]}\n'
        '{"id": "ö,\\n", "n": -3, "x": 2, "on": false}\n'
    )
    assert read_rows("t", write(tmp_path, "t.jsonl", text), TABLE).rows() == ROWS


def test_parquet_columns_are_widened_but_not_converted(tmp_path: Path) -> None:
    ids = pl.Series(["a", "b", "ö,\n"], dtype=pl.Categorical)
    file = parquet(
        tmp_path,
        id=ids,
        n=pl.Series([1, None, -3], dtype=pl.Int8),
        x=pl.Series([1.5, None, 2.0], dtype=pl.Float32),
        on=[True, None, False],
    )
    assert read_rows("t", file, TABLE).rows() == ROWS


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n\r\n", "\n  \n", "\n,,,,\n"])
def test_a_line_without_a_value_is_no_row(tmp_path: Path, end: str) -> None:
    text = 'id,other,on,x,n\na,?,true,1.5,1\n\nb,,,,\n"ö,\n",?,FALSE,2,-3' + end
    assert read_rows("t", write(tmp_path, "t.csv", text), TABLE).rows() == ROWS


def test_a_blank_line_of_json_lines_is_no_row(tmp_path: Path) -> None:
    text = '{"id": "a", "n": 1, "x": 1.5, "on": true}\n\n{"id": "b"}\n \n'
    assert read_rows("t", write(tmp_path, "t.jsonl", text), TABLE).rows() == ROWS[:2]


def test_an_int_may_be_written_with_a_fraction_of_nothing(tmp_path: Path) -> None:
    text = "id,n,x,on\na,1.0,,\nb,-2e1,,\nc,,,\nd,7,,\n"
    rows = read_rows("t", write(tmp_path, "t.csv", text), TABLE)
    assert rows["n"].to_list() == [1, -20, None, 7]
    floats = parquet(tmp_path, id=["a", "b", "c"], n=[1.0, None, -3.0], x=[1, 1, 1], on=[True] * 3)
    assert read_rows("t", floats, TABLE)["n"].to_list() == [1, None, -3]
    half = parquet(tmp_path, id=["a", "b"], n=[1.0, 2.5], x=[1, 1], on=[True] * 2)
    assert refusal(half) == "row 2: n is 2.5, allowed is int"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id,n,x,on\na,1.5,1,true\n", "row 1: n is '1.5', allowed is int"),
        ("id,n,x,on\na,1e99,1,true\n", "row 1: n is '1e99', allowed is int"),
        ("id,n,x,on\na,,,\n\n,,,\nb,one,,\n", "row 4: n is 'one', allowed is int"),
        ("id,n,x,on\na,,,\n\na,,,\n", "row 3: id is 'a', as in a row before"),
        ("id,n,x,on\na,1,1,true\nb,1,one,true\n", "row 2: x is 'one', allowed is float"),
        ("id,n,x,on\na,1,nan,true\n", "row 1: x is 'nan', allowed is float"),
        ("id,n,x,on\na,1,1,yes\n", "row 1: on is 'yes', allowed is bool"),
        ("id,n,x,on\n,1,1,true\n", "row 1: id is absent, but it is the table's key"),
        ("id,n,x,on\na,,,\nb,,,\na,,,\n", "row 3: id is 'a', as in a row before"),
        ("id,n,x\na,1,1\n", "there is no column 'on'; it has: id, n, x"),
        ("", "it is empty; a CSV begins with a header"),
        ("\n\r\n", "it is empty; a CSV begins with a header"),
        ("id;n;x;on\n", "there are no columns 'id', 'n', 'x', 'on'; it has: id;n;x;on"),
        ("id,n,x,on,n\na,1,1,true,2\n", "the header has 'n' twice; rename one of them"),
        ("id,n,x,on\na,1,1\nb,,,\n", "line 2: 3 cells, the header has 4"),
        ('id,n,x,on\n"a\nb",,,\n\nb\n', "line 5: 1 cell, the header has 4"),
        (
            "id,n,x,on\na,,,\nb,1,1,500,true\n",
            "line 3: 5 cells, the header has 4; a cell with a comma in it needs quotes",
        ),
        ('id,n,x,on\na,,,\n"b,,,\nc,,,', "line 3: a quoted cell begins here and does not end"),
        (
            'id,n,x,on\na,,,\n"b,,,\n"c",,,',
            f"line 4: {STRAY}",
        ),
        (
            'id,n,x,on\na,,,\n5" pipe,,,\nb,,,\n',
            f"line 3: {STRAY}",
        ),
    ],
)
def test_what_is_wrong_with_a_csv_is_a_line(tmp_path: Path, text: str, told: str) -> None:
    assert refusal(write(tmp_path, "t.csv", text)) == told


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_one_of_three_ways(tmp_path: Path, end: str) -> None:
    text = end + 'id,n,x,on\n"a",1,1.5,true\n\nb,,,\nc,-3,2,FALSE\n'.replace("\n", end)
    rows = read_rows("t", write(tmp_path, "t.csv", text), TABLE).rows()
    assert rows == [*ROWS[:2], ("c", -3, 2.0, False)]


@pytest.mark.parametrize("end", ["\x1a", "\n\x1a", "\r\n\x1a\r\n", "\x1a\x1a"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_stands_around_a_text_is_not_read(tmp_path: Path, mark: str, end: str) -> None:
    text = f"{mark}id,n,x,on\na,1,1.5,true\nb,,,{end}"
    assert read_rows("t", write(tmp_path, "t.csv", text), TABLE).rows() == ROWS[:2]
    text = f'{mark}{{"id": "a", "n": 1, "x": 1.5, "on": true}}\n{{"id": "b"}}{end}'
    assert read_rows("t", write(tmp_path, "t.jsonl", text), TABLE).rows() == ROWS[:2]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_another_encoding_is_named(tmp_path: Path, encoding: str, suffix: str) -> None:
    file = write(tmp_path, f"t.{suffix}", "id,n,x,on\nä,,,\n".encode(encoding))
    assert refusal(file) == f"it is {encoding[:6].upper()}; save it as UTF-8"


def test_what_is_no_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    for text, line in (("id,n,x,on\na,,,\nä,,,\n", 3), ("id,n,x,on,ä\na,,,,\n", 1)):
        file = write(tmp_path, "t.csv", text.encode("latin-1"))
        assert refusal(file) == f"line {line}: it is not UTF-8"


def test_a_compressed_file_is_no_utf_8(tmp_path: Path) -> None:
    for seed in range(20):
        text = f"id,n,x,on\na{seed},,,\n".encode()
        file = write(tmp_path, "t.csv", gzip.compress(text, mtime=seed))
        assert refusal(file) == "line 1: it is not UTF-8"


def test_marks_within_cells_that_are_not_quoted_stay_as_they_are(tmp_path: Path) -> None:
    text = 'id,n,x,on\nsay "hi",,,\n"5""",,,\n'
    rows = read_rows("t", write(tmp_path, "t.csv", text), TABLE)
    assert rows["id"].to_list() == ['say "hi"', '5"']


def test_a_column_that_is_not_declared_may_be_there_twice(tmp_path: Path) -> None:
    text = "id,n,x,on,,\na,1,1.5,true,,\n"
    assert read_rows("t", write(tmp_path, "t.csv", text), TABLE).rows() == ROWS[:1]


def test_a_parquet_file_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    file = parquet(tmp_path, id=["a", "b"], n=[1, 2], x=[1.0, 2.0], on=[True, False])
    content = file.read_bytes()
    for size in range(0, len(content), 7):
        file.write_bytes(content[:size])
        assert refusal(file).startswith("cannot be read as parquet: ")


def test_what_is_wrong_with_another_file_is_a_line(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.csv") == "cannot be read: No such file or directory"
    lines = '{"id": "a"}\n{"id": 5}\n'
    assert refusal(write(tmp_path, "t.jsonl", lines)).startswith(
        "row 2: id is an int, allowed is string"
    )
    lines = '{"id": "a"}\n\n{"id": 5}\n'
    assert refusal(write(tmp_path, "t.jsonl", lines)).startswith("row 3: id is an int")
    assert refusal(write(tmp_path, "t.parquet", "none")).startswith("cannot be read as parquet: ")
    strings = parquet(tmp_path, id=["a"], n=["1"], x=[1.0], on=[True])
    assert refusal(strings) == "column n holds String, allowed is int"
    large = parquet(tmp_path, id=["a"], n=pl.Series([2**63], dtype=pl.UInt64), x=[1.0], on=[True])
    assert refusal(large) == "row 1: n is 9223372036854775808, allowed is int"


def test_a_sensitive_key_is_not_told(tmp_path: Path) -> None:
    fields = {"id": {"type": "string", "sensitive": True}, "n": {"type": "int"}}
    table = Table.model_validate({"file": "t.csv", "key": "id", "fields": fields})
    with pytest.raises(UserMistake, match="row 2: id is the same, as in a row before") as error:
        read_rows("t", write(tmp_path, "t.csv", "id,n\nsecret,1\nsecret,2\n"), table)
    assert "secret" not in str(error.value)
