"""What `tidegauge check --live` says of the bucket that a file writes into."""

from collections.abc import Iterator

from connectors.influxdb.retention import shortening
from connectors.influxdb.stored_columns import stored_conflicts
from tidegauge.catalogue import catalogue_of
from tidegauge.settings import Settings
from tidegauge.spec.models import Pipeline


def bucket_lines(pipeline: Pipeline, settings: Settings) -> Iterator[tuple[str, bool]]:
    """A warning for each column of another type, and for a retention that is made shorter."""
    output = pipeline.output.influxdb
    if output is None or settings.store is not None:
        return
    if not settings.influxdb_token.get_secret_value():
        return
    if line := shortening(settings, output):
        yield f"bucket {output.bucket}: {line}", True
    for one in stored_conflicts(settings, output.bucket, catalogue_of(pipeline)):
        yield f"bucket {output.bucket}: {one.measurement}.{one.column} {one.why}", True
