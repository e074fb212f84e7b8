"""Lines into a bucket: bounded requests, bounded retries, refused lines reported one by one."""

import weakref
from collections.abc import Callable
from dataclasses import dataclass

from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.rest import ApiException
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_before_delay
from tenacity.wait import wait_random_exponential

from connectors.influxdb.client import close_for_good, open_client, place
from connectors.influxdb.faults import TRANSPORT_FAULTS, Refused, fault_of, transport_reason
from connectors.influxdb.refusals import divided, named
from tidegauge.errors import Retry, Throttle
from tidegauge.settings import Settings

Rejected = Callable[[bytes, str], None]
"""Told of each line that the server refuses for good, and why."""


@dataclass(frozen=True, slots=True)
class WriteLimits:
    """Bounds of writing.

    Attributes:
        lines: most lines in a request.
        timeout_s: how long an answer may take.
        retry_for_s: how long a request is tried again before the fault is raised.
        longest_pause_s: longest pause between two tries, unless the server asks for more.
    """

    lines: int = 5_000
    timeout_s: float = 10.0
    retry_for_s: float = 60.0
    longest_pause_s: float = 5.0


class LineWriter:
    """Writes lines into one bucket; they are stored when `write` returns.

    Args:
        settings: where InfluxDB is, and the token.
        bucket: bucket to write into.
        rejected: told of each refused line.
        limits: bounds of writing.
    """

    def __init__(
        self, settings: Settings, bucket: str, rejected: Rejected, limits: WriteLimits
    ) -> None:
        client = open_client(settings, limits.timeout_s)
        self._api = client.write_api(SYNCHRONOUS)
        self._bucket = bucket
        self._where = place(settings)
        self._rejected = rejected
        self._limits = limits
        self._backoff = wait_random_exponential(multiplier=0.2, max=limits.longest_pause_s)
        # A flow that fails closes nothing.
        self.close = weakref.finalize(self, close_for_good, client)

    def write(self, lines: list[str]) -> None:
        """Store the lines.

        Raises:
            Retry: the server could not be reached, or failed, for as long as is tried.
            Throttle: the server asked for pauses for as long as is tried.
            Stop: token, organisation or bucket are not, or no longer, right.
        """
        size = self._limits.lines
        waiting = [lines[start : start + size] for start in range(0, len(lines), size)][::-1]
        while waiting:
            request = waiting.pop()
            try:
                self._post_patiently(request)
            except Refused as refused:
                waiting += self._without_refused(request, refused)[::-1]

    def _without_refused(self, lines: list[str], refused: Refused) -> list[list[str]]:
        """Report what is known to be refused; return the requests to make for the rest."""
        if refused.dropped == 0:
            return []
        if refused.dropped is None and (reasons := named(refused.message, lines)):
            for line, reason in reasons.items():
                self._rejected(line.encode(), reason)
            return _requests([line for line in lines if line not in reasons])
        if len(lines) == 1 or refused.dropped == len(lines):
            for line in lines:
                self._rejected(line.encode(), refused.reason)
            return []
        # Writing a line again that was kept the first time overwrites it with itself.
        return divided(lines, refused.message)

    def _post_patiently(self, lines: list[str]) -> None:
        for attempt in Retrying(
            retry=retry_if_exception_type((Retry, Throttle)),
            wait=self._pause_s,
            stop=stop_before_delay(self._limits.retry_for_s),
            reraise=True,
        ):
            with attempt:
                self._post(lines)

    def _pause_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        # A server that asks for no pause again and again is not asked without any.
        asked_s = error.after_s if isinstance(error, Throttle) else 0.0
        return asked_s or self._backoff(state)

    def _post(self, lines: list[str]) -> None:
        try:
            self._api.write(self._bucket, record="\n".join(lines).encode())
        except ApiException as error:
            raise fault_of(error, self._bucket) from None
        except TRANSPORT_FAULTS as error:
            raise Retry(
                f"{self._where}: InfluxDB does not answer ({transport_reason(error)})"
            ) from None


def _requests(lines: list[str]) -> list[list[str]]:
    return [lines] if lines else []
