"""Secrets of a process: from a variable of the environment, or from the file that another names."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_SECRET = re.compile(
    r"(TOKEN|PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIALS?|(^|_|API|PRIVATE|ACCESS)KEY)$",
    re.IGNORECASE,
)
FILE = "_FILE"
"""What the name of a variable ends in that names a file with the secret."""


def is_secret(variable: str) -> bool:
    """Whether a variable holds a secret, as its name says: `…_TOKEN`, `…_PASSWORD`, `…_KEY`."""
    return _SECRET.search(variable) is not None


def with_files(values: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """Settings with the secrets that are in files put where they belong.

    A file's content is the secret, without line feeds at its end.

    Args:
        values: settings by variable or name.
        secrets: the variable of each secret, by its name among the settings.

    Raises:
        ValueError: a file cannot be read or is empty, or a secret is given twice; a line for each,
            without the secret.
    """
    found = dict(values)
    wrong = []
    for name, variable in secrets.items():
        path = values.get(variable + FILE) or values.get(name + FILE.lower())
        if not path:
            continue
        if found.get(variable) or found.get(name):
            wrong.append(f"{variable} and {variable}{FILE} are both set: set one of them")
            continue
        try:
            found[variable] = _content(Path(path))
        except ValueError as error:
            wrong.append(f"{variable}{FILE}={path}: {error}")
    if wrong:
        raise ValueError("\n".join(wrong))
    return found


def _content(path: Path) -> str:
    try:
        text = path.read_text().rstrip("\r\n")
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("is no text") from None
    if not text:
        raise ValueError("is empty")
    return text
