"""A pipeline without keys gives what the same one gives by a key that is always the same."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import xxhash
from polars.testing import assert_frame_equal

from connectors.codecs.json_columns import JsonColumns
from connectors.memory.sink import MemorySink
from connectors.memory.source import Held, MemorySource
from dataflows.analytics import build
from dataflows.topology.outputs import Sinks
from operators.forecasts.series import FIRST_FIT
from operators.intake.intake import partition_intake
from operators.intake.plan import plan_intake
from operators.keygroups.keys import Key, key_bytes
from operators.predictions.plan import plan_predictions
from tests.operators.keygroups.engine import run
from tests.operators.predictions.models import weighted
from tidegauge.records import KEYS
from tidegauge.spec.detectors import SETTINGS
from tidegauge.spec.loader import parse_pipeline

FAR_MS = 4_000_000_000_000
EVERY_S = 20
EVENTS = 1_200
BATCH = 37
OFTEN = {"false_alarms": "5 per hour", "warm_up": 20}
FEW = {"n": "count(*)", "a": "avg(v)"}
MANY = FEW | {
    "w": "avg(w)",
    "c": "last(c)",
    "kinds": "distinct(c)",
    "most": "top(c, 2)",
    "middle": "quantile(v, 0.5)",
}
STATISTICS = frozenset({"flow", "ledger", "window_state", "pattern_state"})
"""Signals about the run, or about key groups, of which the key decides which is which."""
NOT_COMPARED = frozenset({"processing_time_ns", "latency_ms", "id", "k", KEYS})
"""Columns about the run, and those that are made of the key."""

TUMBLING = {"tumbling": {"size": "1m"}, "select": MANY}
KINDS: dict[str, dict[str, Any]] = {
    "tumbling": {"tumbling": {"size": "1m"}},
    "sliding": {"sliding": {"size": "3m", "every": "1m"}},
    "early": {"tumbling": {"size": "1h"}, "early": "10m"},
    "session": {"session": {"gap": "30s"}},
    "count": {"count": {"size": 10, "every": 5}},
    "cumulative": {"cumulative": {"size": "1h", "every": "10m"}},
}
DETECTORS = {
    name: {"on": "m.a", "detector": name, **OFTEN}
    for name in SETTINGS
    if name not in ("robust_z", "multivariate", "rare_category", "peers")
} | {
    "robust_z": {"on": "m.a", "detector": "robust_z"},
    "multivariate": {"on": ["m.a", "m.w"], **OFTEN},
    "rare_category": {"on": "m.c", "detector": "rare_category", **OFTEN},
}
CASES: dict[str, dict[str, Any]] = {
    **{
        f"window {name}": {"windows": {"m": {**kind, "select": MANY}}}
        for name, kind in KINDS.items()
    },
    "window with where and few series": {
        "windows": {
            "m": {
                "tumbling": {"size": "10m"},
                "select": FEW,
                "where": "v > 9",
                "max_series": 1,
            }
        }
    },
    "anomalies of windows": {"windows": {"m": TUMBLING}, "anomalies": DETECTORS},
    "anomalies of events": {
        "anomalies": {
            "odd": {"on": "r.v", **OFTEN},
            "rare": {"on": "r.c", "detector": "rare_category", **OFTEN},
            "far": {"on": "r.v", "detector": "robust_z"},
            "still": {"on": "r.v", "detector": "flat_line", **OFTEN},
        },
        "alerts": {"told": {"when": "anomaly(far)"}},
    },
    "forecasts": {
        "windows": {"m": TUMBLING},
        "forecasts": {
            "ahead": {"on": "m.a", "horizon": "30m"},
            "counted": {"on": "m.n", "horizon": "1h", "every": "10m"},
        },
        "alerts": {"soon": {"when": "forecast(m.a, 30m) > 5"}},
    },
    "a forecast for an alert alone": {
        "windows": {"m": TUMBLING},
        "alerts": {"soon": {"when": "forecast(m.a, 30m) > 5"}},
    },
    "predictions": {
        "windows": {"m": TUMBLING},
        "predictions": {"risk": {"on": "m", "model": "risk.onnx", "inputs": ["a", "n"]}},
        "alerts": {"risky": {"when": "predict(risk) > 0.5"}},
    },
    "alerts": {
        "windows": {"m": TUMBLING},
        "anomalies": {"far": {"on": "m.a", "detector": "robust_z"}},
        "alerts": {
            "high": {"when": "m.a > 20", "for": "1m", "clear": "m.a < 15"},
            "odd": {"when": "anomaly(far)", "level": 8},
            "event": {"when": "r.v > 50"},
        },
    },
    "patterns": {
        "patterns": {
            "p": {
                "from": "r",
                "match": "low high+ back",
                "define": {"low": "v < 10", "high": "v > 10", "back": "v < 9"},
                "measures": {"most": "max(high.v)", "first": "low.v"},
                "within": "5m",
                "timeouts": True,
            },
        },
        "alerts": {"found": {"when": "match(p)"}},
    },
}


def first_fit(key: Key) -> int:
    """When a series is fitted first: with a like key, forecasts rest on the same fits."""
    return int(FIRST_FIT * xxhash.xxh3_64_intdigest(key_bytes(key)) / 2.0**64)


ALIKE = next(key for key in map(str, range(1_000)) if first_fit(key) == first_fit(()))
BY = frozenset({"windows", "patterns"})


def events() -> list[Held]:
    """Noise with two outliers, a category that comes once, and silence for a quarter of an hour."""
    chance = np.random.default_rng(1)
    v, w = chance.normal([[10.0], [5.0]], 1.0, (2, EVENTS))
    v[[500, 900]] += 80.0
    lines = [
        {
            "at": 1_772_323_200 + number * EVERY_S + 900 * (number > 700),
            "v": float(v[number]),
            "w": float(w[number]),
            "c": "odd" if number == 800 else "ab"[number % 2],
            "k": ALIKE,
        }
        for number in range(EVENTS)
    ]
    return [Held(json.dumps(line).encode(), FAR_MS) for line in lines]


def records(case: dict[str, Any], by: Sequence[str], folder: Path) -> dict[str, pl.DataFrame]:
    """What the whole flow writes, by signal, without what tells of the run or names the key."""
    declared = {part: dict(entries) for part, entries in case.items()}
    for part in BY & declared.keys():
        own = {"from": "r", "by": list(by)}
        declared[part] = {name: own | each for name, each in declared[part].items()}
    for name, each in declared.get("anomalies", {}).items():
        if str(each["on"]).startswith("r."):
            declared["anomalies"][name] = each | {"by": list(by)}
    for name, each in declared.get("alerts", {}).items():
        declared["alerts"][name] = {"summary": "{value}"} | each
    fields = {"v": "float", "w": "float", "c": "string", "k": "string"}
    event_time = {"field": "at", "format": "epoch_s", "out_of_orderness": "0s", "lateness": "1m"}
    source = {
        "kafka": {"topic": "t"},
        "event_time": event_time,
        "fields": {name: {"type": kind} for name, kind in fields.items()},
    }
    whole = {"version": 1, "pipeline": "keyless", "sources": {"r": source}, **declared}
    parsed = parse_pipeline(json.dumps(whole), "keyless.yaml", folder, {})
    plan = plan_intake("r", parsed.sources["r"], JsonColumns)
    memory, sink = MemorySource([events()], partition_intake(plan, 1), BATCH), MemorySink()
    models = plan_predictions(parsed, folder)
    run(build(parsed, {"r": memory}, Sinks(store=sink), predictions=models))
    frames: dict[str, list[pl.DataFrame]] = {}
    for batch in sink.records:
        if batch.signal not in STATISTICS:
            kept = [name for name in batch.frame.columns if name not in NOT_COMPARED]
            frames.setdefault(batch.signal, []).append(batch.frame.select(kept))
    return {name: pl.concat(parts) for name, parts in frames.items()}


@pytest.mark.parametrize("case", CASES)
def test_without_keys_as_by_a_key_that_is_always_the_same(case: str, tmp_path: Path) -> None:
    weighted(tmp_path / "risk.onnx", [[1.0], [-4.0]])
    without, with_key = (records(CASES[case], by, tmp_path) for by in ([], ["k"]))
    assert without.keys() == with_key.keys()
    for name, frame in without.items():
        assert frame.height > 0
        order = [column for column, kind in frame.schema.items() if not kind.is_nested()]
        assert_frame_equal(frame.sort(order), with_key[name].sort(order), rel_tol=1e-9)
    for part in ("windows", "forecasts", "predictions", "patterns"):
        assert set(CASES[case].get(part, ())) <= without.keys()
