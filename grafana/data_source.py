"""The data source: one InfluxDB for all pipelines, asked in InfluxQL."""

from collections.abc import Sequence

from grafana.durations import duration
from grafana.formats.base import interpolated
from grafana.formats.data_sources import DataSource, DataSourceFile, JsonData, SecureJsonData
from grafana.subject import Subject
from grafana.uids import DATA_SOURCE

URL = "$INFLUXDB_URL"
TOKEN = "Token $INFLUXDB_TOKEN"  # noqa: S105 - the name of a variable


def data_source_file(subjects: Sequence[Subject]) -> DataSourceFile:
    """The data source. Queries name their database; that of the first pipeline is for other ones.

    Args:
        subjects: all pipelines, at least one.
    """
    update_ns = min(subject.pipeline.dashboard.update for subject in subjects)
    settings = JsonData(
        version="InfluxQL",
        db_name=interpolated(subjects[0].store.bucket),
        http_mode="POST",
        time_interval=duration(update_ns),
        http_header_name1="Authorization",
    )
    made = DataSource(
        name="InfluxDB",
        type="influxdb",
        uid=DATA_SOURCE,
        access="proxy",
        org_id=1,
        url=URL,
        is_default=True,
        editable=False,
        json_data=settings,
        secure_json_data=SecureJsonData(http_header_value1=TOKEN),
    )
    return DataSourceFile(datasources=[made])
