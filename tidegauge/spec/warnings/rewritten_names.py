"""Names that a tool of YAML 1.1 may have written: `true` for `on`, and 90 for `1:30`."""

import re
from collections.abc import Iterator

from tidegauge.spec.document import Document
from tidegauge.spec.mistakes import Problem

_SECTIONS = frozenset(
    {"sources", "tables", "windows", "patterns", "anomalies", "forecasts", "predictions", "alerts"}
    | {"labels"}
)
_WITHIN = frozenset({"fields", "derive", "select", "measures", "define", "columns"})
"""Mappings of a section's members whose keys are names, too."""
_ORIGINS = {"true": "on or yes", "false": "off or no", "null": "~ or nothing"}
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")


def rewritten_names(document: Document) -> Iterator[Problem]:
    """Names without quotes that YAML 1.1 has for what was written otherwise."""
    for path in document.plain_keys:
        named = len(path) == 2 or (len(path) == 4 and path[2] in _WITHIN)
        if not named or path[0] not in _SECTIONS:
            continue
        name = str(path[-1])
        origin = _ORIGINS.get(name)
        if origin is None and _NUMBER.fullmatch(name):
            origin = "a number in another notation, such as 1:30, 0x5A or 1_000"
        if origin:
            message = (
                f"a tool of YAML 1.1 writes {name} for {origin}: give the name that is meant,"
                f' or "{name}" in quotes if this is it'
            )
            yield Problem(path, message)
