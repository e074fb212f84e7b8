"""What the start asks of InfluxDB, and what it says of each refusal, without a server."""

from collections.abc import Iterator

import pytest

from connectors.influxdb.server import prepare
from tests.connectors.influxdb.stand_in import StandIn, standing_in
from tidegauge.errors import UserMistake
from tidegauge.spec.models import InfluxOutput

DAY_S = 86_400
WRITE = "POST /api/v2/write"
MISSING = (
    "there is no bucket 'b', and INFLUXDB_TOKEN may not make it; create it, or use a token that may"
)


@pytest.fixture
def server() -> Iterator[StandIn]:
    with standing_in() as there:
        yield there


def prepared(server: StandIn, retention: str = "30d") -> list[str]:
    output = InfluxOutput.model_validate({"bucket": "b", "retention": retention})
    return prepare(server.settings(), output)


def mistake(server: StandIn) -> str:
    with pytest.raises(UserMistake) as error:
        prepared(server)
    return str(error.value).removeprefix(f"INFLUXDB_URL={server.url}: ")


def test_what_is_missing_is_made(server: StandIn) -> None:
    assert prepared(server) == []
    assert [bucket["name"] for bucket in server.buckets] == ["b"]
    (mapping,) = server.mappings
    known = {"bucketID": "b0", "database": "b", "retention_policy": "autogen", "default": True}
    assert mapping.items() >= known.items()
    assert server.asked[-1] == WRITE


def test_what_is_there_stays(server: StandIn) -> None:
    server.bucket("b", 30 * DAY_S)
    server.mapping("b", "mine")
    assert prepared(server) == []
    assert not [one for one in server.asked if not one.startswith("GET") and one != WRITE]


@pytest.mark.parametrize(
    ("retention", "kept_s", "shard_s"),
    [
        ("0s", 0, 7 * DAY_S),
        ("1h", 3_600, 3_600),
        ("47h", 47 * 3_600, 3_600),
        ("2d", 2 * DAY_S, DAY_S),
        ("180d", 180 * DAY_S, DAY_S),
        ("181d", 181 * DAY_S, 7 * DAY_S),
    ],
)
@pytest.mark.parametrize("there", [False, True])
def test_shards_fit_the_retention(
    server: StandIn, retention: str, kept_s: int, shard_s: int, *, there: bool
) -> None:
    if there:
        server.bucket("b", 1)
    assert prepared(server, retention) == []
    rules = {"type": "expire", "everySeconds": kept_s, "shardGroupDurationSeconds": shard_s}
    assert server.buckets[0]["retentionRules"] == [rules]


@pytest.mark.parametrize(
    ("kept_s", "retention", "told"),
    [
        (0, "30d", "for ever"),
        (31 * DAY_S, "30d", "for 31d"),
        (30 * DAY_S + 1, "30d", "for 2592001s"),
        (30 * DAY_S, "30d", None),
        (DAY_S, "30d", None),
        (DAY_S, "0s", None),
        (0, "0s", None),
    ],
)
def test_a_shorter_retention_is_told(
    server: StandIn, kept_s: int, retention: str, told: str | None
) -> None:
    server.bucket("b", kept_s)
    line = (
        f"bucket 'b': output.influxdb.retention {retention}: the bucket kept records {told};"
        " InfluxDB deletes what is older, whoever wrote it"
    )
    assert prepared(server, retention) == ([line] if told else [])


def test_a_retention_that_the_token_may_not_set_is_told(server: StandIn) -> None:
    server.bucket("b", 5 * DAY_S)
    server.refused["PATCH /api/v2/buckets/b0"] = (403, "forbidden")
    assert prepared(server) == ["INFLUXDB_TOKEN may not set the retention of bucket 'b'"]
    assert server.mappings, "the database is made all the same"


def test_of_mappings_made_at_once_all_processes_keep_the_same(server: StandIn) -> None:
    server.bucket("b", 30 * DAY_S)
    server.mapping("b", "m3", default=False)
    server.mapping("b", "m2")
    server.mapping("b", "m1")
    server.mapping("b", "m0", retention_policy="other")
    assert prepared(server) == []
    assert [one["id"] for one in server.mappings] == ["m1", "m0"]


def test_a_mapping_that_influxdb_makes_up_is_not_enough(server: StandIn) -> None:
    server.bucket("b", 30 * DAY_S)
    server.mapping("b", "m9", virtual=True)
    prepared(server)
    assert [one["virtual"] for one in server.mappings] == [True, False]


@pytest.mark.parametrize("status", [403, 404])
def test_a_mapping_that_another_removes_is_no_fault(server: StandIn, status: int) -> None:
    server.bucket("b", 30 * DAY_S)
    server.mapping("b", "m1")
    server.mapping("b", "m2")
    server.refused["DELETE /api/v2/dbrps/m2"] = (status, "gone")
    assert prepared(server) == []


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ("GET /api/v2/buckets", 403, None),
        ("GET /api/v2/buckets", 404, None),
        ("GET /api/v2/buckets", 500, "InfluxDB cannot be prepared: no (500)"),
        ("POST /api/v2/buckets", 401, None),
        ("POST /api/v2/buckets", 422, "InfluxDB cannot be prepared: no (422)"),
        ("GET /api/v2/dbrps", 403, None),
        ("POST /api/v2/dbrps", 403, None),
        ("POST /api/v2/dbrps", 500, "InfluxDB cannot be prepared: no (500)"),
        ("GET /api/v2/orgs", 500, "InfluxDB cannot be prepared: no (500)"),
        ("GET /ping", 404, "what answers there is no InfluxDB (status 404); correct INFLUXDB_URL"),
        (
            "GET /api/v2/orgs",
            401,
            "InfluxDB does not know INFLUXDB_TOKEN (no); set it to a token of this server",
        ),
        ("GET /api/v2/orgs", 404, "there is no organisation 'tidegauge'; correct INFLUXDB_ORG"),
        (WRITE, 403, "INFLUXDB_TOKEN may not write into bucket 'b'; use one that may"),
        (WRITE, 404, MISSING),
        (WRITE, 500, "InfluxDB cannot be prepared: no (500)"),
    ],
)
def test_a_refusal_is_told_or_needs_nothing(
    server: StandIn, asked: str, status: int, said: str | None
) -> None:
    server.refused[asked] = (status, "no")
    if said is None:
        assert prepared(server) == []
    else:
        assert mistake(server) == said


def test_a_bucket_that_another_process_has_just_made_is_used(server: StandIn) -> None:
    server.refused["POST /api/v2/buckets"] = (422, "bucket with name b already exists")
    assert prepared(server) == []
    assert server.asked.count("GET /api/v2/buckets") == 2
