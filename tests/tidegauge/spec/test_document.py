import pytest

from tidegauge.spec.document import Document, UnreadableError, read_document

TEXT = """\
# a comment
a: 1
b:
  c: two
  d:
    - x
    - y: [3, 4]
  e: |
    text
"""


def test_knows_the_line_of_every_key_and_value() -> None:
    document = read_document(TEXT, {})
    assert document.value == {"a": 1, "b": {"c": "two", "d": ["x", {"y": [3, 4]}], "e": "text\n"}}
    assert document.keys == {
        ("a",): 2,
        ("b",): 3,
        ("b", "c"): 4,
        ("b", "d"): 5,
        ("b", "d", 1, "y"): 7,
        ("b", "e"): 8,
    }
    assert document.line(("b", "d", 1, "y", 0)) == 7
    assert document.line(("b", "d", 0)) == 6
    assert document.line(("b", "d")) == 5
    assert document.line(("b", "missing", "deep")) == 3
    assert document.line(("missing",)) == 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("0x10", 16),
        ("1e3", 1000.0),
        ("yes", "yes"),
        ("true", True),
        ("~", None),
        ("2026-01-05", "2026-01-05"),
        (r'"\ud83c\udf0a"', "🌊"),
        ("'1'", "1"),
        ("", None),
    ],
)
def test_reads_scalars_as_yaml_1_2(text: str, value: object) -> None:
    assert read_document(text, {}).value == value


def problems(document: Document) -> list[tuple[int, str, str]]:
    return [
        (problem.line or document.line(problem.path), str(problem.path[-1]), problem.message)
        for problem in document.problems
    ]


def test_the_first_of_two_equal_keys_stands() -> None:
    document = read_document("a: 1\nb: 2\na: 3\n", {})
    assert document.value == {"a": 1, "b": 2}
    assert problems(document) == [(3, "a", "the key is here twice, first in line 1")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x {b: *x}", "an alias within what it stands for"),
        ("a: !secret x", "tag !secret is not available"),
        ("a: !!python/object:os.system x", "tag tag:yaml.org,2002:python/object:os.system is not"),
        ("a: !!int x", "'x' cannot be read as int"),
        ("a: {[b]: c}", "a key is a text, not a list or mapping"),
        (r'a: "\ud83c"', "half of a character"),
        ("a: ${NOPE}", "variable NOPE is not set: set it, or write ${NOPE:-default}"),
    ],
)
def test_what_is_wrong_with_a_value_is_a_problem(text: str, message: str) -> None:
    found = problems(read_document(text, {}))
    assert [line for line, _, _ in found] == [1]
    assert found[0][1] in ("a", "b")
    assert message in found[0][2]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: b: c", 1, "mapping values are not allowed here"),
        ("a:\n  - b\n c: 1", 3, "expected <block end>, but found"),
        ("a: [1,\n\n", 3, "expected the node content, but found '<stream end>'"),
        ("a: 1\n\tb: 2", 2, "found character '\\t' that cannot start any token"),
        ("--- 1\n--- 2", 2, "but found another document"),
        ("a: 1\nb: \x07", 2, "special characters are not allowed"),
        ("a: *b", 1, "found undefined alias 'b'"),
        ("x: {a: ${B}}", 1, "put ${…} in quotes here"),
        ("\n" + "[" * 2000, 2, "more than 200 brackets are open"),
        ("- " * 2000, 1, "nested too deeply"),
        ("a: 1\n" * 60_000, 1, "longer than 262,144 characters"),
    ],
)
def test_what_is_no_yaml_is_unreadable(text: str, line: int, message: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        read_document(text, {})
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.line == line


def test_aliases_do_not_multiply_without_end() -> None:
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for inner, outer in zip("abcde", "bcdef", strict=True):
        lines.append(f"{outer}: &{outer} [{', '.join([f'*{inner}'] * 10)}]")
    with pytest.raises(UnreadableError, match="more than 20,000 values"):
        read_document("\n".join(lines), {})
