"""Faults change one thing of a file, and every kind of them is found."""

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.coverage import Map, measured
from tests.mutants.exchange import exchange
from tests.mutants.faults import faults_of
from tests.mutants.trial import Outcome, share, statement, try_fault
from tests.mutants.worker import Worker

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("source", "mutants"),
    [
        ("a < b", {"a <= b"}),
        ("(a) == (b)", {"(a) != (b)"}),
        ("a not in b", {"a in b"}),
        ("a + b * c", {"a - b * c", "a + b / c"}),
        ("'a' + b", set()),
        ("a and b", {"a or b"}),
        ("not a", {"a"}),
        ("x = 1", {"x = 2"}),
        ("x = 1_000", {"x = 2000"}),
        ("x = True", {"x = False"}),
        ("min(a)", {"max(a)", "pass"}),
        ("a.is_null()", {"a.is_not_null()", "pass"}),
        ("if a:\n    b = c", {"if False:\n    b = c", "if True:\n    b = c"}),
        ("def f():\n    return a", {"def f():\n    return None"}),
        ("x += y", {"x -= y"}),
        ("while a:\n    break", {"while a:\n    continue"}),
        ('"""Text."""\nx: int', set()),
        ("raise E(1)", set()),
        ("ü = 'ü' if ä < ö else ß", {"ü = 'ü' if ä <= ö else ß"}),
    ],
)
def test_each_kind_of_fault_is_one_change(source: str, mutants: set[str]) -> None:
    encoded = source.encode()
    found = {fault.apply(encoded).decode() for fault in faults_of("m.py", encoded)}
    assert found == mutants


def test_every_fault_of_real_files_is_still_python() -> None:
    checkout = Path(__file__).parents[2]
    for path in sorted((checkout / "operators" / "progress").glob("*.py")):
        source = path.read_bytes()
        faults = faults_of(path.name, source)
        for fault in faults:
            assert ast.dump(ast.parse(fault.apply(source))) != ast.dump(ast.parse(source))


def test_a_fault_that_a_test_notices_is_told_from_one_that_none_does(tmp_path: Path) -> None:
    checkout = tmp_path / "from"
    (checkout / "tests" / "mutants").mkdir(parents=True)
    for plugin in ("plugin.py", "exchange.py", "serve.py"):
        (checkout / "tests" / "mutants" / plugin).write_bytes((HERE / plugin).read_bytes())
    (checkout / "operators").mkdir()
    (checkout / "operators" / "__init__.py").touch()
    (checkout / "operators" / "m.py").write_text(
        "LEAST = 2\n\n\n"
        "def twice(x):\n    return x + x\n\n\n"
        "def at_least_two(x):\n    return x >= LEAST\n\n\n"
        "def unused(x):\n    yield -x\n"
    )
    (checkout / "tests" / "test_m.py").write_text(
        "from operators.m import at_least_two, twice\n\n\n"
        "def test_three():\n    assert at_least_two(3) and twice(2) == 4\n\n\n"
        "def test_wrong():\n    assert not at_least_two(3)\n\n\n"
        "def test_else():\n    assert True\n"
    )
    (checkout / "pytest.ini").write_text("[pytest]\npythonpath = .\nmarkers =\n  services: x\n")
    with Worker(checkout, tmp_path / "to") as worker:
        tests, failed = measured(worker.copied)
        assert failed == ["tests/test_m.py::test_wrong"]
        assert tests["tests/test_m.py::test_three"].lines == {"operators/m.py": 1 << 5 | 1 << 9}
        Map("", tests).write(tmp_path / "map.json")
        reached = Map.read(tmp_path / "map.json")
        path = "operators/m.py"
        source = (checkout / path).read_bytes()
        # One that is noticed comes first: it must leave nothing behind in the process.
        faults = sorted(faults_of(path, source), key=lambda fault: fault.kind != "result")
        trials = [try_fault(fault, worker, reached) for fault in faults]
        assert (worker.copied / path).read_bytes() == source
    assert {one.after: one.outcome for one in trials} == {
        "LEAST = 3": Outcome.SURVIVED,
        "return None": Outcome.NOTICED,
        "return x - x": Outcome.NOTICED,
        "return x > LEAST": Outcome.SURVIVED,
        "yield x": Outcome.UNTESTED,
    }
    assert share(trials, frozenset()) == (3, 6)
    harmless = "operators/m.py: return x >= LEAST => return x > LEAST"
    assert share(trials, frozenset({harmless})) == (3, 5)


@pytest.mark.parametrize(
    ("line", "of"),
    [
        (1, None),
        (3, None),
        (4, range(4, 6)),
        (5, range(4, 6)),
        (6, range(6, 7)),
        (8, range(8, 9)),
        (9, range(9, 10)),
    ],
)
def test_the_statement_of_a_line_is_without_those_inside(line: int, of: range | None) -> None:
    text = "a = 1\n\ndef f(x=2):\n    if (x\n        < 1):\n        y = 3\n\n"
    text += "    elif x:\n        y = 4\n"
    assert statement(text.encode(), line) == of


def test_functions_that_are_imported_already_get_other_code() -> None:
    before = (
        "def add(x):\n    def more(y):\n        return x + y\n    return more\n\n"
        "class Number:\n    @property\n    def one(self):\n        return 1\n"
    )
    known: dict[str, Any] = {}
    exec(compile(before, "m.py", "exec"), known)  # noqa: S102  # a module made here
    three = known["add"](3)
    after = before.replace("x + y", "x - y")
    assert exchange("m.py", before.encode(), after.encode())
    assert (three(2), known["add"](5)(1), known["Number"]().one) == (1, 4, 1)
    assert exchange("m.py", after.encode(), after.replace("return 1", "return 2").encode())
    assert (three(2), known["Number"]().one) == (1, 2)
    assert not exchange("m.py", before.encode(), before.replace("more", "other").encode())
    assert not exchange("m.py", before.encode(), before.replace("x + y", "0 + y").encode())
