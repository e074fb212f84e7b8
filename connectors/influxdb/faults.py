"""InfluxDB's answers, sorted by what the one who asked should do."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from influxdb_client.rest import ApiException
from urllib3.exceptions import HTTPError

from tidegauge.errors import Reject, Retry, Stop, Throttle
from tidegauge.texts import LINE_WIDTH, shorten

DEFAULT_PAUSE_S = 1.0
TRANSPORT_FAULTS = (HTTPError, OSError)
"""What the client raises when there was no answer at all."""

_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
_DROPPED = re.compile(r"\bdropped=(\d+)\b")
_DETAILS = re.compile(r"[ .]*(\bdropped=\d+|- oldest point ).*$", re.DOTALL)
_DISTRUST = re.compile(r"CERTIFICATE_VERIFY_FAILED\] (.*?)(?: \(_ssl\.c:\d+\))?$", re.MULTILINE)
_WRAPPING = re.compile(r"^(failure writing points to database: )?(partial write: )?")


class Refused(Reject):
    """The server refused lines of a request.

    Attributes:
        message: the server's whole message; it may name the lines.
        dropped: how many lines it left out while it kept the others; None means it kept none.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(_DETAILS.sub("", _WRAPPING.sub("", message)).split()))
        self.message = message
        dropped = _DROPPED.search(message)
        self.dropped = int(dropped[1]) if dropped else None


def fault_of(error: ApiException, bucket: str) -> Refused | Retry | Throttle | Stop:
    """The error to raise for an answer that is no success to a write into `bucket`."""
    message = message_of(error)
    match error.status:
        case 400 | 413 | 422:
            return Refused(_whole_message(error))
        case 401 | 403:
            return Stop(f"InfluxDB does not let this token write into bucket {bucket!r}: {message}")
        case 404:
            return Stop(f"InfluxDB cannot find where to write: {message}")
        case 429 | 503:
            return Throttle(f"InfluxDB asks for a pause: {message}", _pause_s(error))
        case status if not status or status >= 500:
            return Retry(f"InfluxDB failed with status {status}: {message}")
        case status:
            return Stop(f"InfluxDB answered a write with status {status}: {message}")


def message_of(error: ApiException) -> str:
    """What the server said, in a line."""
    return shorten(_whole_message(error), 300)


def _whole_message(error: ApiException) -> str:
    body = error.body
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body or "")
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict) and isinstance(document.get("message"), str):
        return str(document["message"])
    return text or str(error.reason)


def transport_reason(error: BaseException) -> str:
    """The innermost cause of a transport fault: `Connection refused`."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return shorten(str(getattr(error, "strerror", None) or error), LINE_WIDTH)


def distrust(error: ApiException) -> str | None:
    """Why the server's certificate is not trusted, where that is the fault."""
    found = _DISTRUST.search(str(error.reason))
    return found[1] if found else None


def _pause_s(error: ApiException) -> float:
    headers: Mapping[str, str] = error.headers or {}
    return pause_s(headers.get("Retry-After", ""), datetime.now(UTC))


def pause_s(asked: str, now: datetime) -> float:
    """How long a server that asks for a pause is left alone: seconds, or the time until a moment.

    What it asks in no way that HTTP knows (`nan`, `-1`, nothing) is taken for `DEFAULT_PAUSE_S`.

    Args:
        asked: its `Retry-After`.
        now: the time.
    """
    text = asked.strip()
    if _SECONDS.fullmatch(text):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return max((moment - now).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone
        return DEFAULT_PAUSE_S
