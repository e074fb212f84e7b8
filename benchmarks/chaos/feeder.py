"""Messages of a story, sent at a steady pace and in their order, up to what is allowed so far."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Condition, Thread

from tests.dataflows.shop.events import Message
from tests.services.kafka import Kafka

_TURN_S = 0.02


class Feeder:
    """Sends from a thread of its own.

    Args:
        kafka: the broker.
        topic: where they go.
        messages: all of them.
        rate: messages a second.
    """

    def __init__(self, kafka: Kafka, topic: str, messages: Sequence[Message], rate: int) -> None:
        self._producer = kafka.producer()
        self._topic = topic
        self._messages = messages
        self._turn = max(1, int(rate * _TURN_S))
        self._allowed = 0
        self._sent = 0
        self._hurry = False
        self._ended = False
        self._changed = Condition()

    @contextmanager
    def running(self) -> Iterator["Feeder"]:
        """Send inside the `with`."""
        thread = Thread(target=self._run, name="feeder", daemon=True)
        thread.start()
        try:
            yield self
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()
            thread.join()

    def allow(self, more: int, *, hurry: bool = False) -> None:
        """Let so many more be sent; in a hurry, all that is allowed at once."""
        with self._changed:
            self._allowed = min(self._allowed + more, len(self._messages))
            self._hurry = hurry
            self._changed.notify_all()

    def finish(self) -> None:
        """Send all that is left and wait until the broker has it."""
        self.allow(len(self._messages), hurry=True)
        with self._changed:
            self._changed.wait_for(lambda: self._sent == len(self._messages))
        self._producer.flush()

    def _run(self) -> None:
        while (until := self._until()) is not None:
            for one in self._messages[self._sent : until]:
                value = None if one.value is None else one.value.encode("utf-8", "surrogateescape")
                self._send(value, one)
            with self._changed:
                self._sent = until
                self._changed.notify_all()
                hurry = self._hurry
            if not hurry:
                time.sleep(_TURN_S)

    def _until(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._sent < self._allowed)
            return None if self._ended else min(self._sent + self._turn, self._allowed)

    def _send(self, value: bytes | None, one: Message) -> None:
        while True:
            try:
                self._producer.produce(self._topic, value, one.key, one.partition)
                self._producer.poll(0)
            except BufferError:
                self._producer.poll(0.1)
            else:
                return
