"""Each kind of mistake in a pipeline file, and what is said of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tidegauge.spec.loader import parse_pipeline
from tidegauge.spec.mistakes import Mistakes

GOOD = """\
version: 1
pipeline: payments
labels: {team: risk}
sources:
  payments:
    kafka: {topic: payments}
    event_time: {field: ts, format: epoch_ms, lateness: 1m}
    fields:
      card: {type: string}
      amount: {type: float}
      status: {type: string}
      region: {type: string}
    filter: status <> 'test'
    derive: {failed: "status = 'fail'"}
windows:
  spend:
    from: payments
    sliding: {size: 60s, every: 10s}
    by: [region]
    select:
      count: count(*)
      failure_rate: {expr: avg(failed), unit: percentunit}
anomalies:
  unusual: {on: spend.count}
alerts:
  failures:
    when: spend.failure_rate > 0.05
    clear: spend.failure_rate < 0.03
    level: 8
    summary: "{region}: {value}"
output:
  influxdb: {bucket: analytics, retention: 30d}
  kafka: {topic: real-time-analytics}
"""


def mistakes(text: str, folder: Path = Path(), **environment: str) -> list[str]:
    """Mistakes of a file called f.yaml, without its name."""
    try:
        parse_pipeline(text, "f.yaml", folder, environment)
    except Mistakes as found:
        lines = str(found).split("\n")
        assert all(line.startswith("f.yaml:") for line in lines)
        return [line.removeprefix("f.yaml:") for line in lines]
    return []


def test_the_good_file_has_none() -> None:
    assert mistakes(GOOD) == []


def cases(name: str = "mistakes.txt") -> Iterator[tuple[str, str, str]]:
    """Text in the good file, what it becomes, and the mistake that makes."""
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    told = [line[2:].replace("\\n", "\n") for line in lines if line[:2] in ("-|", "+|", "!|")]
    yield from zip(told[::3], told[1::3], told[2::3], strict=True)


@pytest.mark.parametrize(("old", "new", "mistake"), list(cases()))
def test_is_told_with_line_and_key_and_what_is_allowed(old: str, new: str, mistake: str) -> None:
    assert old in GOOD
    assert mistakes(GOOD.replace(old, new, 1)) == [mistake]


def test_names_of_windows_are_not_those_of_sources_and_measurements() -> None:
    renamed = GOOD.replace("spend", "payments")
    assert "a source is called payments too, and alerts could mean either" in mistakes(renamed)[0]
    for name in ("alerts", "dead_letters", "flow", "events_payments"):
        renamed = GOOD.replace("spend", name)
        assert mistakes(renamed) == [
            f"16: windows.{name}: {name} is the name of a measurement of ours; take another"
        ]


def test_a_key_column_is_no_column_of_a_record() -> None:
    text = GOOD.replace("region", "state")
    assert mistakes(text) == [
        (
            "19: windows.spend.by[0]: state cannot be a key, for records of alerts have a column "
            "of that name; give it another with derive, such as state_key: '\"state\"'"
        )
    ]
    assert mistakes(GOOD.replace("region", "start_ns"))[0].startswith(
        "19: windows.spend.by[0]: start_ns cannot be a key, for records have a column of that name"
    )
    assert mistakes(GOOD.replace("region", "score")) == [
        (
            "24: anomalies.unusual.on: score cannot be a key, for records of anomalies have a "
            "column of that name; give it another with derive, such as score_key: '\"score\"'"
        )
    ]


def test_tests_name_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "some.jsonl").touch()
    expect = "{alerts: [failurs], anomalies: [unusual], windows: {spnd: 1}, dead_letters: -1}"
    text = (
        GOOD
        + f"tests:\n- {{events: some.jsonl, expect: {expect}}}\n- {{events: x, expect: {{}}}}\n"
    )
    assert mistakes(text, tmp_path) == [
        (
            "35: tests[0].expect.alerts[0]: unknown alert 'failurs' (did you mean failures?); "
            "allowed: failures"
        ),
        "35: tests[0].expect.dead_letters: -1 is not allowed; allowed: at least 0",
        (
            "35: tests[0].expect.windows.spnd: unknown window 'spnd' (did you mean spend?); "
            "allowed: spend"
        ),
        "36: tests[1].events: there is no file x; allowed: a path relative to the pipeline file",
    ]


def test_tests_say_which_source_where_there_are_several(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    second = "  others:\n    kafka: {topic: others}\n    event_time: {field: ts}\n    fields: {}\n"
    text = GOOD.replace("windows:\n", f"{second}windows:\n")
    test = "tests:\n- {events: x, expect: {}}\n- {events: x, source: other, expect: {}}\n"
    assert mistakes(text + test, tmp_path) == [
        "39: tests[0].source: there are several sources: name one of payments, others",
        (
            "40: tests[1].source: unknown source 'other' (did you mean others?); "
            "allowed: others, payments"
        ),
    ]


def test_all_are_told_at_once_and_none_that_only_follows() -> None:
    text = (
        GOOD.replace("amount: {type: float}", "amount: {type: flot}")
        .replace("status = 'fail'", "statu = 'fail'")
        .replace("from: payments", "form: payments")
        .replace("size: 60s", 'size: "${SIZE}"')
        .replace("count: count(*)", "total: sum(amount)\n      odd: sum(amout)")
        .replace("level: 8", "level: 11")
    )
    assert [line.split(": ")[1] for line in mistakes(text)] == [
        "sources.payments.fields.amount.type",
        "sources.payments.derive.failed",
        "windows.spend.form",
        "windows.spend.sliding.size",
        "windows.spend.select.odd",
        "anomalies.unusual.on",
        "alerts.failures.level",
    ]


def test_a_broken_declaration_is_not_unknown() -> None:
    """Whoever names a column, window or anomaly that is declared wrongly is not wrong for it."""
    text = GOOD.replace("on: spend.count", "off: spend.count") + ("  # more\n")
    text = text.replace("when: spend.failure_rate > 0.05", "when: anomaly(unusual)")
    text = text.replace("    clear: spend.failure_rate < 0.03\n", "")
    assert [line.split(": ")[1] for line in mistakes(text)] == [
        "anomalies.unusual.off",
        "anomalies.unusual.on",
    ]
