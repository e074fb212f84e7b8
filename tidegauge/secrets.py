"""Secrets of a process: from a variable of the environment, or from the file that another names."""

import re
from collections import Counter
from collections.abc import Mapping
from math import log2
from pathlib import Path
from typing import Any

_SECRET = re.compile(
    r"(TOKEN|PASSWORD|PASSWD|(^|_)PASS|PASSPHRASE|SECRET|CREDENTIALS?|(^|_|API|PRIVATE|ACCESS)KEY)$",
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


_LEAST_DISTINCT = 6
_LEAST_BITS = 40.0
_WORDS = (
    *("changeme", "changeit", "change", "replace", "password", "passwort", "passwd", "secret"),
    *("example", "sample", "default", "dummy", "test", "demo", "todo", "fixme", "insert", "your"),
    *("tidegauge", "hashkey", "hash", "token", "admin", "root", "letmein", "qwertyuiop", "qwerty"),
    *("asdfghjkl", "please", "here", "this", "opensslrandhex32"),
)
_RUNS = ("0123456789abcdef", "0123456789", "abcdefghijklmnopqrstuvwxyz")
_LONGEST_RUN = 4
"""Of neighbours in the alphabet; more of them in a row are no accident."""


def weakness_of(key: str) -> str | None:
    """Why a key can be guessed; None for one that may be random.

    Looks for what people write who do not make one: the same again and again, rows of the alphabet
    and the keyboard, and words of examples. Nothing can tell that a key is random.
    """
    if len(set(key)) < _LEAST_DISTINCT:
        return f"has only {len(set(key))} different characters"
    if (key + key).find(key, 1) < len(key):
        return "is the same again and again"
    rest = "".join(filter(str.isalnum, key.casefold()))
    for word in _WORDS:
        rest = rest.replace(word, "")
    for run in _RUNS:
        for row in (run * 2, run[::-1] * 2):
            rest = _without_rows(rest, row)
    if _bits(rest) < _LEAST_BITS:
        return "is made of words, repetitions or rows of the alphabet or the keyboard"
    return None


def _without_rows(text: str, row: str) -> str:
    """A text without what of it is a long part of a row."""
    kept, at = "", 0
    while at < len(text):
        length = 1
        while at + length < len(text) and text[at : at + length + 1] in row:
            length += 1
        kept += "" if length > _LONGEST_RUN else text[at : at + length]
        at += length
    return kept


def _bits(text: str) -> float:
    """About how much is in a text, by how often each of its characters is there."""
    counts = Counter(text).values()
    return -sum(count * log2(count / len(text)) for count in counts)
