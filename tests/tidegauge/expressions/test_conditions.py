import pytest

from tidegauge.expressions.compiled import ExpressionError
from tidegauge.expressions.conditions import compile_condition
from tidegauge.expressions.targets import key_columns, target_columns
from tidegauge.fieldtypes import FieldType
from tidegauge.spec.models import Pipeline

PIPELINE = Pipeline.model_validate(
    {
        "version": 1,
        "pipeline": "payments",
        "sources": {
            "payments": {
                "kafka": {"topic": "payments"},
                "event_time": {"field": "ts"},
                "fields": {
                    "amount": {},
                    "status": {"type": "string"},
                    "region": {"type": "string"},
                },
                "derive": {"failed": "status = 'fail'"},
            }
        },
        "windows": {
            "spend": {
                "from": "payments",
                "tumbling": {"size": "10s"},
                "by": ["region"],
                "select": {
                    "count": "count(*)",
                    "failure_rate": "avg(failed)",
                    "last": "last(status)",
                    "top": "top(status, 3)",
                    "distinct": "distinct(status)",
                },
            }
        },
        "anomalies": {
            "odd": {"on": "spend.failure_rate"},
            "large": {"on": "payments.amount", "by": ["status"]},
        },
    }
)


@pytest.mark.parametrize(
    ("text", "kind", "target", "value"),
    [
        ("spend.failure_rate > 0.05", "window", "spend", "failure_rate"),
        ("spend.count > 10 AND spend.failure_rate > 0.05", "window", "spend", "count"),
        ("spend.region = 'north' AND spend.count > 10", "window", "spend", "count"),
        ("0.05 < spend.failure_rate", "window", "spend", "failure_rate"),
        ("spend.data_points > 3", "window", "spend", "data_points"),
        ("spend.last = 'down'", "window", "spend", None),
        ("spend.last = 'down' AND spend.distinct > 2", "window", "spend", "distinct"),
        ("spend.top LIKE '[[\"fail\",%'", "window", "spend", None),
        ("payments.amount > 5000", "event", "payments", "amount"),
        ("payments.failed", "event", "payments", None),
        ("anomaly(odd)", "anomaly", "odd", "value"),
        ("ANOMALY( odd )", "anomaly", "odd", "value"),
    ],
)
def test_is_about(text: str, kind: str, target: str, value: str | None) -> None:
    condition = compile_condition(text, PIPELINE)
    assert (condition.kind, condition.target, condition.value) == (kind, target, value)
    if condition.test:
        assert condition.test.type is FieldType.BOOL
        assert condition.test.columns <= set(target_columns(PIPELINE, condition.kind, target))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("spend.cont > 1", "unknown column 'cont' (did you mean count?)"),
        ("spnd.count > 1", "unknown window or source 'spnd' (did you mean spend?)"),
        ("anomaly(od)", "unknown anomaly 'od' (did you mean odd?); allowed: large, odd"),
        ("count > 1", "count: say what it belongs to, as in spend.count"),
        ("spend.count", "this is an int, not a condition"),
        ("spend.count > 1 AND payments.amount > 2", "this one is about spend and payments"),
        ("anomaly(odd) AND spend.count > 1", "stands alone: put further conditions into `where`"),
        ("anomaly('odd')", "anomaly(…) takes the name of one anomaly"),
        ("odd.value > 3", "odd is an anomaly: write anomaly(odd)"),
        ("spend.latency_ms > 3", "unknown column 'latency_ms'"),
        ("TRUE", "no field in it: write window.field > number"),
        ("spend.count > 'x'", "'>' compares: 'x' is a string and count is an int"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_condition(text, PIPELINE)
    assert message in str(caught.value)


def test_the_columns_of_targets() -> None:
    assert {"region", "count", "failure_rate", "data_points"} <= set(
        target_columns(PIPELINE, "window", "spend")
    )
    assert {"region", "value", "score"} <= set(target_columns(PIPELINE, "anomaly", "odd"))
    assert {"status", "value"} <= set(target_columns(PIPELINE, "anomaly", "large"))
    assert key_columns(PIPELINE, "window", "spend") == ["region"]
    assert key_columns(PIPELINE, "anomaly", "large") == ["status"]
    assert key_columns(PIPELINE, "event", "payments") == []


def test_what_tells_of_the_run_decides_nothing() -> None:
    columns = target_columns(PIPELINE, "window", "spend") | target_columns(
        PIPELINE, "anomaly", "odd"
    )
    assert not {"processing_time_ns", "latency_ms", "revision"} & set(columns)
