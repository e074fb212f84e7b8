"""Headers of a message that was sent again, which its next dead letter tells of."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tidegauge.batch import Attempt

ORIGIN, ATTEMPT, LETTER = "tidegauge-origin", "tidegauge-attempt", "tidegauge-letter"
"""Where the message first came, the number of the attempt, and the id of the letter about the one
before."""
_ORIGIN = re.compile(rb"[A-Za-z0-9._-]{1,249}-[0-9]{1,10}@[0-9]{1,19}")
_ATTEMPT = re.compile(rb"[0-9]{1,9}")


def attempt_of(headers: Mapping[str, Any] | Sequence[tuple[str, Any]]) -> Attempt | None:
    """What headers tell of earlier attempts; None where they tell of none.

    Whoever may write to the topic may write any headers: what is not as a redrive writes it is as
    if it were not there.
    """
    found = dict(headers)
    origin, attempt = found.get(ORIGIN) or b"", found.get(ATTEMPT) or b""
    if not (_ORIGIN.fullmatch(origin) and _ATTEMPT.fullmatch(attempt)):
        return None
    return Attempt(int(attempt), origin.decode()) if int(attempt) > 1 else None
