"""The log of a flow, as a terminal may show it: what is not seen in a text is its escape."""

from collections.abc import MutableMapping
from typing import Any

import structlog

from tidegauge.texts import visible_line, visible_values


def log_visibly() -> None:
    """From now on, entries hold no characters that steer a terminal."""
    processors = structlog.get_config()["processors"]
    if _visible_entry not in processors:
        structlog.configure(processors=[_visible_entry, *processors])


def _visible_entry(
    _logger: Any, _method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    told = entry.get("event")
    event = {"event": visible_line(told)} if isinstance(told, str) else {}
    return {name: visible_values(value) for name, value in entry.items()} | event
