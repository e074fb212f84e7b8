"""Topics that must be there, and topics that are made when they are not."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource  # as ClusterMetadata
from confluent_kafka.admin._metadata import ClusterMetadata  # `admin` does not export it to mypy
from confluent_kafka.admin._topic import TopicDescription  # as above
from confluent_kafka.cimpl import NewTopic

from connectors.kafka.client import short
from tidegauge.errors import UserMistake

BROKERS_DEFAULT = -1
JOURNAL_CONFIG: Mapping[str, str] = MappingProxyType(
    {
        "cleanup.policy": "compact",
        # Small, for the segment that is written to is never compacted and read at every start.
        "segment.bytes": "16777216",
        "retention.ms": "-1",
    }
)
MOCK_CLUSTER = "mockCluster"
"""How the cluster id of librdkafka's mock cluster begins: it makes a topic when asked for it."""


def require_topic(admin: AdminClient, name: str, timeout_s: float) -> int:
    """Number of partitions of a topic that must be there; it is never made.

    Raises:
        UserMistake: it is not there, or the broker does not answer within `timeout_s`.
    """
    topics = _metadata(admin, timeout_s).topics
    if name not in topics and _forbidden(admin, name, timeout_s):
        raise UserMistake(
            f"Kafka topic {name!r}: this client may not describe it; let it describe and read it"
        )
    if name not in topics:
        others = sorted(other for other in topics if not other.startswith("__"))
        near = get_close_matches(name, others, n=3, cutoff=0.5)
        hint = f"near names: {', '.join(near)}" if near else "no topic there has a like name"
        raise UserMistake(
            f"Kafka topic {name!r} does not exist ({hint}); "
            "create it, or correct kafka.topic in the pipeline file"
        )
    return len(topics[name].partitions)


def _forbidden(admin: AdminClient, name: str, timeout_s: float) -> bool:
    """Whether this client may not know if there is such a topic."""
    if str(_metadata(admin, timeout_s).cluster_id).startswith(MOCK_CLUSTER):
        return False
    try:
        error = admin.list_topics(name, timeout=timeout_s).topics[name].error
    except KafkaException:
        return False
    return error is not None and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def topic_identity(admin: AdminClient, name: str, timeout_s: float) -> str:
    """What tells a topic that is there from all others, also from an earlier one of its name.

    Raises:
        UserMistake: the broker does not tell it within `timeout_s`.
    """
    if not has_identities(admin, timeout_s):
        return name
    asked = admin.describe_topics(TopicCollection([name]), request_timeout=timeout_s)
    try:
        return identity_of(asked[name].result(timeout_s))
    except KafkaException as error:
        reason = short(error.args[0])
    except TimeoutError:
        reason = "no answer"
    raise UserMistake(
        f"Kafka did not describe topic {name!r} within {timeout_s:g} s ({reason}); "
        "let this client describe it"
    )


def identity_of(described: TopicDescription) -> str:
    """The identity of a topic as the broker describes it."""
    return f"{described.name}/{described.topic_id}"


def has_identities(admin: AdminClient, timeout_s: float) -> bool:
    """Whether topics of this broker have one that is more than their name.

    Raises:
        UserMistake: the broker does not answer within `timeout_s`.
    """
    return not str(_metadata(admin, timeout_s).cluster_id).startswith(MOCK_CLUSTER)


def topic_exists(admin: AdminClient, name: str, timeout_s: float) -> bool:
    """Whether a topic is there.

    Raises:
        UserMistake: the broker does not answer within `timeout_s`.
    """
    return name in _metadata(admin, timeout_s).topics


def ensure_journal(admin: AdminClient, name: str, timeout_s: float) -> None:
    """Make the topic of a journal if it is not there: one partition, kept for ever, compacted.

    Raises:
        UserMistake: the broker refuses to make it, or does not answer within `timeout_s`.
    """
    ensure_topics(admin, [name], timeout_s, partitions=1, config=JOURNAL_CONFIG)


def ensure_compacted(admin: AdminClient, name: str, timeout_s: float) -> None:
    """Make a topic of one partition that keeps the newest message of each key.

    Raises:
        UserMistake: the broker refuses to make it, or does not answer within `timeout_s`.
    """
    ensure_topics(admin, [name], timeout_s, partitions=1, config={"cleanup.policy": "compact"})


def max_message_bytes(admin: AdminClient, names: Iterable[str], timeout_s: float) -> int:
    """The most bytes of a batch of messages that all of these topics allow.

    Raises:
        UserMistake: the broker does not tell.
    """
    asked = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in sorted(names)]
    answers = admin.describe_configs(asked, request_timeout=timeout_s)
    try:
        return min(
            int(answer.result(timeout_s)["max.message.bytes"].value) for answer in answers.values()
        )
    except KafkaException as error:
        raise UserMistake(
            f"Kafka does not tell how large a message may be ({short(error.args[0])}); "
            "let this client describe the configuration of its topics"
        ) from None


def senders_may_be_ahead_ms(admin: AdminClient, name: str, timeout_s: float) -> int | None:
    """How far ahead of the broker's clock senders may set the Kafka timestamps of a topic.

    Returns:
        milliseconds, 0 where the broker sets them itself; None where it does not tell.
    """
    if not has_identities(admin, timeout_s):
        return None
    asked = ConfigResource(ConfigResource.Type.TOPIC, name)
    try:
        told = admin.describe_configs([asked], request_timeout=timeout_s)[asked].result(timeout_s)
    except (KafkaException, TimeoutError):
        return None
    if "message.timestamp.type" not in told:
        return None
    if told["message.timestamp.type"].value == "LogAppendTime":
        return 0
    # Brokers before 3.6 have one bound for both directions.
    for bound in ("message.timestamp.after.max.ms", "message.timestamp.difference.max.ms"):
        if bound in told:
            return int(told[bound].value)
    return None


def ensure_topics(
    admin: AdminClient,
    names: Iterable[str],
    timeout_s: float,
    *,
    partitions: int = BROKERS_DEFAULT,
    config: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Make the topics that are not there, with the broker's own defaults unless others are given.

    Raises:
        UserMistake: the broker refuses to make one, or does not answer within `timeout_s`.
    """
    metadata = _metadata(admin, timeout_s)
    missing = sorted(set(names) - set(metadata.topics))
    if not missing:
        return
    if str(metadata.cluster_id).startswith(MOCK_CLUSTER):
        _make_on_mock_cluster(metadata, missing, timeout_s)
        return
    new = [NewTopic(name, partitions, BROKERS_DEFAULT, config=dict(config)) for name in missing]
    for name, made in admin.create_topics(new, request_timeout=timeout_s).items():
        try:
            made.result(timeout_s)
        except KafkaException as error:
            # Another process of the same flow may have been first.
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise UserMistake(
                    f"Kafka topic {name!r} cannot be made ({short(error.args[0])}); "
                    "create it yourself, or let this client create topics"
                ) from None


def _make_on_mock_cluster(metadata: ClusterMetadata, names: list[str], timeout_s: float) -> None:
    brokers = ",".join(f"{broker.host}:{broker.port}" for broker in metadata.brokers.values())
    asking = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
    for name in names:
        asking.list_topics(name, timeout=timeout_s)


def _metadata(admin: AdminClient, timeout_s: float) -> ClusterMetadata:
    try:
        return admin.list_topics(timeout=timeout_s)
    except KafkaException as error:
        raise UserMistake(
            f"Kafka did not list its topics within {timeout_s:g} s ({short(error.args[0])})"
        ) from None
