"""Which letters are meant."""

from dataclasses import dataclass

from connectors.kafka.letters.letter import Letter
from connectors.kafka.letters.log import Entry


@dataclass(frozen=True, slots=True)
class LetterFilter:
    """A letter must meet all that is given; what is empty or None is met by every letter.

    Attributes:
        ids: how the id may begin.
        kinds: the kind is one of these.
        reason: part of the reason; capital and small letters are alike.
        topics: the topic is one of these.
        partitions: the partition is one of these.
        since_ms, until_ms: when the letter was written, until exclusive.
        text: part of the payload, the key or the detail.
    """

    ids: tuple[str, ...] = ()
    kinds: frozenset[str] = frozenset()
    reason: str = ""
    topics: frozenset[str] = frozenset()
    partitions: frozenset[int] = frozenset()
    since_ms: int | None = None
    until_ms: int | None = None
    text: str = ""

    def __call__(self, entry: Entry) -> bool:
        """Whether the letter is meant."""
        letter = entry.letter
        return (
            (not self.ids or letter.id.startswith(self.ids))
            and (not self.kinds or letter.kind in self.kinds)
            and self.reason.lower() in letter.reason.lower()
            and (not self.topics or letter.topic in self.topics)
            and (not self.partitions or letter.partition in self.partitions)
            and (self.since_ms is None or letter.at_ms >= self.since_ms)
            and (self.until_ms is None or letter.at_ms < self.until_ms)
            and self._has_text(letter)
        )

    def _has_text(self, letter: Letter) -> bool:
        shown = (letter.text or "", letter.key_text or "", str(letter.detail))
        if not self.text or any(self.text in one for one in shown):
            return True
        wanted = self.text.encode()
        return any(wanted in (one or b"") for one in (letter.payload, letter.message_key))
