"""How much of what was refused a dead letter holds.

Whatever a message holds, its letter fits a topic of Kafka as it is unless configured otherwise
(1 MiB): the parts below are each at most this long, and JSON makes at most six times as much of
the payload and the key, which come first, and twice as much of the detail, which is JSON already.
"""

import json
from typing import Any

from tidegauge.texts import cut, shortened

MOST_BYTES = 131_072
"""Longer payloads are cut."""
MOST_REASON = 2_000
"""Characters of a reason; what is quoted in it may be as long as a message."""
MOST_DETAIL = 32_768
"""Bytes of a detail. Texts in it are cut, ever shorter ones, until it is no longer."""
_WIDTHS = (2_000, 200, 20)


def letter_reason(text: str) -> str:
    """Why something was refused, as its letter says it."""
    return cut(text, MOST_REASON)


def letter_detail(about: Any) -> str:
    """What programs want to know beside the reason, as JSON in its letter."""
    text = json.dumps(about)
    for width in _WIDTHS:
        if len(text) <= MOST_DETAIL:
            return text
        text = json.dumps(shortened(about, width))
    return text if len(text) <= MOST_DETAIL else "{}"
