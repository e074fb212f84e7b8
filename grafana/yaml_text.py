"""Plain values as YAML: the same text whatever library version writes it, and no surprises.

Words stand bare, all other texts are quoted, for YAML 1.1 and 1.2 take different ones for numbers
and truth values. Texts with quotation marks in them stand in blocks of their own.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def yaml_text(value: Mapping[str, Any], heading: str) -> str:
    """A document, with a comment on top.

    Args:
        value: mappings, sequences, texts, numbers, truth values.
        heading: one line.
    """
    return "\n".join([f"# {heading}", *_mapping(value, 0)]) + "\n"


def _mapping(value: Mapping[str, Any], depth: int) -> Iterator[str]:
    for key, held in value.items():
        yield from _held(f"{'  ' * depth}{_scalar(key)}:", held, depth)


def _sequence(value: Sequence[Any], depth: int) -> Iterator[str]:
    for held in value:
        lines = list(_mapping(held, depth + 1)) if isinstance(held, Mapping) and held else []
        if lines:
            yield f"{'  ' * depth}- {lines[0].lstrip()}"
            yield from lines[1:]
        else:
            yield from _held(f"{'  ' * depth}-", held, depth)


def _held(before: str, value: Any, depth: int) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield before
        yield from _mapping(value, depth + 1)
    elif isinstance(value, list | tuple) and value:
        if all(not isinstance(each, Mapping | list | tuple) for each in value):
            yield f"{before} [{', '.join(map(_scalar, value))}]"
        else:
            yield before
            yield from _sequence(value, depth + 1)
    elif isinstance(value, str) and _is_block(value):
        yield f"{before} |-"
        yield f"{'  ' * (depth + 1)}{value}"
    else:
        yield f"{before} {_scalar(value)}"


def _is_block(text: str) -> bool:
    return '"' in text and text.isprintable() and text == text.strip()


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _BARE.fullmatch(value) and value.lower() not in _WORDS:
        return value
    if not isinstance(value, str) or value.isprintable():
        return json.dumps(value, ensure_ascii=False)
    quoted = (
        json.dumps(each, ensure_ascii=False)[1:-1] if each.isprintable() else f"\\U{ord(each):08x}"
        for each in value
    )
    return f'"{"".join(quoted)}"'
