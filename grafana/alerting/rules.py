"""Alert rules: they read the state that the flow decided, and decide nothing themselves.

A (InfluxQL) is 1 for a series that is firing; B takes its last value, C compares it. D and E are
the value for the text, that of the record by which the series fires. All queries of a rule have one
time range: Grafana's data source uses that of the first for all.
"""

from collections.abc import Mapping, Sequence

from grafana.alerting.annotations import annotations, label
from grafana.alerting.late import holds, reach_ns
from grafana.alerting.levels import CRITICAL, OTHER, Pace, pace
from grafana.alerting.look_back import MARGIN_NS, look_back_ns
from grafana.durations import duration, seconds
from grafana.formats.rules import (
    Condition,
    DataSourceRef,
    Evaluator,
    Group,
    InfluxModel,
    Query,
    ReduceModel,
    ReduceSettings,
    Rule,
    RuleFile,
    ThresholdModel,
    TimeRange,
)
from grafana.queries import rules as queries
from grafana.queries.alerts import MOMENT
from grafana.rows.alerts import TIMELINE
from grafana.rows.flow import RATE
from grafana.subject import Subject
from grafana.uids import DATA_SOURCE, EXPRESSIONS, FLOW_DASHBOARD, uid
from tidegauge.catalogue import EVENT_LEVEL, FLOW_STOPPED
from tidegauge.durations import parse_duration_ns
from tidegauge.expressions.conditions import Condition as When
from tidegauge.expressions.conditions import compile_condition
from tidegauge.expressions.targets import key_columns
from tidegauge.forecasts import all_forecasts

STOPPED_LEVEL = 7
MOMENT_NS = parse_duration_ns(MOMENT)
"""How long an alert that nothing resolves is seen."""
_INFLUXDB = DataSourceRef(type="influxdb", uid=DATA_SOURCE)
_EXPRESSION = DataSourceRef(type=EXPRESSIONS, uid=EXPRESSIONS)
_STEP_MS, _POINTS = 1_000, 43_200
"""What Grafana's editor writes beside a query; neither is used by ours."""
Panels = Mapping[tuple[str, ...], int]


def rule_file(subject: Subject, panels: Panels, flow_panels: Panels) -> RuleFile:
    """The rules of a pipeline, critical ones in a group of their own.

    Args:
        subject: the pipeline.
        panels: numbers of the panels of its dashboard.
        flow_panels: numbers of the panels of the flow's dashboard.
    """
    made = RuleMaker(subject, panels)
    alerts = subject.pipeline.alerts
    critical = [made.rule(name) for name in alerts if pace(alerts[name].level) is CRITICAL]
    other = [made.rule(name) for name in alerts if pace(alerts[name].level) is OTHER]
    groups = [
        (CRITICAL, [*critical, made.event_level()]),
        (OTHER, [*other, made.stopped(flow_panels[RATE])]),
    ]
    return RuleFile(groups=[_group(subject, pace, rules) for pace, rules in groups])


class RuleMaker:
    """Makes the rules of a pipeline.

    Args:
        subject: the pipeline.
        panels: numbers of the panels of its dashboard.
    """

    def __init__(self, subject: Subject, panels: Panels) -> None:
        self._subject = subject
        self._panels = panels
        # The records' own tags: labels whose values the environment of the flow decides.
        self._labels = list(subject.pipeline.labels)

    def rule(self, name: str) -> Rule:
        """The rule of an alert of the pipeline file."""
        pipeline, store = self._subject.pipeline, self._subject.store
        alert = pipeline.alerts[name]
        when = compile_condition(alert.when, pipeline)
        keys = key_columns(pipeline, when.kind, when.target)
        tags = [*keys, *self._labels]
        lasts = name not in self._subject.moments
        seen = holds(pipeline, pace(alert.level).seen_ns, 0 if lasts else MOMENT_NS)
        records = queries.FiringRecords(store, name, tags, seen, level=alert.level, lasts=lasts)
        back_ns = look_back_ns(pipeline, alert) if lasts else MOMENT_NS + reach_ns(pipeline)
        data = _firing(records.state(), back_ns)
        if when.value:
            longest_ns = max(back_ns, *(hold.span_ns for hold in seen))
            data += _valued(records.value(longest_ns), back_ns)
        texts = annotations(name, alert, keys, has_value=bool(when.value))
        panel = self._panel(when)
        return self._made(name, data, texts, {"level": str(alert.level)}, panel)

    def event_level(self) -> Rule:
        """The rule of events that say themselves how urgent they are."""
        keys = [tag for tag in self._subject.alert_tags if tag != "anomaly"]
        tags = ["level", *keys, *self._labels]
        pipeline, store = self._subject.pipeline, self._subject.store
        seen = holds(pipeline, CRITICAL.seen_ns, MOMENT_NS)
        records = queries.FiringRecords(store, EVENT_LEVEL, tags, seen, level=None, lasts=False)
        texts = {
            "summary": f"An event of level {label('level')}",
            "description": "An event says itself, in its field alert_level, that it is critical",
        }
        data = _firing(records.state(), MOMENT_NS + reach_ns(pipeline))
        return self._made(EVENT_LEVEL, data, texts, {}, self._panels[TIMELINE])

    def stopped(self, panel: int) -> Rule:
        """The rule of a flow that writes no more: no alert can begin or end while it does not."""
        name = self._subject.pipeline.pipeline
        query = queries.heartbeats(self._subject.store)
        data = _compared(query, MARGIN_NS, Evaluator(type="lt", params=[1.0]))
        texts = {
            "summary": f"The flow of {name} has stopped",
            "description": "It wrote no record of its own for two minutes: alerts stay as they are",
        }
        labels = {"level": str(STOPPED_LEVEL)}
        made = self._made(FLOW_STOPPED, data, texts, labels, panel)
        change = {"dashboard_uid": FLOW_DASHBOARD, "no_data_state": "KeepLast"}
        return made.model_copy(update=change)

    def _made(
        self,
        name: str,
        data: list[Query],
        texts: dict[str, str],
        labels: dict[str, str],
        panel: int,
    ) -> Rule:
        pipeline = self._subject.pipeline.pipeline
        return Rule(
            uid=uid("tg", pipeline, name),
            title=f"{pipeline}: {name}",
            condition="C",
            data=data,
            dashboard_uid=self._subject.uid,
            panel_id=panel,
            no_data_state="OK",
            exec_err_state="KeepLast",
            for_="0s",
            annotations=texts,
            labels={"alert": name, "pipeline": pipeline, **labels},
            is_paused=False,
        )

    def _panel(self, when: When) -> int:
        """The panel that shows what the alert is about; the alerts' own where there is none."""
        pipeline = self._subject.pipeline
        about: tuple[str, ...] = TIMELINE
        if when.kind == "window" and when.value:
            about = (when.target, when.value)
        elif when.kind in ("match", "timeout"):
            about = (when.target, "matches")
        elif when.kind == "forecast":
            about = tuple(all_forecasts(pipeline)[when.target].on.split("."))
        elif when.kind == "prediction":
            about = ("prediction", when.target)
        elif when.kind == "anomaly":
            anomaly = pipeline.anomalies[when.target]
            about = (anomaly.target, anomaly.fields[0])
            about = about if about in self._panels else ("anomaly", when.target)
        return self._panels.get(about, self._panels[TIMELINE])


def _firing(query: str, back_ns: int) -> list[Query]:
    return _compared(query, back_ns, Evaluator(type="gt", params=[0.0]))


def _compared(query: str, back_ns: int, evaluator: Evaluator) -> list[Query]:
    threshold = ThresholdModel(
        ref_id="C",
        datasource=_EXPRESSION,
        type="threshold",
        expression="B",
        conditions=[Condition(evaluator=evaluator)],
    )
    return [_influx("A", query, back_ns), _last("B", "A"), _expression("C", threshold)]


def _valued(query: str, back_ns: int) -> list[Query]:
    return [_influx("D", query, back_ns), _last("E", "D")]


def _influx(ref_id: str, query: str, back_ns: int) -> Query:
    model = InfluxModel(
        ref_id=ref_id,
        datasource=_INFLUXDB,
        query=query,
        raw_query=True,
        result_format="time_series",
        interval_ms=_STEP_MS,
        max_data_points=_POINTS,
    )
    span = TimeRange(from_=seconds(back_ns), to=0)
    return Query(ref_id=ref_id, datasource_uid=DATA_SOURCE, relative_time_range=span, model=model)


def _last(ref_id: str, of: str) -> Query:
    reduce = ReduceModel(
        ref_id=ref_id,
        datasource=_EXPRESSION,
        type="reduce",
        expression=of,
        reducer="last",
        settings=ReduceSettings(mode="dropNN"),
    )
    return _expression(ref_id, reduce)


def _expression(ref_id: str, model: ReduceModel | ThresholdModel) -> Query:
    span = TimeRange(from_=0, to=0)
    return Query(ref_id=ref_id, datasource_uid=EXPRESSIONS, relative_time_range=span, model=model)


def _group(subject: Subject, pace: Pace, rules: Sequence[Rule]) -> Group:
    return Group(
        org_id=1,
        name=pace.group,
        folder=subject.pipeline.pipeline,
        interval=duration(pace.evaluation_ns),
        rules=list(rules),
    )
