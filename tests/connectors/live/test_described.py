"""What a page is told of anomalies of single events: the windows that they are drawn with."""

import pytest

from connectors.live.described import described
from tidegauge.catalogue import catalogue_of
from tidegauge.spec.models import Pipeline


@pytest.mark.parametrize(
    "metric",
    [
        "distinct(c)",
        "1 + DISTINCT (c)",
        "count(DISTINCT c)",
        "top(c, 3)",
        "percentile_cont(0.9) WITHIN GROUP (ORDER BY c)",
        "rate(c) FILTER (WHERE c > 1)",
        "std_dev_pop(c) / count(*)",
        "last(c)",
    ],
)
def test_an_anomaly_of_an_event_is_drawn_with_every_metric_of_its_field(metric: str) -> None:
    pipeline = Pipeline.model_validate(
        {
            "version": 1,
            "pipeline": "p",
            "sources": {
                "s": {
                    "kafka": {"topic": "s"},
                    "event_time": {"field": "at"},
                    "fields": {"k": {"type": "string"}, "c": {"type": "int"}},
                }
            },
            "windows": {
                "w": {
                    "from": "s",
                    "tumbling": {"size": "10s"},
                    "by": ["k"],
                    "select": {"m": metric, "n": "count(*)"},
                }
            },
            "anomalies": {"odd": {"on": "s.c", "by": ["k"]}},
        }
    )
    (rule,) = described(pipeline, catalogue_of(pipeline))["anomaly_rules"]
    assert rule["marks"] == [{"signal": "w", "field": "m"}]
