"""`datasources/*.yaml`. Every value is interpolated from Grafana's environment."""

from typing import Literal

from grafana.formats.base import Duration, File, OrgId, Part, Text, Uid


class JsonData(Part):
    """Settings of the InfluxDB data source."""

    version: Literal["InfluxQL", "Flux", "SQL"]
    db_name: Text
    http_mode: Literal["GET", "POST"]
    time_interval: Duration
    http_header_name1: Text


class SecureJsonData(Part):
    """Settings that are stored encrypted."""

    http_header_value1: Text


class DataSource(Part):
    """A data source."""

    name: Text
    type: Literal["influxdb"]
    uid: Uid
    access: Literal["proxy"]
    org_id: OrgId
    url: Text
    is_default: bool
    editable: bool
    json_data: JsonData
    secure_json_data: SecureJsonData


class DataSourceFile(File):
    """The file."""

    datasources: list[DataSource]
