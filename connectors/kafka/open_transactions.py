"""A transaction that stays open holds back what comes after it: told once, with where it begins."""

import structlog

TOLD_AFTER_NS = 60_000_000_000
"""So long a partition may be held back before it is told."""
_LOG = structlog.get_logger("tidegauge")


class OpenTransaction:
    """How long one partition has been held back.

    Args:
        topic: its topic.
        partition: its number.
    """

    def __init__(self, topic: str, partition: int) -> None:
        self._place = {"topic": topic, "partition": partition}
        self._offset: int | None = None
        self._since_ns = 0
        self._told = False

    def holds_back(self, offset: int, now_ns: int) -> None:
        """Note that it is held back; tell once that it has been for long.

        Args:
            offset: where the first open transaction begins.
            now_ns: monotonic clock.
        """
        if offset != self._offset:
            self._offset, self._since_ns, self._told = offset, now_ns, False
        elif not self._told and now_ns - self._since_ns >= TOLD_AFTER_NS:
            self._told = True
            _LOG.warning(
                "a transaction is open for long: what comes after it is read when it has ended,"
                " and until then its partition holds the watermark back",
                **self._place,
                offset=offset,
            )
