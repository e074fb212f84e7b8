"""Places of a pipeline file where a user gives a name, each filled with many names at once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

KEY, VALUE, TIME = "zz_key", "zz_value", "zz_at"
"""Fields of every event; no name of the product."""
METRIC, CONTROL = "zz_metric", "zz_control"
SELECT = {
    METRIC: "count(*)",
    "zz_sum": "sum(zz_value) / count(*) + rate()",
    "zz_top": "top(zz_key, 3)",
    "zz_distinct": "distinct(zz_key)",
    "zz_median": "median(zz_value)",
    "zz_first": "first(zz_key)",
    "zz_spread": "std_dev(zz_value)",
}
SHAPES: Sequence[dict[str, Any]] = (
    {"tumbling": {"size": "10s"}},
    {"sliding": {"size": "10s", "every": "5s"}},
    {"session": {"gap": "5s"}},
    {"count": {"size": 2}},
    {"cumulative": {"size": "1m", "every": "10s"}},
)
EVENTS: Sequence[dict[str, Any]] = [
    {TIME: at * 1_000, KEY: key, VALUE: value}
    for at, key, value in [
        *((at, "ab"[at % 2], 1.0 + at % 3) for at in range(1, 12)),
        (12, "a", 900.0),
        (13, "b", 1.0),
        (14, "a", 1.0),
        (40, "a", 2.0),
    ]
]
Path = tuple[str | int, ...]


@dataclass
class Filled:
    """A pipeline file, and what each name stands for in it.

    Attributes:
        file: the file.
        owners: path of a declaration to the name that it is about.
        fields: fields of events besides the usual, each with the value of which usual one.
        signals: records to look at, to what is renamed in them: all signals must be the same then.
        alerts: the same by the name of an alert.
    """

    file: dict[str, Any]
    owners: dict[Path, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    signals: dict[str, dict[str, str]] = field(default_factory=dict)
    alerts: dict[str, dict[str, str]] = field(default_factory=dict)

    def events(self) -> list[dict[str, Any]]:
        """Events with all fields; the last but one is urgent by itself."""
        made = [event | {new: event[old] for new, old in self.fields.items()} for event in EVENTS]
        made[-2]["alert_level"] = 9
        return made


Fill = Callable[[Iterable[str]], Filled]


def _owned(number: int, name: str, **declared: str) -> dict[Path, str]:
    return {(section, f"{letter}{number}"): name for section, letter in declared.items()}


def blank(names: Iterable[str] = (), kind: str = "string") -> Filled:
    """A file with a source and these fields besides."""
    fields = {KEY: {"type": "string"}, VALUE: {"type": "float"}}
    fields |= {name: {"type": kind} for name in names}
    source = {
        "kafka": {"topic": "s"},
        "event_time": {"field": TIME, "format": "epoch_ms", "out_of_orderness": "1s"},
        "fields": fields,
    }
    output = {"kafka": {"events": True}}
    sections: Mapping[str, Any] = {
        name: {} for name in ("windows", "patterns", "anomalies", "alerts", "forecasts", "tables")
    }
    made = Filled(
        {"version": 1, "pipeline": "names", "sources": {"zz_s": source}, "output": output}
        | {name: dict(value) for name, value in sections.items()}
    )
    used = KEY if kind == "string" else VALUE
    made.fields = dict.fromkeys(names, used)
    made.owners = {("sources", "zz_s", "fields", name): name for name in names}
    return made


def window(key: str = KEY, number: int = 0) -> dict[str, Any]:
    """A window of one of the shapes."""
    return {"from": "zz_s", **SHAPES[number], "by": [key], "select": {METRIC: "count(*)"}}


def as_field(names: Iterable[str]) -> Filled:
    """Fields of a source."""
    made = blank(names)
    made.file["windows"][CONTROL] = window()
    return made


def as_window_key(names: Iterable[str]) -> Filled:
    """Key columns of windows with alerts and anomalies."""
    names = list(names)
    made = blank(names)
    for number, key in enumerate([*names, *[KEY] * len(SHAPES)]):
        w, shape = f"w{number}", number % len(SHAPES)
        made.file["windows"][w] = {**window(key, shape), "select": SELECT}
        made.file["alerts"][f"al{number}"] = {"when": f"{w}.{METRIC} >= 1", "level": 9}
        made.owners[("windows", w)] = key
        made.signals[w] = {key: KEY, "of": f"shape {shape}"}
        made.alerts[f"al{number}"] = {key: KEY, "of": f"shape {shape}"}
    return made


def as_judged_key(names: Iterable[str]) -> Filled:
    """Key columns of windows that are judged and forecast, and of judged events."""
    names = list(names)
    made = blank(names)
    settings = {"detector": "robust_z", "warm_up": 3}
    for number, key in enumerate([*names, KEY]):
        w, a, e = f"w{number}", f"a{number}", f"e{number}"
        made.file["windows"][w] = {**window(key), "select": SELECT, "tumbling": {"size": "1s"}}
        made.file["anomalies"][a] = {"on": f"{w}.zz_median", **settings}
        made.file["anomalies"][e] = {"on": f"zz_s.{VALUE}", "by": [key], **settings}
        made.file["forecasts"][f"f{number}"] = {"on": f"{w}.{METRIC}", "horizon": "10s"}
        for one in (a, e):
            made.file["alerts"][f"al_{one}"] = {"when": f"anomaly({one})"}
            made.signals[one] = {key: KEY, "of": one[0]}
            made.alerts[f"al_{one}"] = {key: KEY, "of": one[0]}
        made.owners |= _owned(number, key, windows="w", anomalies="a", forecasts="f")
        made.owners |= _owned(number, key, anomalies="e")
    return made


def as_pattern_key(names: Iterable[str]) -> Filled:
    """Key columns of patterns with alerts."""
    names = list(names)
    made = blank(names)
    for number, key in enumerate([*names, KEY]):
        made.file["patterns"][f"p{number}"] = _pattern(key)
        made.file["alerts"][f"al{number}"] = {"when": f"match(p{number})"}
        made.owners[("patterns", f"p{number}")] = key
        made.signals[f"p{number}"] = {key: KEY, "of": "p"}
        made.alerts[f"al{number}"] = {key: KEY, "of": "p"}
    return made


def _pattern(key: str = KEY, measure: str = METRIC) -> dict[str, Any]:
    return {
        "from": "zz_s",
        "by": [key],
        "match": "a b",
        "define": {"b": "zz_value > 1"},
        "measures": {measure: "b.zz_value"},
    }


def as_metric(names: Iterable[str]) -> Filled:
    """Metrics of windows that are judged, forecast and alerted of."""
    made = blank()
    for number, name in enumerate([*names, METRIC]):
        w = f"w{number}"
        made.file["windows"][w] = {
            **window(),
            "select": {name: "count(*)", "zz_other": "count(*)"},
            **SHAPES[0],
        }
        made.file["anomalies"][f"a{number}"] = {"on": f"{w}.{name}"}
        made.file["alerts"][f"al{number}"] = {"when": f'{w}."{name}" >= 1'}
        made.file["forecasts"][f"f{number}"] = {"on": f"{w}.{name}", "horizon": "20s"}
        made.owners |= _owned(number, name, windows="w", anomalies="a", alerts="al", forecasts="f")
        made.signals[w] = {name: METRIC, "of": "w"}
        made.alerts[f"al{number}"] = {"of": "w"}
    return made


def as_measure(names: Iterable[str]) -> Filled:
    """Measures of patterns."""
    made = blank()
    for number, name in enumerate([*names, METRIC]):
        made.file["patterns"][f"p{number}"] = _pattern(measure=name)
        made.file["alerts"][f"al{number}"] = {
            "when": f"match(p{number})",
            "where": f'"{name}" > 0',
        }
        made.owners |= {("patterns", f"p{number}"): name, ("alerts", f"al{number}"): name}
        made.signals[f"p{number}"] = {name: METRIC, "of": "p"}
        made.alerts[f"al{number}"] = {"of": "p"}
    return made


def _uses(made: Filled, names: Sequence[str]) -> Filled:
    """Windows, judged events and alerts over columns of these names, each like `VALUE`."""
    for number, name in enumerate([*names, VALUE]):
        select = {METRIC: f'sum("{name}")'}
        made.file["windows"][f"w{number}"] = {**window(), **SHAPES[0], "select": select}
        on, settings = f"zz_s.{name}", {"detector": "robust_z", "warm_up": 3}
        made.file["anomalies"][f"e{number}"] = {"on": on, "by": [KEY], **settings}
        made.file["alerts"][f"al{number}"] = {"when": f'zz_s."{name}" > 100'}
        made.signals[f"w{number}"] = {"of": "w"}
        made.alerts[f"al{number}"] = {"of": "al"}
        made.owners |= _owned(number, name, windows="w", anomalies="e", alerts="al")
    return made


def as_number(names: Iterable[str]) -> Filled:
    """Fields that are numbers, in aggregates, judged, and in conditions."""
    names = list(names)
    return _uses(blank(names, "float"), names)


def as_derived(names: Iterable[str]) -> Filled:
    """Derived columns."""
    names = list(names)
    made = _uses(blank(), names)
    made.file["sources"]["zz_s"]["derive"] = dict.fromkeys(names, "zz_value * 1")
    made.owners |= {("sources", "zz_s", "derive", name): name for name in names}
    return made


def as_added(names: Iterable[str]) -> Filled:
    """Columns of the user's own function."""
    names = list(names)
    made = _uses(blank(), names)
    adds = dict.fromkeys(names, "float")
    made.file["sources"]["zz_s"]["process"] = {"function": "tests.names.hook:add", "adds": adds}
    made.owners |= {("sources", "zz_s", "process", "adds", name): name for name in names}
    return made


def as_enriched(names: Iterable[str]) -> Filled:
    """Columns of a table."""
    names = list(names)
    made = _uses(blank(), [])
    columns = {name: {"type": "string"} for name in names}
    made.file["tables"]["zz_t"] = {
        "file": "t.jsonl",
        "key": "zz_id",
        "fields": {"zz_id": {"type": "string"}, **columns},
    }
    if names:
        enrich = {"zz_t": {"on": KEY, "fields": names}}
        made.file["sources"]["zz_s"]["enrich"] = enrich
    for number, name in enumerate([*names, KEY]):
        made.file["windows"][f"t{number}"] = {**window(), "select": {METRIC: f'top("{name}", 2)'}}
        made.owners[("windows", f"t{number}")] = name
        made.signals[f"t{number}"] = {"of": "t"}
    made.owners |= {("tables", "zz_t", "fields", name): name for name in names}
    made.owners |= {("sources", "zz_s", "enrich", "zz_t", "fields", name): name for name in names}
    return made


def as_label(names: Iterable[str]) -> Filled:
    """Labels of all records."""
    made = blank()
    made.file["windows"][CONTROL] = window()
    made.file["patterns"]["zz_p"] = _pattern()
    made.file["anomalies"]["zz_a"] = {"on": f"{CONTROL}.{METRIC}"}
    made.file["forecasts"]["zz_f"] = {"on": f"{CONTROL}.{METRIC}", "horizon": "10s"}
    made.file["alerts"]["zz_al"] = {"when": f"{CONTROL}.{METRIC} >= 1"}
    made.file["labels"] = dict.fromkeys(names, "x")
    made.owners = {("labels", name): name for name in made.file["labels"]}
    return made


def as_declaration(section: str) -> Fill:
    """Names of windows, patterns, anomalies, forecasts, alerts and tables."""

    def fill(names: Iterable[str]) -> Filled:
        made = blank()
        made.file["windows"][CONTROL] = window()
        declared: dict[str, Any] = {
            "windows": window(),
            "patterns": _pattern(),
            "anomalies": {"on": f"{CONTROL}.{METRIC}"},
            "forecasts": {"on": f"{CONTROL}.{METRIC}", "horizon": "10s"},
            "alerts": {"when": f"{CONTROL}.{METRIC} >= 1"},
            "tables": {"file": "t.jsonl", "key": "zz_id", "fields": {"zz_id": {"type": "string"}}},
        }
        for name in names:
            made.file[section][name] = declared[section]
            made.owners[(section, name)] = name
        if section in ("windows", "patterns"):
            made.signals = {name: {"of": section} for name in names}
        if section == "alerts":
            made.alerts = {name: {"of": section} for name in names}
        return made

    return fill


def as_source(names: Iterable[str]) -> Filled:
    """Names of sources, each with a window, judged events and an alert."""
    made = blank()
    source = made.file["sources"]["zz_s"]
    for number, name in enumerate(names):
        made.file["sources"][name] = {**source, "kafka": {"topic": f"t{number}"}}
        made.file["windows"][f"w{number}"] = {**window(), "from": name}
        made.file["anomalies"][f"e{number}"] = {"on": f"{name}.{VALUE}"}
        made.file["alerts"][f"al{number}"] = {"when": f'"{name}".{VALUE} > 100'}
        made.file["patterns"][f"p{number}"] = {**_pattern(), "from": name}
        made.owners[("sources", name)] = name
        made.owners |= _owned(number, name, windows="w", anomalies="e", alerts="al")
        made.owners[("patterns", f"p{number}")] = name
        made.signals |= {f"w{number}": {"of": "w"}, f"p{number}": {"of": "p"}}
        made.alerts[f"al{number}"] = {"of": "al"}
    return made


PLACES: Mapping[str, Fill] = {
    "field": as_field,
    "key of a window": as_window_key,
    "key of what is judged and forecast": as_judged_key,
    "key of a pattern": as_pattern_key,
    "metric": as_metric,
    "measure": as_measure,
    "number of an event": as_number,
    "derived column": as_derived,
    "column of a function": as_added,
    "column of a table": as_enriched,
    "label": as_label,
    "source": as_source,
    **{
        section: as_declaration(section)
        for section in ("windows", "patterns", "anomalies", "forecasts", "alerts", "tables")
    },
}
