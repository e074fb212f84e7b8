"""Whether a topic that is read is still the one that it was, and not another of its name.

An offset means something in one topic only: in one that was deleted and made anew, other messages
have it, or none.
"""

import atexit
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from connectors.kafka.topics import identity_of
from tidegauge.errors import Stop

LOOK_EVERY_S = 5.0
_LOOK_TIMEOUT_S = 4.0
_CERTAIN = 2
"""So many looks in a row must miss a topic: one broker may not know of it yet."""


class Found(NamedTuple):
    """A topic as it is now.

    Attributes:
        identity: what tells it from all others (`connectors.kafka.topics.topic_identity`); None
            where there is no such topic.
        partitions: how many it has.
    """

    identity: str | None
    partitions: int = 0


def look_for(admin: AdminClient, topic: str, timeout_s: float = _LOOK_TIMEOUT_S) -> Found | None:
    """A topic as it is now; None where the broker does not tell."""
    asked = admin.describe_topics(TopicCollection([topic]), request_timeout=timeout_s)
    try:
        found = asked[topic].result(timeout_s)
    except KafkaException as error:
        unknown = error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART
        return Found(None) if unknown else None
    except TimeoutError:
        return None
    return Found(identity_of(found), len(found.partitions))


def deleted(topic: str) -> Stop:
    """What ends a flow whose topic is not there any more."""
    return Stop(
        f"kafka: topic {topic!r} was deleted while the flow used it; once it is there again, start"
        " with an empty recovery directory, or take it out of the pipeline file"
    )


def made_anew(topic: str, since: str, before: str, now: str) -> Stop:
    """What ends a flow whose positions are of an earlier topic.

    Args:
        topic: its name.
        since: what was before.
        before: identity of the earlier topic.
        now: that of the topic that is there.
    """
    return Stop(
        f"kafka: topic {topic!r} was deleted and made anew since {since} (its id was"
        f" {_id(before)} and is {_id(now)}): its offsets are those of other messages now; to read"
        " it from its beginning, start with an empty recovery directory"
    )


def _id(identity: str) -> str:
    return identity.rpartition("/")[2]


def why_unreadable(client: Mapping[str, Any], topic: str, identity: str | None) -> Stop | None:
    """What has become of a topic that the broker no longer gives; None where it is still there.

    Args:
        client: configuration of the Kafka client, with `bootstrap.servers`.
        topic: its name.
        identity: what told it from others of its name; None where that is not known.
    """
    if identity is None:
        return None
    found = look_for(AdminClient({**client, "allow.auto.create.topics": False}), topic)
    if found is None or found.identity == identity:
        return None
    if found.identity is None:
        return deleted(topic)
    return made_anew(topic, "the flow began", identity, found.identity)


def require_same(topic: str, saved: str | None, now: str | None) -> None:
    """Refuse a saved position of another topic of the name.

    Args:
        topic: its name.
        saved: its identity when the position was saved; None where that was not kept.
        now: its identity; None where it is not known.

    Raises:
        Stop: they are not the same.
    """
    if saved is not None and now is not None and saved != now:
        raise made_anew(topic, "its position was saved", saved, now)


class TopicWatch:
    """Looks now and then, in a thread of its own, whether a topic is still there.

    The thread dies of what it finds, which ends the flow.

    Args:
        admin: a client of the broker.
        topic: the topic.
        identity: what tells it from others of its name.
        every_s: time between two looks.
    """

    def __init__(
        self, admin: AdminClient, topic: str, identity: str, every_s: float = LOOK_EVERY_S
    ) -> None:
        self._admin = admin
        self._topic = topic
        self._identity = identity
        self._every_s = every_s
        self._missed = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"watch of {topic}", daemon=True)

    def start(self) -> None:
        """Begin to look, until the interpreter ends."""
        self._thread.start()
        # A thread within a client must not outlive the interpreter.
        atexit.register(self.close)

    def close(self) -> None:
        """Look no more."""
        self._end.set()
        self._thread.join()

    def look(self) -> None:
        """Look once.

        Raises:
            Stop: the topic was deleted, or made anew.
        """
        found = look_for(self._admin, self._topic)
        if found is None:
            return  # whoever reads the topic tells of a broker that is away
        self._missed = self._missed + 1 if found.identity is None else 0
        if self._missed >= _CERTAIN:
            raise deleted(self._topic)
        if found.identity is not None and found.identity != self._identity:
            raise made_anew(self._topic, "the flow began", self._identity, found.identity)

    def _watch(self) -> None:
        while not self._end.wait(self._every_s):
            self.look()
