"""`${NAME}` and `${NAME:-default}`: values from the environment, but no secrets.

What is in a pipeline file is in records, dashboards and logs.
"""

import re
from collections.abc import Mapping

from tidegauge.secrets import is_secret
from tidegauge.texts import is_text

_SHORTEST = 8
"""Shorter values may be equal by chance."""
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def substitute(text: str, environment: Mapping[str, str]) -> str:
    """The text with its variables replaced; an unset or empty one by its default.

    Raises:
        ValueError: a variable is not set and has no default, holds a secret, or is not written as
            one.
    """
    parts = []
    end = 0
    for found in _VARIABLE.finditer(text):
        check_public(found[1], environment)
        parts += [text[end : found.start()], _value(found, environment)]
        end = found.end()
        _check_rest(parts[-2])
    _check_rest(text[end:])
    return "".join([*parts, text[end:]])


def _value(found: re.Match[str], environment: Mapping[str, str]) -> str:
    name, default = found.groups()
    value = environment.get(name) or default
    if value is not None and not is_text(value):
        raise ValueError(f"variable {name} holds bytes that are no UTF-8")
    if value is None:
        if name in environment:
            return ""
        raise ValueError(f"variable {name} is not set: set it, or write ${{{name}:-default}}")
    return value


def check_public(name: str, environment: Mapping[str, str]) -> None:
    """See that a variable holds no secret, by its name or by having the value of one in it.

    Raises:
        ValueError: it does.
    """
    value = environment.get(name, "")
    shown = any(
        len(other) >= _SHORTEST and other in value and is_secret(secret)
        for secret, other in environment.items()
    )
    if shown or is_secret(name):
        raise ValueError(
            f"variable {name} holds a secret, and what is in this file is written and shown:"
            " leave it out; servers' secrets are settings, and are not in the file"
        )


def _check_rest(text: str) -> None:
    if "${" in text:
        raise ValueError(f"{text!r}: a variable is written ${{NAME}} or ${{NAME:-default}}")
