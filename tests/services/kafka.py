"""A real Kafka for tests and benchmarks: `with running_kafka() as kafka: …`."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import (  # `admin` does not export them to mypy
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)
from confluent_kafka.cimpl import NewTopic
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_fixed

from tests.services import docker, kafka_package
from tests.services.errors import ServerUnavailableError
from tests.services.names import unique
from tests.services.process import free_port

IMAGE = f"apache/kafka:{kafka_package.VERSION}"
TIMEOUT = 60.0
_NOT_YET = frozenset(
    {
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_PARTITION,
    }
)


@dataclass(frozen=True)
class Kafka:
    """A broker that is there.

    Attributes:
        bootstrap: its address, `host:port`.
    """

    bootstrap: str

    def admin(self) -> AdminClient:
        """A client that administers it."""
        return AdminClient({"bootstrap.servers": self.bootstrap})

    def producer(self) -> Producer:
        """A client that writes each message once and keeps their order."""
        settings = {"bootstrap.servers": self.bootstrap, "enable.idempotence": True}
        return Producer({**settings, "linger.ms": 5, "compression.type": "lz4"})

    def topic(
        self, name: str | None = None, *, partitions: int = 4, config: dict[str, str] | None = None
    ) -> str:
        """Create a topic and return its name, one of its own unless `name` is given.

        Its messages are kept for ever (`retention.ms=-1`): a broker deletes by event time, so that
        old events would vanish within minutes. `config` adds settings of the topic.
        """
        name = name or unique("topic")
        topic = NewTopic(name, partitions, 1, config={"retention.ms": "-1", **(config or {})})
        admin = self.admin()  # must outlive the answer
        admin.create_topics([topic], operation_timeout=TIMEOUT)[name].result(TIMEOUT)
        for attempt in _patiently():
            with attempt:
                assert len(self.end_offsets(name)) == partitions
        return name

    def limit_messages(self, topic: str, most: int) -> None:
        """Let a topic take messages of at most so many bytes from now on."""
        change = ConfigEntry(
            "max.message.bytes", str(most), incremental_operation=AlterConfigOpType.SET
        )
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[change])
        admin = self.admin()  # must outlive the answer
        admin.incremental_alter_configs([resource])[resource].result(TIMEOUT)

    def delete_topic(self, name: str) -> None:
        """Delete a topic and what is in it."""
        admin = self.admin()  # must outlive the answer
        admin.delete_topics([name], operation_timeout=TIMEOUT)[name].result(TIMEOUT)
        for attempt in _patiently():
            with attempt:
                assert name not in admin.list_topics(timeout=TIMEOUT).topics

    def end_offsets(self, topic: str) -> dict[int, int]:
        """The offset after the last message of each partition.

        Raises:
            ServerUnavailableError: there is no such topic.
        """
        for attempt in _patiently(_without_leader):
            with (
                attempt,
                Consumer(
                    {"bootstrap.servers": self.bootstrap, "group.id": unique("reader")}
                ) as client,
            ):
                return _ends(client, topic)
        raise AssertionError  # the last attempt returned or raised

    def read(self, topic: str) -> list[Message]:
        """All messages of a topic, up to where its partitions ended when it was called.

        In the order of offsets within each partition; of transactions only the committed ones.
        """
        left = {number for number, end in self.end_offsets(topic).items() if end}
        messages: list[Message] = []
        settings = {
            "bootstrap.servers": self.bootstrap,
            "group.id": unique("reader"),
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 10,  # the end of a partition is told as late as this
            "isolation.level": "read_committed",
        }
        with Consumer(settings) as client:
            client.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in left])
            deadline = time.monotonic() + TIMEOUT
            while left:
                for message in client.consume(10_000, 0.1):
                    deadline = time.monotonic() + TIMEOUT
                    if (error := message.error()) is None:
                        messages.append(message)
                    elif error.code() == KafkaError._PARTITION_EOF:
                        left.discard(message.partition() or 0)
                    else:
                        raise KafkaException(error)
                if time.monotonic() > deadline:
                    raise ServerUnavailableError(f"topic {topic}: no message for {TIMEOUT:.0f} s")
        return messages


def _ends(client: Consumer, topic: str) -> dict[int, int]:
    metadata = client.list_topics(topic, TIMEOUT).topics[topic]
    if metadata.error is not None:
        raise ServerUnavailableError(f"topic {topic}: {metadata.error}")
    return {
        number: client.get_watermark_offsets(TopicPartition(topic, number), TIMEOUT)[1]
        for number in sorted(metadata.partitions)
    }


def _without_leader(error: BaseException) -> bool:
    """Whether a topic is so new that its partitions are not yet led."""
    return isinstance(error, KafkaException) and error.args[0].code() in _NOT_YET


def _passing(error: BaseException) -> bool:
    return isinstance(error, KafkaException | ServerUnavailableError | AssertionError)


def _patiently(passing: Callable[[BaseException], bool] = _passing) -> Retrying:
    """Tries until a busy broker does what it has said is done."""
    return Retrying(
        retry=retry_if_exception(passing),
        stop=stop_after_delay(TIMEOUT),
        wait=wait_fixed(0.05),
        reraise=True,
    )


@contextmanager
def running_kafka() -> Iterator[Kafka]:
    """A Kafka: that of `$KAFKA_BOOTSTRAP`, else in Docker, else from the cache of packages.

    Raises:
        ServerUnavailableError: none could be had.
    """
    if bootstrap := os.environ.get("KAFKA_BOOTSTRAP"):
        if not answers(bootstrap, seconds=TIMEOUT):
            raise ServerUnavailableError(f"KAFKA_BOOTSTRAP={bootstrap}: no answer")
        yield Kafka(bootstrap)
    elif docker.has(IMAGE):
        with _container() as bootstrap:
            yield Kafka(bootstrap)
    else:
        with kafka_package.process(answers) as bootstrap:
            yield Kafka(bootstrap)


@contextmanager
def _container() -> Iterator[str]:
    port = free_port()
    bootstrap = f"127.0.0.1:{port}"
    properties = kafka_package.settings(port=port, controller_port=port + 1, host="0.0.0.0")  # noqa: S104 - inside the container only
    environment = {
        "KAFKA_" + name.upper().replace(".", "_"): value for name, value in properties.items()
    }
    with docker.container(
        IMAGE, ports={port: port}, environment=environment, answers=lambda: answers(bootstrap)
    ):
        yield bootstrap


def answers(bootstrap: str, seconds: float = 1) -> bool:
    """Whether a broker is there."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    try:
        return bool(admin.list_topics(timeout=seconds).brokers)
    except KafkaException:
        return False
