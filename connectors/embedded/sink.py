"""Records into the embedded store, as a Bytewax sink."""

import time
from collections.abc import Callable
from pathlib import Path

import structlog

from connectors.embedded.store import BUSY_S, Store
from connectors.partitions import PARTS, RecordPart, RecordSink
from connectors.refused import refused_records
from tidegauge.catalogue import DEAD_LETTERS, Catalogue
from tidegauge.records import RecordBatch
from tidegauge.texts import shortened

Letters = Callable[[RecordBatch], None]
"""Takes dead letters; they are kept when it returns."""

_LOG = structlog.get_logger("tidegauge")


class StoreSink(RecordSink):
    """Writes every record as a row of its measurement's table, over an equal one.

    What the file refuses (a row too large, a constraint that somebody has added) becomes dead
    letters, given to `letters` and written beside the rest, which is stored.

    Args:
        path: the SQLite file; its parts, in whichever process, share it.
        catalogue: signals of the records, and the tags of every record.
        parts: number of parts.
        retry_for_s: how long a write waits for whoever has locked the file.
        letters: takes the dead letters, too; None where the store alone keeps them.
    """

    def __init__(
        self,
        path: Path,
        catalogue: Catalogue,
        *,
        parts: int = PARTS,
        retry_for_s: float = BUSY_S,
        letters: Letters | None = None,
    ) -> None:
        super().__init__(parts)
        self._retry_for_s = retry_for_s
        self._path = path
        self._catalogue = catalogue
        self._letters = letters

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "StorePart":
        """A part with a connection of its own.

        Raises:
            UserMistake: the file cannot be opened or is no database.
            Retry: others kept it locked for too long.
        """
        store = Store(self._path, self._catalogue, self._retry_for_s)
        return StorePart(store, f"sqlite:{self._path.name}", self._letters)


class StorePart(RecordPart):
    """One part: writes what it gets in one transaction."""

    def __init__(self, store: Store, place: str, letters: Letters | None) -> None:
        self._store = store
        self._place = place
        self._letters = letters

    def write_batch(self, values: list[RecordBatch]) -> None:
        """Store the records, those that are refused as dead letters.

        See `Store.write` for what it raises.
        """
        refused = self._store.write(values)
        if not refused:
            return
        letters = refused_records(self._place, refused, time.time_ns())
        if self._letters is not None:
            self._letters(letters)
        lost = self._store.write([letters]) if self._store.takes(DEAD_LETTERS) else []
        _LOG.error(
            "the store refused records",
            store=self._place,
            records=len(refused),
            letters_refused=len(lost),
            reason=shortened(refused[0][1]),
        )

    def close(self) -> None:
        """Close the connection."""
        self._store.close()
