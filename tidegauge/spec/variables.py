"""`${NAME}` and `${NAME:-default}`: values from the environment."""

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def substitute(text: str, environment: Mapping[str, str]) -> str:
    """The text with its variables replaced; an unset or empty one by its default.

    Raises:
        ValueError: a variable is not set and has no default, or is not written as one.
    """
    parts = []
    end = 0
    for found in _VARIABLE.finditer(text):
        parts += [text[end : found.start()], _value(found, environment)]
        end = found.end()
        _check_rest(parts[-2])
    _check_rest(text[end:])
    return "".join([*parts, text[end:]])


def _value(found: re.Match[str], environment: Mapping[str, str]) -> str:
    name, default = found.groups()
    value = environment.get(name) or default
    if value is None:
        if name in environment:
            return ""
        raise ValueError(f"variable {name} is not set: set it, or write ${{{name}:-default}}")
    return value


def _check_rest(text: str) -> None:
    if "${" in text:
        raise ValueError(f"{text!r}: a variable is written ${{NAME}} or ${{NAME:-default}}")
