"""The journal as a source: floors and labels, in the order in which they were written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition

from connectors.kafka.identity import require_same
from connectors.kafka.journal import JournalReader
from tidegauge.errors import UserMistake
from tidegauge.journal import Claims, News, PartitionKey
from tidegauge.savedstate import saved_type
from tidegauge.settings import Settings

_WAIT = timedelta(milliseconds=20)
"""Between two looks at a journal without new entries."""
_VERSION = 1


@saved_type
@dataclass(frozen=True, slots=True)
class JournalPosition:
    """Saved state: the next offset to read, which run claimed each partition last, the journal."""

    offset: int
    runs: dict[PartitionKey, str]
    version: int = _VERSION
    topic: str | None = None


class JournalSource(FixedPartitionedSource[News, JournalPosition]):
    """Floors of all partitions, and labels, from the start of the journal on.

    Args:
        settings: where the broker is; whether to end where the journal ends now.
        topic: the journal.
        sources: what tells the topic of each source (`Claims`).
        draining: asked before each read; once true, it ends.
        identity: what tells the journal from others of its name; None where it is not known.
    """

    def __init__(
        self,
        settings: Settings,
        topic: str,
        sources: Mapping[str, str],
        draining: Callable[[], bool] = lambda: False,
        identity: str | None = None,
    ) -> None:
        self._identity = identity
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
            Stop: the saved position is not in the journal, or of an earlier one of its name.
        """
        saved = resume_state or JournalPosition(0, {})
        if saved.version != _VERSION:
            raise UserMistake(
                f"saved state: the journal's position has version {saved.version}, this program"
                f" reads {_VERSION}; start with an empty recovery directory or with the program"
                " that wrote it"
            )
        # Positions that earlier programs have saved do not tell their topic.
        require_same(self._topic, getattr(saved, "topic", None), self._identity)
        offset = resume_state.offset if resume_state else None
        reader = JournalReader(self._settings, self._topic, offset, self._identity)
        end = reader.end if self._settings.bounded else None
        claims = Claims(self._sources, saved.runs)
        return JournalPart(reader, claims, self._draining, end, self._identity)


class JournalPart(StatefulSourcePartition[News, JournalPosition]):
    """The journal, read up to an offset, or for ever as it grows."""

    def __init__(
        self,
        reader: JournalReader,
        claims: Claims,
        draining: Callable[[], bool],
        end: int | None,
        identity: str | None = None,
    ) -> None:
        self._identity = identity
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
        runs = dict(self._claims.runs)
        return JournalPosition(self._reader.offset, runs, topic=self._identity)

    def close(self) -> None:
        """Leave the broker."""
        self._reader.close()
