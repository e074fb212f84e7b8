r"""Escapes of InfluxDB's line protocol, for texts in Python and for columns of texts.

Tag values and names can hold every character but these, which are replaced by visible ones:

- control characters (U+0000 to U+001F, U+007F) by their pictures (U+2400 to U+241F, U+2421):
  a line feed would end the line, and the server takes some of the others for white space;
- a backslash at the end by `⧵` (U+29F5): it would escape the separator behind it, and the
  protocol has no escape for a backslash;
- in names also every other backslash: the server's scanners differ over what it escapes there.

String fields can hold every text unchanged.
"""

import polars as pl

from tidegauge.records import EMPTY_KEY

_CONTROLS = {chr(code): chr(0x2400 + code) for code in range(0x20)} | {"\x7f": "\u2421"}
_SEPARATORS = {",": r"\,", " ": r"\ ", "=": r"\="}
_TAG = _CONTROLS | _SEPARATORS
_STRING = {"\\": r"\\", '"': r"\""}
_BACKSLASH = "\u29f5"
_NAME = _TAG | {"\\": _BACKSLASH}


def escaped_name(name: str) -> str:
    """A measurement's, tag's or field's name."""
    return "".join(_NAME.get(character, character) for character in name)


def stored_tag(value: str) -> str:
    """A tag's value as a query gives it back; the empty text becomes `(empty)`."""
    if value.endswith("\\"):
        value = value[:-1] + _BACKSLASH
    return "".join(_CONTROLS.get(character, character) for character in value or EMPTY_KEY)


def escaped_tag(value: str) -> str:
    """A tag's value as it is written."""
    return "".join(_SEPARATORS.get(character, character) for character in stored_tag(value))


def escaped_tags(values: pl.Expr) -> pl.Expr:
    """Values of a tag, given as texts, as `escaped_tag` does it; null stays null."""
    values = (
        pl.when(values == "")
        .then(pl.lit(EMPTY_KEY))
        .when(values.str.ends_with("\\"))
        .then(values.str.strip_suffix("\\") + _BACKSLASH)
        .otherwise(values)
    )
    return values.str.replace_many(list(_TAG), list(_TAG.values()))


def escaped_strings(values: pl.Expr) -> pl.Expr:
    """Values of a string field, given as texts, as they stand between the quotes."""
    return values.str.replace_many(list(_STRING), list(_STRING.values()))
