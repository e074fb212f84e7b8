"""`tidegauge check` reads files of tables as the start and the tests of a file do."""

import json
from pathlib import Path

import polars as pl
import pytest

from tests.tidegauge.cli.test_main import run

FILE = """\
version: 1
pipeline: enriched
sources:
  payments:
    kafka: {topic: payments}
    event_time: {field: ts, format: epoch_s, out_of_orderness: 0s}
    fields: {shop: {type: string}, ts: {type: int}}
    enrich:
      shops: {on: shop, fields: [city, open]}
tables:
  shops:
    file: NAME
    key: shop
    fields: {shop: {type: string}, city: {type: string}, open: {type: bool}, n: {type: int}}
windows:
  spend: {from: payments, tumbling: {size: 10s}, by: [city], select: {count: count(*)}}
"""
TEST = "tests:\n- {events: e.jsonl, expect: {dead_letters: 0}}\n"
HEADER = b"shop,city,open,n\n"
WRONG_CSV = {
    "the same key twice": HEADER + b"a,,,\na,,,\n",
    "no key": HEADER + b",x,,\n",
    "another type": HEADER + b"a,,yes,\n",
    "too large": HEADER + b"a,,,9223372036854775808\n",
    "no number": HEADER + b"a,,,nan\n",
    "thousands": HEADER + b'a,,,"1,000"\n',
    "padded": HEADER + b"a,x, true, 1\n",
    "not closed": HEADER + b'"a,,,\n',
    "more cells": HEADER + b"a,,,,\n",
    "fewer cells": HEADER + b"a,\n",
    "no column": b"shop,city,open\n",
    "a column twice": b"shop,city,open,n,n\n",
    "empty": b"",
    "UTF-16": HEADER.decode().encode("utf-16"),
    "Latin 1": HEADER + "ä,,,\n".encode("latin-1"),
}
CSV = {
    "CR alone": b"shop,city,open,n\ra,,true,1\rb,,,\r",
    "empty lines": b"\n\n" + HEADER + b"\na,,,\n\n",
    "byte order mark": b"\xef\xbb\xbf" + HEADER + b"a,,,\n",
    "end of DOS": HEADER + b"a,,,\n\x1a",
    "quoted": b'"shop","city","open","n"\n"a","x\ny","true","1"\n',
}
WRONG_JSON = {
    "an array": b'[{"shop": "a"}]\n',
    "over several lines": b'{\n"shop": "a"\n}\n',
    "null": b"null\n",
    "half a pair": b'{"shop": "\\ud800"}\n',
    "the same key twice": b'{"shop": "a"}\n{"shop": "a"}\n',
    "no whole number": b'{"shop": "a", "n": 1.5}\n',
    "not finite": b'{"shop": "a", "n": NaN}\n',
    "UTF-32": '{"shop": "a"}\n'.encode("utf-32"),
}
JSON = {
    "byte order mark": b'\xef\xbb\xbf{"shop": "a", "n": 1}\n',
    "end of DOS": b'{"shop": "a"}\r\n\x1a',
    "nothing": b"",
}
FILES = [
    pytest.param(name, content, codes, id=f"{name}: {what}")
    for name, files, codes in (
        ("t.csv", WRONG_CSV, (1, 2)),
        ("t.csv", CSV, (0, 0)),
        ("t.jsonl", WRONG_JSON, (1, 2)),
        ("t.jsonl", JSON, (0, 0)),
    )
    for what, content in files.items()
]


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP", raising=False)


def write(folder: Path, name: str, more: str = "") -> Path:
    """The pipeline file, with a message for its tests."""
    (folder / "e.jsonl").write_text('{"ts": 1767225600, "shop": "a"}\n')
    file = folder / "p.yaml"
    file.write_text(FILE.replace("NAME", name) + more)
    return file


def lines_of_check(file: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    code, out, err = run("check", str(file), capsys=capsys)
    assert err == ""
    return code, out.splitlines()


@pytest.mark.parametrize(("name", "content", "codes"), FILES)
def test_whatever_check_passes_is_read_and_what_it_refuses_is_not(
    name: str,
    content: bytes,
    codes: tuple[int, int],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / name).write_bytes(content)
    file = write(tmp_path, name, TEST)
    checked, lines = lines_of_check(file, capsys)
    tested, _, err = run("test", str(file), capsys=capsys)
    assert (checked, tested) == codes
    if checked:
        (line,) = lines
        reason = err.strip().removeprefix(f"tables.shops: {tmp_path / name}: ")
        assert line == f"{file}:12: tables.shops.file: {name}: {' '.join(reason.split())}"


def test_a_row_is_told_with_its_line_and_the_line_of_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pl.DataFrame({"shop": ["a"], "city": ["x"], "open": [True]}).write_parquet(
        tmp_path / "t.parquet"
    )
    file = write(tmp_path, "t.parquet")
    told = (
        f"{file}:12: tables.shops.file: t.parquet: there is no column 'n'; it has: shop, city, open"
    )
    assert lines_of_check(file, capsys) == (1, [told])


def test_a_file_that_is_not_there_is_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, "none.csv")
    told = "there is no file none.csv; the flow does not start without it"
    code, lines = lines_of_check(file, capsys)
    assert code == 0
    assert lines[0] == f"warning: {file}:12: tables.shops.file: {told}"
    code, out, _ = run("check", "--json", str(file), capsys=capsys)
    assert json.loads(out)[0]["warnings"] == [
        {"line": 12, "key": "tables.shops.file", "message": told}
    ]


def test_one_that_a_test_reads_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, "none.csv", TEST)
    told = "there is no file none.csv, which a test of this file reads"
    assert lines_of_check(file, capsys) == (1, [f"{file}:12: tables.shops.file: {told}"])
    (tmp_path / "other.csv").write_bytes(HEADER)
    file = write(tmp_path, "none.csv", TEST.replace("expect", "tables: {shops: other.csv}, expect"))
    assert lines_of_check(file, capsys)[0] == 0
    (tmp_path / "other.csv").write_bytes(HEADER + b",x,,\n")
    told = "other.csv: row 1: shop is absent, but it is the table's key"
    assert lines_of_check(file, capsys) == (1, [f"{file}:18: tests[0].tables.shops: {told}"])
