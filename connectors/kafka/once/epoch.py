"""The messages of an epoch that is not committed yet, so that they can be sent once more."""

from connectors.codecs.messages import Message

MOST_BYTES = 16_777_216
"""An epoch with more of them is not kept: what breaks it then ends the flow, whose next start
makes the epoch again."""


class Epoch:
    """What was sent since the last commit, in its order.

    Attributes:
        whole: whether all of it is kept.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Nothing was sent yet."""
        self.whole = True
        self._messages: list[Message] = []
        self._bytes = 0

    def add(self, message: Message) -> None:
        """Keep a message, as long as there is room."""
        if not self.whole:
            return
        self._bytes += len(message.value) + len(message.key)
        if self._bytes > MOST_BYTES:
            self.whole = False
            self._messages.clear()
        else:
            self._messages.append(message)

    def leave_out(self, message: Message) -> None:
        """Forget a message that can never be sent."""
        self._messages = [one for one in self._messages if one is not message]

    @property
    def messages(self) -> list[Message]:
        """All messages, if it is whole."""
        return list(self._messages)
