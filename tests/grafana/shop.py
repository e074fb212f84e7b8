"""A pipeline with what the examples lack: several keys, odd names, low thresholds, other types."""

from typing import Any

from grafana.subject import Subject, subject_of
from tidegauge.spec.models import Pipeline

SHOP: dict[str, Any] = {
    "version": 1,
    "pipeline": "shop",
    "labels": {"team": "a$b"},
    "sources": {
        "orders": {
            "kafka": {"topic": "orders"},
            "event_time": {"field": "time", "out_of_orderness": "4s"},
            "fields": {
                "user id": {"type": "string"},
                "shop": {"type": "int"},
                "interval": {"type": "string"},
                "price": {"type": "float", "unit": "currencyEUR"},
                "paid": {"type": "bool"},
            },
        }
    },
    "windows": {
        "sales": {
            "from": "orders",
            "tumbling": {"size": "1h"},
            "by": ["user id", "shop"],
            "select": {
                "revenue": {
                    "expr": "sum(price)",
                    "unit": "currencyEUR",
                    "thresholds": {"warning": 100, "critical": 10},
                },
                "dearest": "max(price)",
                "every_paid": "min(price) > 0",
            },
        },
        "pace": {
            "from": "orders",
            "tumbling": {"size": "500ms"},
            "by": ["interval"],
            "select": {"orders": "count(*)"},
        },
        "total": {
            "from": "orders",
            "tumbling": {"size": "10s"},
            "select": {"orders": "count(*)"},
        },
    },
    "anomalies": {"odd": {"on": "orders.price", "by": ["interval"]}},
    "alerts": {
        "low": {
            "when": "sales.revenue < 10",
            "level": 9,
            "summary": "{user id}: {{{value}}} ${{HOME}} of {alert}",
            "description": "costs $5 {{ now }}",
            "runbook": "https://wiki.example/low",
        },
        "high": {"when": "total.orders > 100", "level": 8},
        "odd_order": {"when": "anomaly(odd)", "level": 3},
        "unpaid": {"when": "orders.paid = false", "level": 8},
    },
    "output": {"influxdb": {"bucket": 'shop, "and" more'.replace('"', "")}},
}


def shop(**changes: Any) -> Subject:
    """The pipeline, with other top-level keys."""
    return subject_of(Pipeline.model_validate({**SHOP, **changes}))
