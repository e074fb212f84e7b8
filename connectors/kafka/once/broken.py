"""What breaks a transaction and can be mended by a new producer that sends its messages again."""

from collections.abc import Sequence
from typing import Any

from confluent_kafka import KafkaError

from tidegauge.errors import Retry

FENCED = frozenset(
    {
        KafkaError._FENCED,  # noqa: SLF001 - the client's public name
        KafkaError.INVALID_PRODUCER_EPOCH,
        KafkaError.PRODUCER_FENCED,
    }
)
"""A newer producer of the name has begun, or the broker has ended a transaction open for long."""
LOST = frozenset(
    {
        KafkaError.INVALID_PRODUCER_ID_MAPPING,
        KafkaError.UNKNOWN_PRODUCER_ID,
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        KafkaError.TRANSACTION_ABORTABLE,
    }
)
"""The broker no longer knows the producer, or what it has written: the name was not used for longer
than the broker keeps it (`transactional.id.expiration.ms`, seven days unless set)."""
VAGUE = frozenset(
    {
        KafkaError._FATAL,  # noqa: SLF001 - as above
        KafkaError._STATE,  # noqa: SLF001
        KafkaError._PURGE_QUEUE,  # noqa: SLF001
    }
)
"""The client says that it can do no more, and not why."""


class BrokenTransactionError(Retry):
    """What was sent since the last commit is not, and will not be, visible."""


class LostProducerError(BrokenTransactionError):
    """The broker has forgotten the producer, or has ended its transaction."""


class RefusedMessagesError(BrokenTransactionError):
    """The broker refuses messages of the transaction for what they are.

    Attributes:
        messages: at least one of these, which were in one batch of the client's; what `send_to`
            was told of them.
        reason: why.
    """

    def __init__(self, messages: Sequence[Any], reason: str) -> None:
        super().__init__(f"Kafka refuses messages of a transaction: {reason}")
        self.messages = messages
        self.reason = reason
