"""The rows of the dashboard about the flows themselves."""

from grafana.panels import lines, numbers, tables
from grafana.panels.frame import Frame, unit
from grafana.panels.tables import Grouped, Shown
from grafana.queries import flow
from grafana.rows.row import Row, Spot
from grafana.targets import series, table
from tidegauge.catalogue import DEAD_LETTER_SIGNAL, FLOW_SIGNAL, WINDOW_STATE_SIGNAL
from tidegauge.spec.models import Dashboard

RATE = ("flow", "rate")
_FIELDS = {column.name: column for column in FLOW_SIGNAL.fields}
_LETTERS = {column.name: column for column in DEAD_LETTER_SIGNAL.columns}
_GROWTH = "cps"
_SOME = {"warning": 1.0}


def rows(chart: Dashboard) -> list[Row]:
    """Now, throughput by topic and partition, what windows hold, dead letters.

    Args:
        chart: how live its charts are.
    """
    return [
        Row("Now", [_rate_now(chart), _watermark(chart), _refused(chart)]),
        Row("Throughput", [_rate(chart), _growth(chart), _partitions(chart)]),
        Row("Windows", [_windows(chart)]),
        Row("Dead letters", [_kinds(chart), _newest(chart)]),
    ]


def _rate_now(chart: Dashboard) -> Spot:
    about = f"{_FIELDS['rate'].description}, all partitions together"
    target = series("A", flow.rate_now(), "rate")
    frame = _frame(chart, "Rate now", about, 8, 5, flow.RATE_NS)
    panel = numbers.number(frame, target, unit(_FIELDS["rate"]))
    return Spot(panel, ("flow", "rate", "now"))


def _watermark(chart: Dashboard) -> Spot:
    about = "Age of the lowest watermark: results are complete up to it"
    target = series("A", flow.watermark_now(), "watermark")
    frame = _frame(chart, "Watermark now", about, 8, 5, flow.NEWEST_NS)
    panel = numbers.number(frame, target, "dateTimeFromNow")
    return Spot(panel, ("flow", "watermark_ns"))


def _refused(chart: Dashboard) -> Spot:
    about = f"{DEAD_LETTER_SIGNAL.description}: how many in the time range"
    target = series("A", flow.dead_letters_now(), "dead letters")
    frame = _frame(chart, "Dead letters in range", about, 8, 5)
    panel = numbers.number(
        frame, target, "short", thresholds=_SOME, none=numbers.UNKNOWN, total="dead letters"
    )
    return Spot(panel, ("dead_letters", "number"))


def _rate(chart: Dashboard) -> Spot:
    about = f"{_FIELDS['rate'].description}, by topic"
    targets = [series("A", flow.rate(), "$tag_topic")]
    frame = _frame(chart, "Rate by topic", about, 12, 8)
    return Spot(lines.lines(frame, targets, unit(_FIELDS["rate"])), RATE)


def _growth(chart: Dashboard) -> Spot:
    meanings = "; ".join(f"{name}: {_FIELDS[name].description}" for name in flow.COUNTERS)
    targets = [
        series(letter, flow.growth(counter), counter)
        for letter, counter in zip("ABCD", flow.COUNTERS, strict=True)
    ]
    frame = _frame(chart, "What became of the messages", f"A second. {meanings}", 12, 8)
    return Spot(lines.lines(frame, targets, _GROWTH), ("flow", "growth"))


def _partitions(chart: Dashboard) -> Spot:
    counters = ("processed", "rate", *flow.COUNTERS)
    columns = [
        Shown("source", "source"),
        Shown("topic", "topic"),
        Shown("partition", "partition", width=90),
        *(Shown(name, name, unit(_FIELDS[name])) for name in counters),
        Shown("watermark", "watermark", "dateTimeAsIso", 190),
        Shown("Time", "written", "dateTimeFromNow", 160),
    ]
    about = "The newest counts of each partition, of the last hour"
    target = table("A", flow.partitions())
    frame = _frame(chart, "Partitions now", about, 24, 9, flow.NEWEST_NS)
    panel = tables.rows(frame, target, columns)
    return Spot(panel, ("flow", "partitions"))


def _windows(chart: Dashboard) -> Spot:
    held = {column.name: column for column in WINDOW_STATE_SIGNAL.fields}
    columns = [
        Shown("window", "window"),
        *(Shown(name, name, unit(held[name])) for name in flow.HELD),
        Shown("Time", "written", "dateTimeFromNow", 160),
    ]
    together = {**dict.fromkeys(flow.HELD, "sum"), "Time": "max"}
    meanings = "; ".join(f"{name}: {held[name].description}" for name in flow.HELD)
    target = table("A", flow.windows())
    about = f"All key groups together. {meanings}"
    frame = _frame(chart, "State of the windows now", about, 24, 8, flow.NEWEST_NS)
    panel = tables.rows(frame, target, columns, grouped=Grouped("window", together))
    return Spot(panel, ("window_state", "windows"))


def _kinds(chart: Dashboard) -> Spot:
    about = f"{DEAD_LETTER_SIGNAL.description}, by kind: {_LETTERS['kind'].description}"
    targets = [series("A", flow.dead_letters(), "$tag_kind")]
    panel = lines.bars(_frame(chart, "Dead letters by kind", about, 24, 8), targets, "short")
    return Spot(panel, ("dead_letters", "kinds"))


def _newest(chart: Dashboard) -> Spot:
    about = f"The newest {flow.LISTED}; their payload is in the dead-letter topic"
    columns = [
        Shown("Time", "When", "dateTimeAsIso", 190),
        Shown("kind", "Kind", width=120),
        Shown("topic", "Topic", width=200),
        Shown("partition", "Partition", width=90),
        Shown("offset", "Offset", width=120),
        Shown("reason", "Reason"),
    ]
    target = table("A", flow.newest_dead_letters())
    panel = tables.rows(_frame(chart, "Newest dead letters", about, 24, 9), target, columns)
    return Spot(panel, ("dead_letters", "list"))


def _frame(
    chart: Dashboard,
    title: str,
    about: str,
    width: int,
    height: int,
    look_back_ns: int | None = None,
) -> Frame:
    return Frame(title, about, width, height, chart.buffer, chart.update, look_back_ns)
