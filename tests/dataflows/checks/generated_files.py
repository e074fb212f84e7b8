"""Random pipeline files of every section, and messages for them."""

import json
from collections.abc import Mapping
from random import Random
from typing import Any

from tests.dataflows.checks.generated_sql import (
    BOOL,
    FLOAT,
    INT,
    STRING,
    aggregates,
    expression,
    taken,
)
from tidegauge.fieldtypes import FieldType

START_S = 1_772_359_200
"""Event time of the first message."""
Columns = dict[str, FieldType]
_FIELDS: Columns = {
    "i": INT,
    "j": INT,
    "x": FLOAT,
    "y": FLOAT,
    "s": STRING,
    "t": STRING,
    "b": BOOL,
    "c": BOOL,
    "odd na-me": FLOAT,
    "odd.key": STRING,
    "alert_level": INT,
    "Größe": INT,
}
_FORMATS = {"iso8601": STRING, "epoch_s": FLOAT, "epoch_ms": INT, "epoch_ns": INT}
_MATCHES = [
    "a b",
    "a -> b",
    "a+ b",
    "a b* c",
    "a{2} -> b",
    "a -> !b",
    "(a | b) c",
    "a+[->] -> b",
    "a ->> b",
    "(a b)+ c",
    "a -> !c -> b",
    "a b?",
    "a{1,3}[greedy] b",
    "a+[until c] b",
    "{- a -} b",
    "a b[within 5s]",
]
_DETECTORS = [
    None,
    "ensemble",
    "ewma",
    "seasonal",
    "periodic",
    "forecast_band",
    "change_point",
    "flat_line",
    "rare_category",
    "robust_z",
    "peers",
]
_VALUES: dict[FieldType, list[Any]] = {
    INT: [0, 1, -1, 2, 3, 7, 2**63 - 1, -(2**63), None],
    FLOAT: [0.0, 1.5, -2.25, 1e308, -1e308, 1e-300, 3, 0.1, None],
    STRING: ["", "a", "b", "A%", "NaN", "inf", "12", "é😀", 'q"\\', "line\nfeed", None],
    BOOL: [True, False, None],
}


def by_kind(columns: Mapping[str, FieldType]) -> dict[FieldType, list[str]]:
    """Columns by type, as SQL names them."""
    found: dict[FieldType, list[str]] = {kind: [] for kind in FieldType}
    for name, kind in columns.items():
        found[kind].append(name if name.isidentifier() else f'"{name}"')
    return found


class GeneratedFile:
    """A random pipeline file.

    Attributes:
        document: what the file says.
        messages: messages for the source `one`.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._columns: dict[str, Columns] = {}
        self._metrics: dict[str, Columns] = {}
        self.document: dict[str, Any] = {
            "version": 1,
            "pipeline": "generated",
            "timezone": rng.choice(["UTC", "Europe/Berlin"]),
            "tables": {"places": self._table()},
            "sources": {},
            "output": {"kafka": {"topic": "out", "events": rng.random() < 0.5}},
            "state": {"key_groups": rng.choice([1, 2])},
            "labels": rng.choice([{}, {"team": "a b"}]),
        }
        for name in ("one", "two")[: rng.choice([1, 1, 2])]:
            self.document["sources"][name] = self._source(name)
        self.messages = self._messages()
        for section, most, make in (
            ("windows", 2, self._window),
            ("patterns", 2, self._pattern),
            ("anomalies", 2, self._anomaly),
            ("forecasts", 1, self._forecast),
            ("alerts", 3, self._alert),
        ):
            named = {f"{section[0]}{n}": make for n in range(rng.randint(0, most))}
            made = {f"{name}_": build(f"{name}_") for name, build in named.items()}
            if made:
                self.document[section] = made

    def _some(self, kind: FieldType, columns: Mapping[str, FieldType], depth: int = 2) -> str:
        return expression(self._rng, kind, by_kind(columns), depth)

    def _odd(self) -> str:
        """A duration that is hardly ever right."""
        odd = [
            "0s",
            "1ns",
            "1ms",
            "7ms",
            "1s",
            "10s",
            "1m",
            "1h",
            "1d",
            "1w",
            "7d",
            "366d",
            "3650d",
        ]
        return self._rng.choice(odd)

    def _table(self) -> dict[str, Any]:
        fields = {"place": {"type": "string"}, "size": {"type": "int"}, "height": {"type": "float"}}
        return {"file": "places.csv", "key": "place", "fields": fields}

    def _source(self, name: str) -> dict[str, Any]:
        rng = self._rng
        kind = rng.choice(list(_FORMATS))
        fields = dict(rng.sample(list(_FIELDS.items()), rng.randint(3, len(_FIELDS))))
        time = {"field": "at", "format": kind}
        time |= rng.choice([{}, {"out_of_orderness": "0s"}, {"lateness": "5s"}])
        if rng.random() < 0.1:
            key = rng.choice(["out_of_orderness", "lateness", "idle_after", "max_future"])
            time[key] = self._odd()
        source: dict[str, Any] = {
            "kafka": {"topic": name},
            "event_time": time,
            "fields": {field: {"type": str(of)} for field, of in fields.items()},
        }
        hidden = [field for field in ("s", "odd.key") if field in fields and rng.random() < 0.1]
        for field in hidden:
            source["fields"][field]["sensitive"] = True
        if rng.random() < 0.3:
            fields["at"] = _FORMATS[kind]
            source["fields"]["at"] = {"type": str(_FORMATS[kind])}
        if rng.random() < 0.3:
            on = rng.choice(list(fields))
            source["enrich"] = {"places": {"on": on, "fields": ["size", "height"]}}
            fields |= {"size": INT, "height": FLOAT}
        if rng.random() < 0.3:
            source["filter"] = self._some(BOOL, fields)
        for number in range(rng.randint(0, 3)):
            of = rng.choice(list(FieldType))
            source.setdefault("derive", {})[f"d{number}"] = self._some(of, fields)
            fields[f"d{number}"] = of
        self._columns[name] = fields
        return source

    def _from(self, found: dict[str, Any]) -> Columns:
        """Choose the sources of a window or pattern; the columns that all of them have alike."""
        names = list(self.document["sources"])
        chosen = names if self._rng.random() < 0.2 else [self._rng.choice(names)]
        found["from"] = chosen if len(chosen) > 1 else chosen[0]
        first, *others = (self._columns[name] for name in chosen)
        return {
            column: kind
            for column, kind in first.items()
            if all(other.get(column) is kind for other in others)
        }

    def _keys(self, columns: Columns) -> list[str]:
        keys = [name for name, kind in columns.items() if kind is not FLOAT]
        return self._rng.sample(keys, min(self._rng.randint(0, 2), len(keys)))

    def _window(self, name: str) -> dict[str, Any]:
        rng = self._rng
        kinds: list[dict[str, Any]] = [
            {"tumbling": {"size": "10s"}},
            {"sliding": {"size": "10s", "every": "5s"}},
            {"session": {"gap": "3s"}},
            {"count": {"size": 3}},
            {"count": {"size": 4, "every": 2}},
            {"cumulative": {"size": "1h", "every": "1m"}},
            {"cumulative": {"size": "1d", "every": "1h"}},
        ]
        extreme: list[dict[str, Any]] = [
            {"tumbling": {"size": self._odd()}},
            {"sliding": {"size": self._odd(), "every": self._odd()}},
            {"session": {"gap": self._odd()}},
            {"count": {"size": rng.choice([1, 2, 1_000])}},
            {"cumulative": {"size": self._odd(), "every": self._odd()}},
        ]
        window = rng.choice([*kinds[:2], *kinds] if rng.random() < 0.85 else extreme)
        columns = self._from(window)
        window["by"] = self._keys(columns)
        if rng.random() < 0.3:
            window["where"] = self._some(BOOL, columns)
        if rng.random() < 0.1:
            window["early"] = rng.choice(["5s", self._odd()])
        if rng.random() < 0.1:
            window["max_series"] = rng.choice([1, 2])
        if rng.random() < 0.1:
            window["state"] = {"max_keys": 2, "on_full": rng.choice(["dead_letter", "drop_oldest"])}
        calls = aggregates(rng, by_kind(columns))
        metrics = {f"m{n}": rng.choice(list(FieldType)) for n in range(rng.randint(1, 4))}
        window["select"] = {
            metric: expression(rng, kind, calls, rng.choice([0, 0, 1, 2]))
            for metric, kind in metrics.items()
        }
        self._metrics[name] = metrics | {key: columns[key] for key in window["by"]}
        return window

    def _pattern(self, name: str) -> dict[str, Any]:
        rng = self._rng
        pattern: dict[str, Any] = {"match": rng.choice(_MATCHES)}
        columns = self._from(pattern)
        pattern["by"] = self._keys(columns)
        steps = [
            step for step in "abc" if step in pattern["match"].replace("until", "").split("!")[0]
        ]
        steps = steps or ["a"]
        of_run = taken(rng, steps, by_kind(columns))
        both = {kind: [*by_kind(columns)[kind], *of_run[kind]] for kind in FieldType}
        pattern["define"] = {
            step: expression(rng, BOOL, rng.choice([by_kind(columns), both]), rng.choice([1, 2]))
            for step in "abc"
            if step in pattern["match"].replace("until", "").replace("within", "")
            and rng.random() < 0.8
        }
        measures = {f"v{n}": rng.choice(list(FieldType)) for n in range(rng.randint(0, 3))}
        pattern["measures"] = {
            measure: expression(rng, kind, of_run, rng.choice([0, 1, 2]))
            for measure, kind in measures.items()
        }
        if rng.random() < 0.7:
            pattern["within"] = rng.choice(["20s", "20s", "20s", self._odd()])
        if rng.random() < 0.4:
            pattern["timeouts"] = True
        if rng.random() < 0.3:
            pattern["order"] = "arrival"
        if rng.random() < 0.1:
            pattern["limits"] = {rng.choice(["partial_matches", "buffered_events"]): 1}
        if rng.random() < 0.5:
            after = ["NO SKIP", "SKIP TO NEXT ROW", "SKIP TO FIRST b", "SKIP TO LAST a"]
            pattern["after_match"] = rng.choice(after)
        self._metrics[name] = measures | {key: columns[key] for key in pattern["by"]}
        return pattern

    def _anomaly(self, _name: str) -> dict[str, Any]:
        rng = self._rng
        windows = list(self.document.get("windows", {}))
        target = rng.choice([*windows, *windows, *self.document["sources"]])
        fields = self._metrics.get(target) or self._columns[target]
        detector = rng.choice(_DETECTORS)
        anomaly: dict[str, Any] = {"on": f"{target}.{rng.choice([*fields, 'data_points'])}"}
        if rng.random() < 0.15:
            anomaly["on"] = [
                f"{target}.{field}" for field in rng.sample(list(fields), min(2, len(fields)))
            ]
        elif detector:
            anomaly["detector"] = detector
        if target in self.document["sources"] and rng.random() < 0.7:
            anomaly["by"] = self._keys(self._columns[target])
        if rng.random() < 0.3:
            anomaly["warm_up"] = rng.choice([3, 20])
        if rng.random() < 0.2:
            rate = rng.choice(["1000000 per hour", "0.0001 per month", "1 per week"])
            settings = {"false_alarms": rate, "threshold": 1e308, "history": 5, "group": ["i"]}
            key = rng.choice([*settings])
            anomaly[key] = settings[key]
        if rng.random() < 0.3:
            anomaly["direction"] = rng.choice(["up", "down"])
        return anomaly

    def _forecast(self, _name: str) -> dict[str, Any]:
        windows = list(self.document.get("windows", {}))
        target = self._rng.choice([*windows, "one"])
        fields = self._metrics.get(target) or self._columns[target]
        on = f"{target}.{self._rng.choice([*fields, *fields, 'data_points'])}"
        forecast = {"on": on, "horizon": self._rng.choice(["1m", "1m", self._odd()])}
        if self._rng.random() < 0.3:
            forecast[self._rng.choice(["every", "season"])] = self._odd()
        return forecast

    def _alert(self, _name: str) -> dict[str, Any]:
        rng, document = self._rng, self.document
        alert: dict[str, Any] = {"level": rng.randint(1, 10)}
        target = rng.choice(
            [
                name
                for key in ("windows", "patterns", "anomalies", "sources")
                for name in document.get(key, {})
            ]
        )
        columns = self._metrics.get(target) or self._columns.get(target) or {"value": FLOAT}
        if target in document.get("patterns", {}):
            alert["when"] = f"{rng.choice(['match', 'match', 'timeout'])}({target})"
        elif target in document.get("anomalies", {}):
            alert["when"] = f"anomaly({target})"
        else:
            names = {
                f"{target}.{name}": kind for name, kind in columns.items() if name.isidentifier()
            }
            terms = {kind: [name for name, of in names.items() if of is kind] for kind in FieldType}
            alert["when"] = expression(rng, BOOL, terms)
            if rng.random() < 0.3:
                alert["clear"] = expression(rng, BOOL, terms)
            if rng.random() < 0.3:
                alert["for"] = rng.choice(["10s", self._odd()])
            if target.startswith("w") and rng.random() < 0.2:
                alert["when"] = (
                    f"forecast({rng.choice(list(names))}, 30s) > {expression(rng, FLOAT, {}, 1)}"
                )
        if rng.random() < 0.4:
            alert["where"] = self._some(BOOL, columns)
        alert["summary"] = rng.choice(["", "{value} of {alert}", "{level} {i}"])
        return alert

    def _messages(self) -> list[bytes]:
        rng = self._rng
        source = self.document["sources"]["one"]
        kind = source["event_time"]["format"]
        wanted = {name: FieldType(about["type"]) for name, about in source["fields"].items()}
        lines = []
        for number in range(rng.choice([1, 12, 60])):
            message = {
                name: rng.choice(_VALUES[of]) for name, of in wanted.items() if rng.random() < 0.9
            }
            message["at"] = _time(kind, START_S + number + rng.choice([0] * 12 + [-1, 1, -9]))
            lines.append(json.dumps(message).encode())
        if rng.random() < 0.2:
            lines.insert(rng.randrange(len(lines)), b"{broken")
        return lines


def _time(kind: str, at_s: int) -> object:
    minute, second = divmod(at_s - START_S + 600, 60)
    times = {
        "iso8601": f"2026-03-01T10:{minute:02}:{second:02}Z",
        "epoch_s": float(at_s),
        "epoch_ms": at_s * 1_000,
        "epoch_ns": at_s * 1_000_000_000,
    }
    return times[kind]
