"""What a broker says of a message; everything else it says of the topic or the producer."""

from confluent_kafka import KafkaError

from connectors.kafka.client import short

TOO_LARGE = "larger than the topic's max.message.bytes"
MOST_BYTES = 100_000_000
"""Most of a message as a client of ours sends it, which is what a broker takes of a request
(`socket.request.max.bytes`). How large one may be once it is compressed is its topic's to say."""
REFUSALS = frozenset(
    {
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.RECORD_LIST_TOO_LARGE,
        KafkaError.INVALID_RECORD,
        KafkaError.INVALID_TIMESTAMP,
        KafkaError.INVALID_MSG_SIZE,
    }
)
"""Such a message can never be stored as it is; others may be refused with it, in its batch."""


def refusal(error: KafkaError) -> str:
    """Why a message was refused."""
    return TOO_LARGE if error.code() == KafkaError.MSG_SIZE_TOO_LARGE else short(error)
