"""Records into the embedded store, as a Bytewax sink."""

from pathlib import Path

from connectors.embedded.store import BUSY_S, Store
from connectors.partitions import PARTS, RecordPart, RecordSink
from tidegauge.catalogue import Catalogue
from tidegauge.records import RecordBatch


class StoreSink(RecordSink):
    """Writes every record as a row of its measurement's table, over an equal one.

    Args:
        path: the SQLite file; its parts, in whichever process, share it.
        catalogue: signals of the records, and the tags of every record.
        parts: number of parts.
        retry_for_s: how long a write waits for whoever has locked the file.
    """

    def __init__(
        self,
        path: Path,
        catalogue: Catalogue,
        *,
        parts: int = PARTS,
        retry_for_s: float = BUSY_S,
    ) -> None:
        super().__init__(parts)
        self._retry_for_s = retry_for_s
        self._path = path
        self._catalogue = catalogue

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "StorePart":
        """A part with a connection of its own.

        Raises:
            UserMistake: the file cannot be opened or is no database.
            Retry: others kept it locked for too long.
        """
        return StorePart(Store(self._path, self._catalogue, self._retry_for_s))


class StorePart(RecordPart):
    """One part: writes what it gets in one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write_batch(self, values: list[RecordBatch]) -> None:
        """Store the records; see `Store.write` for what it raises."""
        self._store.write(values)

    def close(self) -> None:
        """Close the connection."""
        self._store.close()
