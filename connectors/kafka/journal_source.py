"""The journal as a source: floors and labels, in the order in which they were written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from connectors.kafka.journal import JournalReader
from tidegauge.errors import UserMistake
from tidegauge.journal import Claims, News, PartitionKey
from tidegauge.settings import Settings

_WAIT = timedelta(milliseconds=20)
"""Between two looks at a journal without new entries."""
_VERSION = 1


@dataclass(frozen=True, slots=True)
class JournalPosition:
    """Saved state: the next offset to read, and which run claimed each partition last."""

    offset: int
    runs: dict[PartitionKey, str]
    version: int = _VERSION


class JournalSource(FixedPartitionedSource[News, JournalPosition]):
    """Floors of all partitions, and labels, from the start of the journal on.

    Args:
        settings: where the broker is; whether to end where the journal ends now.
        topic: the journal.
        sources: what tells the topic of each source (`Claims`).
        draining: asked before each read; once true, it ends.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        sources: Mapping[str, str],
        draining: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings = settings
        self._topic = topic
        self._sources = sources
        self._draining = draining

    def list_parts(self) -> list[str]:
        """The only part."""
        return ["journal"]

    def build_part(
        self, step_id: str, for_part: str, resume_state: JournalPosition | None
    ) -> "JournalPart":
        """The part, from where an earlier run stopped.

        Raises:
            UserMistake: the saved state is of another version.
            Stop: the saved position is not in the journal.
        """
        saved = resume_state or JournalPosition(0, {})
        if saved.version != _VERSION:
            raise UserMistake(
                f"saved state: the journal's position has version {saved.version}, this program"
                f" reads {_VERSION}; start with an empty recovery directory or with the program"
                " that wrote it"
            )
        offset = resume_state.offset if resume_state else None
        reader = JournalReader(self._settings, self._topic, offset)
        end = reader.end if self._settings.bounded else None
        return JournalPart(reader, Claims(self._sources, saved.runs), self._draining, end)


class JournalPart(StatefulSourcePartition[News, JournalPosition]):
    """The journal, read up to an offset, or for ever as it grows."""

    def __init__(
        self, reader: JournalReader, claims: Claims, draining: Callable[[], bool], end: int | None
    ) -> None:
        self._reader = reader
        self._claims = claims
        self._draining = draining
        self._end = end
        self._idle = False

    def next_batch(self) -> list[News]:
        """Floors that count, and labels.

        Raises:
            StopIteration: the flow is draining, or a bounded reading is at its end.
            Stop: the broker refuses to give more.
        """
        if self._draining() or (self._end is not None and self._reader.offset >= self._end):
            raise StopIteration
        entries = self._reader.read()
        self._idle = not entries
        return self._claims.news(entries)

    def next_awake(self) -> datetime | None:
        """At once where there was something."""
        return datetime.now(UTC) + _WAIT if self._idle else None

    def snapshot(self) -> JournalPosition:
        """Position after the last batch."""
        return JournalPosition(self._reader.offset, dict(self._claims.runs))

    def close(self) -> None:
        """Leave the broker."""
        self._reader.close()
