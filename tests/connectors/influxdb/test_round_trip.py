"""A real InfluxDB gives back what was written, whatever it was."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.influxdb.lines import LineEncoder
from connectors.influxdb.writer import LineWriter, WriteLimits
from tests.connectors.influxdb.servers import settings_of
from tests.connectors.samples import NOW_NS, SIGNAL, batch, records, stored_tag
from tests.fuzz import examples
from tests.services.influxdb import InfluxDB
from tests.services.names import unique


@pytest.fixture(scope="module")
def bucket(influxdb: InfluxDB) -> str:
    return influxdb.bucket()


@settings(max_examples=examples(25), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(records, min_size=1, max_size=40))
def test_every_text_number_and_tag_comes_back(
    influxdb: InfluxDB, bucket: str, rows: list[dict[str, object]]
) -> None:
    signal = replace(SIGNAL, measurement=unique("spend"))
    rows = [row | {"time_ns": NOW_NS + number} for number, row in enumerate(rows)]
    refused: list[bytes] = []
    writer = LineWriter(
        settings_of(influxdb), bucket, lambda line, _: refused.append(line), WriteLimits()
    )
    writer.write(LineEncoder(signal, {"pipeline": "payments"}).lines(batch(*rows)))
    stored = influxdb.influxql(bucket, f'SELECT * FROM "{signal.measurement}"')
    assert refused == []
    assert list(map(_present, stored)) == [row for row in map(_expected, rows) if _has_field(row)]


def _present(row: dict[str, object]) -> dict[str, object]:
    there = {name: value for name, value in row.items() if value is not None}
    if "amount" in there:
        there["amount"] = float(str(there["amount"]))  # JSON writes 1e17 without a point
    return there


def _expected(row: dict[str, object]) -> dict[str, object]:
    expected: dict[str, object] = {"time": row["time_ns"], "pipeline": "payments"}
    for name in ("region", "shop"):
        expected[name] = "(none)" if row[name] is None else stored_tag(row[name])
    for field in SIGNAL.fields:
        value = row[field.name]
        if value is not None and not (isinstance(value, float) and value - value != 0):
            expected[field.name] = value
    return expected


def _has_field(row: dict[str, object]) -> bool:
    return any(field.name in row for field in SIGNAL.fields)
