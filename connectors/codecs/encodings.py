"""Encodings of text that are not UTF-8, told by the first bytes."""

import codecs
import json

_LOOKED_AT = 2
"""Characters that have to look like text where no byte order mark says that it is one."""


def other_encoding(content: bytes) -> str | None:
    """`UTF-16` or `UTF-32` where the content is text in that; None for all else.

    It begins with a byte order mark, or with characters of ASCII as JSON and headers do.
    """
    name = json.detect_encoding(content)
    if name.startswith("utf-8"):
        return None
    try:
        text = content.decode(name)
    except UnicodeDecodeError:
        return None
    beginning = "".join(text[:_LOOKED_AT].split())
    marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE))
    if not marked and not (beginning.isascii() and beginning.isprintable()):
        return None  # other bytes with zeros among them
    return name[: len("utf-16")].upper()
