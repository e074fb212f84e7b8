"""Names: the words in those of fields, and names of ours made from those of others."""

import re
import unicodedata
from collections.abc import Collection

MAX_LENGTH = 60
"""Leaves room for what is put before and after a name."""

_ESCAPED = re.compile(r'["\\\x00-\x1f]')
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")


def is_escaped(name: str) -> bool:
    """Whether JSON writes the name of a field with a backslash; the decoder reads no such field.

    >>> is_escaped('5" disk'), is_escaped("it's")
    (True, False)
    """
    return _ESCAPED.search(name) is not None


def words(name: str) -> list[str]:
    """The words of a name, in small letters.

    >>> words("createdAt"), words("HTTP-status"), words("Größe (m)")
    (['created', 'at'], ['http', 'status'], ['grosse', 'm'])
    """
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss"))
    ascii_only = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return [word.lower() for word in _BOUNDARY.split(ascii_only) if word]


def name_of(text: str, otherwise: str) -> str:
    """A name for the pipeline file: letters, digits and underscores, beginning with a letter.

    >>> name_of("amount (EUR)", "field"), name_of("2nd", "field"), name_of("金額", "field")
    ('amount_eur', 'field_2nd', 'field')
    """
    return _joined(text, "_", otherwise)


def pipeline_name(topic: str) -> str:
    """A name for the pipeline that reads a topic.

    >>> pipeline_name("shop.Payments_v2"), pipeline_name("42")
    ('shop-payments-v2', 'topic-42')
    """
    name = _joined(re.sub(r"[^A-Za-z0-9]+", " ", topic).lower(), "-", "topic")
    # Cut to length it could be one whose dead letters go where the messages come from.
    return f"{name[:-2]}-2" if f"{name}-dead-letters" == topic else name


def unique(name: str, taken: Collection[str]) -> str:
    """The name, with a number where it is taken."""
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}_{number}"
    return candidate


def _joined(text: str, between: str, otherwise: str) -> str:
    name = between.join(words(text)) or otherwise
    if not name[0].isalpha():
        name = f"{otherwise}{between}{name}"
    return name[:MAX_LENGTH].rstrip(between)
