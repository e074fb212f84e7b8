import pytest

from tidegauge.spec.variables import substitute

ENVIRONMENT = {"NAME": "x", "EMPTY": "", "ODD": "${NAME}"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("${NAME}", "x"),
        ("a-${NAME}-${NAME}", "a-x-x"),
        ("${NOPE:-10s}", "10s"),
        ("${NOPE:-}", ""),
        ("${NAME:-y}", "x"),
        ("${EMPTY:-y}", "y"),
        ("${EMPTY}", ""),
        ("${ODD}", "${NAME}"),
        ("$NAME $5 {NAME}", "$NAME $5 {NAME}"),
    ],
)
def test_values_come_from_the_environment(text: str, expected: str) -> None:
    assert substitute(text, ENVIRONMENT) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${NOPE}", r"variable NOPE is not set: set it, or write \${NOPE:-default}"),
        ("${NAME", r"a variable is written \${NAME} or \${NAME:-default}"),
        ("${1}", r"a variable is written"),
        ("${NAME:y}", r"a variable is written"),
    ],
)
def test_what_cannot_be_had_is_told(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        substitute(text, ENVIRONMENT)
