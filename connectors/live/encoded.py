"""Messages that were made already: whoever asks the same is sent the same text."""

from connectors.live.limits import MIB
from connectors.live.views import Selection

MOST = 256
MOST_BYTES = 64 * MIB


class Encoded:
    """The newest messages of one change, at most `MOST` and `MOST_BYTES`."""

    def __init__(self) -> None:
        self._texts: dict[tuple[Selection, int], str] = {}
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._texts)

    def clear(self) -> None:
        """Forget all: there is something new to tell."""
        self._texts.clear()
        self.bytes = 0

    def get(self, selection: Selection, position: int) -> str | None:
        """The message of what came after a position, if it was made."""
        return self._texts.get((selection, position))

    def put(self, selection: Selection, position: int, text: str) -> str:
        """Keep a message, and forget the oldest beyond the limits; the message."""
        self._texts[selection, position] = text
        self.bytes += len(text)
        while len(self._texts) > MOST or self.bytes > MOST_BYTES:
            self.bytes -= len(self._texts.pop(next(iter(self._texts))))
        return text
