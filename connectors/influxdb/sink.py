"""Records into InfluxDB, as a Bytewax sink."""

from connectors.codecs.frames import merged
from connectors.influxdb.lines import LineEncoder
from connectors.influxdb.writer import LineWriter, Rejected, WriteLimits
from connectors.partitions import PARTS, RecordPart, RecordSink
from tidegauge.catalogue import Catalogue
from tidegauge.records import RecordBatch
from tidegauge.settings import Settings


class InfluxSink(RecordSink):
    """Writes every record as a point of its signal's measurement, over an equal one.

    A field that is null is left out of its point, so that a value once written stays. Writing is
    synchronous; what InfluxDB refuses for good is told to `rejected`, the rest is written.

    Args:
        settings: where InfluxDB is; `connectors.influxdb.server.prepare` has made it ready.
        bucket: bucket to write into.
        catalogue: signals of the records, and the tags of every record.
        rejected: told of each refused line and why.
        limits: bounds of writing.
        parts: number of parts.
    """

    def __init__(
        self,
        settings: Settings,
        bucket: str,
        catalogue: Catalogue,
        rejected: Rejected,
        *,
        limits: WriteLimits | None = None,
        parts: int = PARTS,
    ) -> None:
        super().__init__(parts)
        self._settings = settings
        self._bucket = bucket
        self._catalogue = catalogue
        self._rejected = rejected
        self._limits = limits or WriteLimits()

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "InfluxPart":
        """A part with a connection of its own, made at the first write."""
        writer = LineWriter(self._settings, self._bucket, self._rejected, self._limits)
        return InfluxPart(writer, self._catalogue)


class InfluxPart(RecordPart):
    """One part: encodes a signal's records together and writes their lines."""

    def __init__(self, writer: LineWriter, catalogue: Catalogue) -> None:
        self._writer = writer
        self._encoders = {
            signal.name: LineEncoder(signal, catalogue.constant_tags) for signal in catalogue
        }

    def write_batch(self, values: list[RecordBatch]) -> None:
        """Store the records.

        Raises:
            Retry: InfluxDB does not answer, or fails, for as long as is tried.
            Throttle: InfluxDB asks for a pause for as long as is tried.
            Stop: token, organisation or bucket are no longer right.
        """
        for batch in merged(values):
            self._writer.write(self._encoders[batch.signal].lines(batch))

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()
