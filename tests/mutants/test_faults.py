"""Faults change one thing of a file, and every kind of them is found."""

import ast
from pathlib import Path

import pytest

from tests.mutants.faults import faults_of
from tests.mutants.trial import Outcome, copy_of, covering_tests, share, try_fault


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
    (checkout / "tests").mkdir(parents=True)
    (checkout / "m.py").write_text("def at_least_two(x):\n    return x >= 2\n")
    (checkout / "tests" / "test_m.py").write_text(
        "from m import at_least_two\n\n\ndef test_three():\n    assert at_least_two(3)\n"
    )
    (checkout / "conftest.py").write_text("")
    (checkout / "pytest.ini").write_text("[pytest]\npythonpath = .\nmarkers =\n  services: x\n")
    copied = copy_of(checkout, tmp_path / "to")
    lines = {("m.py", 2): frozenset({"tests.test_m.test_three"})}
    source = (checkout / "m.py").read_bytes()
    trials = [try_fault(fault, copied, lines) for fault in faults_of("m.py", source)]
    assert {one.after: one.outcome for one in trials} == {
        "return None": Outcome.NOTICED,
        "return x > 2": Outcome.SURVIVED,
        "return x >= 3": Outcome.SURVIVED,
    }
    assert share(trials, frozenset()) == (1, 3)
    assert share(trials, frozenset({"m.py: return x >= 2 => return x >= 3"})) == (1, 2)
    assert (copied / "m.py").read_bytes() == source
    assert covering_tests(trials[0].fault, {}, copied) == []
