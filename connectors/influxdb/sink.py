"""Records into InfluxDB, as a Bytewax sink."""

import time
from collections.abc import Callable

import structlog

from connectors.codecs.frames import merged
from connectors.influxdb.delay import ALLOWED_NS
from connectors.influxdb.lines import LineEncoder
from connectors.influxdb.writer import LineWriter, WriteLimits
from connectors.partitions import PARTS, RecordPart, RecordSink
from connectors.refused import refused_records
from tidegauge.catalogue import ALERTS, DEAD_LETTERS, Catalogue
from tidegauge.records import RecordBatch
from tidegauge.settings import Settings
from tidegauge.texts import shortened

Letters = Callable[[RecordBatch], None]
"""Takes dead letters; they are kept when it returns."""

_LOG = structlog.get_logger("tidegauge")


class InfluxSink(RecordSink):
    """Writes every record as a point of its signal's measurement, over an equal one.

    A field that is null is left out of its point, so that a value once written stays. Writing is
    synchronous; what InfluxDB refuses for good becomes dead letters, given to `letters` and written
    beside the rest, which is stored.

    Args:
        settings: where InfluxDB is; `connectors.influxdb.server.prepare` has made it ready.
        bucket: bucket to write into.
        catalogue: signals of the records, and the tags of every record.
        letters: takes the dead letters.
        limits: bounds of writing.
        parts: number of parts.
        clock_ns: wall clock, by which alerts say how late they could be read.
    """

    def __init__(
        self,
        settings: Settings,
        bucket: str,
        catalogue: Catalogue,
        letters: Letters,
        *,
        limits: WriteLimits | None = None,
        parts: int = PARTS,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        super().__init__(parts)
        self._settings = settings
        self._bucket = bucket
        self._catalogue = catalogue
        self._letters = letters
        self._limits = limits or WriteLimits(retry_for_s=settings.retry_for_s)
        self._clock_ns = clock_ns

    def build_part(self, step_id: str, for_part: str, resume_state: None) -> "InfluxPart":
        """A part with a connection of its own, made at the first write."""
        return InfluxPart(
            self._settings,
            self._bucket,
            self._catalogue,
            self._letters,
            self._limits,
            self._clock_ns,
        )


class InfluxPart(RecordPart):
    """One part: encodes a signal's records together and writes their lines."""

    def __init__(
        self,
        settings: Settings,
        bucket: str,
        catalogue: Catalogue,
        letters: Letters,
        limits: WriteLimits,
        clock_ns: Callable[[], int],
    ) -> None:
        self._bucket = bucket
        self._clock_ns = clock_ns
        self._letters = letters
        self._refused: list[tuple[bytes, str]] = []
        self._writer = LineWriter(settings, bucket, self._note, limits)
        self._encoders = {
            signal.name: LineEncoder(signal, catalogue.constant_tags) for signal in catalogue
        }

    def write_batch(self, values: list[RecordBatch]) -> None:
        """Store the records, those that are refused as dead letters.

        Raises:
            Retry: InfluxDB does not answer, or fails, for as long as is tried.
            Throttle: InfluxDB asks for a pause for as long as is tried.
            Stop: token, organisation or bucket are no longer right.
        """
        for batch in merged(values):
            self._write(batch)
        if self._refused:
            refused, self._refused = self._refused, []
            self._tell(refused)

    def _write(self, batch: RecordBatch) -> None:
        encoder, begun_ns = self._encoders[batch.signal], self._clock_ns()
        self._writer.write(encoder.lines(batch, begun_ns))
        stored_ns = self._clock_ns()
        if batch.signal == ALERTS and stored_ns - begun_ns > ALLOWED_NS:
            # Stored once more, over itself: until now nobody could read it.
            self._writer.write(encoder.lines(batch, stored_ns))

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()

    def _note(self, line: bytes, reason: str) -> None:
        self._refused.append((line, reason))

    def _tell(self, refused: list[tuple[bytes, str]]) -> None:
        letters = refused_records(f"influxdb:{self._bucket}", refused, self._clock_ns())
        self._letters(letters)
        if encoder := self._encoders.get(DEAD_LETTERS):
            self._writer.write(encoder.lines(letters))
        # A letter that is refused, too, is where `letters` has put it.
        told = len(refused)
        lost, self._refused = self._refused, []
        _LOG.error(
            "InfluxDB refused records",
            bucket=self._bucket,
            lines=told,
            letters_refused=len(lost),
            reason=shortened(refused[0][1]),
        )
