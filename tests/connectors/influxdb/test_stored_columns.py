"""Columns that are stored with another type are known before a line is refused."""

from influxdb_client.client.write_api import SYNCHRONOUS

from connectors.influxdb.stored_columns import stored_conflicts
from tests.connectors.influxdb.servers import answering, settings_of
from tests.services.influxdb import InfluxDB
from tests.services.names import unique
from tidegauge.catalogue import Catalogue, catalogue_of
from tidegauge.spec.models import Pipeline


def catalogue() -> Catalogue:
    """Signals with `sales` by `shop`: an int `n` and a float `total`."""
    source = {
        "kafka": {"topic": "s"},
        "event_time": {"field": "t"},
        "fields": {"shop": {"type": "string"}, "price": {"type": "float"}},
    }
    window = {"from": "s", "tumbling": {"size": "1m"}, "by": ["shop"]}
    select = {"n": "count(*)", "total": "sum(price)"}
    file = {"version": 1, "pipeline": "p", "sources": {"s": source}}
    return catalogue_of(
        Pipeline.model_validate({**file, "windows": {"sales": {**window, "select": select}}})
    )


def stored(influxdb: InfluxDB, *lines: str) -> str:
    """A bucket that holds these lines."""
    bucket = influxdb.bucket(unique("stored"))
    with influxdb.client() as client, client.write_api(SYNCHRONOUS) as api:
        api.write(bucket, record=list(lines))
    return bucket


def test_what_is_stored_as_it_will_be_written_is_no_conflict(influxdb: InfluxDB) -> None:
    bucket = stored(influxdb, 'sales,shop=a n=1i,total=2.5,more="x" 1')
    assert stored_conflicts(settings_of(influxdb), bucket, catalogue()) == []


def test_a_field_of_another_type_and_a_field_that_was_a_tag_are_named(influxdb: InfluxDB) -> None:
    bucket = stored(influxdb, 'sales,shop=a,total=high n="one" 1')
    found = stored_conflicts(settings_of(influxdb), bucket, catalogue())
    assert [(one.measurement, one.column) for one in found] == [("sales", "n"), ("sales", "total")]
    assert found[0].why.startswith("was string, now int: InfluxDB refuses it")
    assert found[1].why.startswith("was a tag, now a field (float)")


def test_a_bucket_that_is_not_there_has_none(influxdb: InfluxDB) -> None:
    assert stored_conflicts(settings_of(influxdb), unique("absent"), catalogue()) == []


def test_a_server_that_lets_nobody_read_is_asked_no_further() -> None:
    with answering((403, {})) as server:
        assert stored_conflicts(server.settings(), "b", catalogue()) == []
