"""Whether the topics that a flow writes to are still there."""

from confluent_kafka.admin import AdminClient

from connectors.kafka.identity import LOOK_EVERY_S, TopicWatch, look_for
from tidegauge.errors import Stop

_CERTAIN = 2
"""As for a topic that is read: so many looks in a row must miss it."""


class OutputWatch(TopicWatch):
    """As `TopicWatch`, for a topic that is written to.

    A client tries for long to write to a topic that is not there, and it does not come back by
    waiting. Where it was made anew, what it held is gone, which nobody would be told of.

    Args:
        admin: a client of the broker.
        topic: the topic, which may just have been made.
        every_s: time between two looks.
    """

    def __init__(self, admin: AdminClient, topic: str, every_s: float = LOOK_EVERY_S) -> None:
        super().__init__(admin, topic, "", every_s)

    def look(self) -> None:
        """Look once; the first time the topic is there, it is the one that must stay.

        Raises:
            Stop: the topic was deleted, or made anew.
        """
        found = look_for(self._admin, self._topic)
        if found is None:
            return  # who writes tells of a broker that is away
        self._missed = self._missed + 1 if found.identity is None else 0
        if self._missed >= _CERTAIN:
            raise self._gone(
                "was deleted",
                "start it again: it makes the topic where that is missing, and goes on",
            )
        if found.identity is None:
            return
        self._identity = self._identity or found.identity
        if found.identity != self._identity:
            raise self._gone(
                "was deleted and made anew", "start it again, and it goes on with the new one"
            )

    def _gone(self, what: str, do: str) -> Stop:
        return Stop(
            f"kafka: topic {self._topic!r} {what} while the flow wrote to it: what it held is gone;"
            f" {do}"
        )
