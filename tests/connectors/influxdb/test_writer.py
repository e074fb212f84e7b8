"""Faults of InfluxDB: what passes is tried again, what is refused is named, the rest is written."""

import time

import pytest

from connectors.influxdb.client import open_client
from connectors.influxdb.refusals import divided, named
from connectors.influxdb.server import prepare
from connectors.influxdb.writer import LineWriter, WriteLimits
from tests.connectors.influxdb.servers import TOKEN, answering, settings_of
from tests.services.influxdb import InfluxDB
from tests.services.names import unique
from tidegauge.errors import Retry, Stop, Throttle, UserMistake
from tidegauge.settings import Settings
from tidegauge.spec.models import InfluxOutput

Refused = list[tuple[bytes, str]]
AT_ONCE = {"Retry-After": "0"}


def writer(settings: Settings, bucket: str, refused: Refused, **limits: float) -> LineWriter:
    def rejected(line: bytes, reason: str) -> None:
        refused.append((line, reason))

    return LineWriter(settings, bucket, rejected, WriteLimits(**limits))  # type: ignore[arg-type]  # one is an int


def count(server: InfluxDB, bucket: str) -> object:
    rows = server.influxql(bucket, "SELECT count(f) FROM m")
    return rows[0]["count"] if rows else 0


def test_many_lines_go_in_several_requests() -> None:
    with answering((204, {})) as server:
        writer(server.settings(), "b", [], lines=2).write(["m f=1 1", "m f=1 2", "m f=1 3"])
    assert server.bodies == [b"m f=1 1\nm f=1 2", b"m f=1 3"]


def test_no_lines_make_no_request() -> None:
    with answering((204, {})) as server:
        writer(server.settings(), "b", []).write([])
    assert server.bodies == []


@pytest.mark.parametrize("status", [429, 503])
def test_after_the_pause_that_the_server_asks_for_the_request_is_made_again(status: int) -> None:
    with answering((status, AT_ONCE), (status, AT_ONCE), (204, {})) as server:
        writer(server.settings(), "b", []).write(["m f=1 1"])
    assert server.bodies == [b"m f=1 1"] * 3


def test_a_pause_longer_than_is_tried_is_raised() -> None:
    with answering((429, {"Retry-After": "3600"})) as server, pytest.raises(Throttle) as error:
        writer(server.settings(), "b", []).write(["m f=1 1"])
    assert error.value.after_s == 3600
    assert len(server.bodies) == 1


def test_a_failing_server_is_tried_again_then_told_of_in_a_line() -> None:
    with answering((500, {})) as server, pytest.raises(Retry, match="status 500") as error:
        writer(server.settings(), "b", [], retry_for_s=2, longest_pause_s=0.05).write(["m f=1 1"])
    assert len(server.bodies) > 1
    assert "\n" not in str(error.value)


def test_nobody_listening_is_told_of_in_a_line_without_the_token() -> None:
    settings = Settings.model_validate(
        {"influxdb_url": "http://me:pass@127.0.0.1:1", "influxdb_token": TOKEN}
    )
    with pytest.raises(Retry) as error:
        writer(settings, "b", [], retry_for_s=0.1).write(["m f=1 1"])
    expected = "INFLUXDB_URL=http://127.0.0.1:1: InfluxDB does not answer (Connection refused)"
    assert str(error.value) == expected


def test_a_request_that_is_too_large_is_divided() -> None:
    with answering((413, {}), (204, {})) as server:
        writer(server.settings(), "b", []).write(["m f=1 1", "m f=1 2"])
    assert server.bodies == [b"m f=1 1\nm f=1 2", b"m f=1 1", b"m f=1 2"]


@pytest.mark.parametrize("token", ["", "two words", "line\n", "tökén"])
def test_a_text_that_is_no_token_is_refused_without_being_shown(token: str) -> None:
    settings = Settings.model_validate({"influxdb_token": token})
    with pytest.raises(UserMistake, match="INFLUXDB_TOKEN") as error:
        open_client(settings, 1)
    assert not token or token not in str(error.value)


def test_the_token_is_in_no_repr() -> None:
    settings = Settings.model_validate({"influxdb_token": TOKEN})
    made = writer(settings, "b", [])
    assert TOKEN not in repr(made) + repr(vars(made)) + repr(settings)


def test_a_line_that_cannot_be_parsed_is_reported_and_the_others_are_written(
    influxdb: InfluxDB,
) -> None:
    bucket, refused = influxdb.bucket(), Refused()
    long = f"m,t={'x' * 66_000} f=1 5"
    writer(settings_of(influxdb), bucket, refused).write(["m f=1 1", "broken", long, "m f=1 2"])
    assert [line for line, _ in refused] == [b"broken", long.encode()]
    assert refused[0][1] == "missing fields"
    assert refused[1][1].startswith("max key length exceeded")
    assert count(influxdb, bucket) == 2


def test_a_line_with_a_line_feed_in_a_string_is_reported_whole(influxdb: InfluxDB) -> None:
    bucket, refused = influxdb.bucket(), Refused()
    line = 'm,t= f="a\n\': b" 1'
    writer(settings_of(influxdb), bucket, refused).write(["m f=1 1", line])
    assert refused == [(line.encode(), "missing tag value")]
    assert count(influxdb, bucket) == 1


def test_lines_with_a_field_of_another_type_are_reported_and_the_others_are_written(
    influxdb: InfluxDB,
) -> None:
    bucket, refused = influxdb.bucket(), Refused()
    made = writer(settings_of(influxdb), bucket, refused)
    made.write(["m f=1,g=1i 1"])
    made.write([f"m f=1,g={number} {number}" for number in (2, 3)] + ["m f=1 4", "m f=1,g=5i 5"])
    assert [line for line, _ in refused] == [b"m f=1,g=2 2", b"m f=1,g=3 3"]
    assert refused[0][1] == (
        'field type conflict: input field "g" on measurement "m" is type float, '
        "already exists as type integer"
    )
    assert count(influxdb, bucket) == 3


def test_points_older_than_the_retention_are_reported_and_the_others_are_written(
    influxdb: InfluxDB,
) -> None:
    bucket, refused = unique("bucket"), Refused()
    settings = settings_of(influxdb)
    prepare(settings, InfluxOutput.model_validate({"bucket": bucket, "retention": "1h"}))
    now = time.time_ns()
    lines = [f"m f=1 {now + number if number % 3 else number}" for number in range(60)]
    writer(settings, bucket, refused).write(lines)
    assert [line.decode() for line, _ in refused] == lines[::3]
    assert count(influxdb, bucket) == 40


def test_a_bucket_that_is_not_there_stops_the_flow(influxdb: InfluxDB) -> None:
    with pytest.raises(Stop, match='bucket "nowhere" not found'):
        writer(settings_of(influxdb), "nowhere", []).write(["m f=1 1"])


def test_a_token_that_is_not_known_stops_the_flow(influxdb: InfluxDB) -> None:
    settings = settings_of(influxdb, influxdb_token=TOKEN)
    with pytest.raises(Stop, match="does not let this token write") as error:
        writer(settings, influxdb.bucket(), []).write(["m f=1 1"])
    assert TOKEN not in str(error.value)


def test_lines_are_found_in_a_message_that_quotes_them() -> None:
    message = "unable to parse 'a': b': missing fields\nunable to parse 'unknown': why"
    assert named(message, ["a': b", "c"]) == {"a': b": "missing fields"}


def test_lines_are_halved_where_the_message_gives_no_hint() -> None:
    assert divided(["a", "b", "c"], "no hint") == [["a"], ["b", "c"]]


def test_lines_are_halved_where_the_hint_fits_all_of_them() -> None:
    message = 'input field "f" on measurement "m" is type float'
    assert divided(["m f=1 1", "m f=2 2"], message) == [["m f=1 1"], ["m f=2 2"]]
