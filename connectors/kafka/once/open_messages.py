"""The messages that are not committed yet, so that they can be sent once more."""

from collections.abc import Sequence

from connectors.codecs.messages import Message

MOST_BYTES = 16_777_216
"""What is kept of messages; with more of them, those before are committed."""


class OpenMessages:
    """What was sent since the last commit, in its order."""

    def __init__(self) -> None:
        self.begin()

    def begin(self, messages: Sequence[Message] = ()) -> None:
        """Only these were sent since the last commit."""
        self._messages = list(messages)
        self._bytes = sum(map(size, messages))

    def add(self, message: Message) -> bool:
        """Keep a message; False where there is no room, which there always is for a single one."""
        number = self._bytes + size(message)
        if number > MOST_BYTES and self._messages:
            return False
        self._messages.append(message)
        self._bytes = number
        return True

    def leave_out(self, message: Message) -> None:
        """Forget a message that can never be sent."""
        self.begin([one for one in self._messages if one is not message])

    def after(self, message: Message) -> list[Message]:
        """The messages that come after one of them."""
        places = [place for place, one in enumerate(self._messages) if one is message]
        return self._messages[places[0] + 1 :]

    @property
    def messages(self) -> list[Message]:
        """All of them."""
        return list(self._messages)


def size(message: Message) -> int:
    """Bytes of a message, uncompressed and without its headers."""
    return len(message.value) + len(message.key)
