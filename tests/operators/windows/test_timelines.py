"""When windows close and what they count, drawn as timelines.

A timeline is read from left to right. Above, the events: `a12` is an event at second 12 in
partition a, `a-` makes partition a idle, `|` finishes all. Below, a row for each window: under an
event `+` where it is counted on time, `c` where it corrects; `=3` where the first result comes,
with how many events it counts, and `~4` where the corrected one comes. What is not drawn must not
happen.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from tests.operators.windows.harness import Flow, make_plan, make_source
from tidegauge.batch import PartitionState

_Results = dict[str, dict[int, list[str]]]


@dataclass
class Timeline:
    """A parsed drawing: steps by column, and by window and column what is given."""

    steps: list[tuple[int, str]]
    results: _Results = field(default_factory=lambda: defaultdict(dict))


def parse(drawing: str) -> Timeline:
    head, *rows = [line for line in drawing.splitlines() if line.strip()]
    timeline = Timeline([(m.start(), m.group()) for m in re.finditer(r"\S+", head)])
    columns = {column for column, _ in timeline.steps}
    for row in rows:
        label, *cells = re.finditer(r"\S+", row)
        events = {"+": 0, "c": 0}
        for cell in cells:
            assert cell.start() in columns, f"{row!r}: {cell.group()} stands under no event"
            given = re.findall(r"[=~]\d+", cell.group())
            for mark in events:
                events[mark] += cell.group().count(mark)
            for result in given:
                count = events["+"] + (events["c"] if result[0] == "~" else 0)
                assert int(result[1:]) == count, f"{row!r}: drawn are {count} events, not {result}"
            if given:
                timeline.results[label.group()][cell.start()] = given
    return timeline


def run(drawing: str, *, size: int, every: int | None, bound: int, lateness: int) -> _Results:
    source = make_source(bound=bound * 1_000, lateness=lateness * 1_000)
    plan = make_plan(source, size=size * 1_000, every=every and every * 1_000)
    steps = parse(drawing).steps
    names = sorted({step[0] for _, step in steps if step != "|"})
    flow = Flow(source, [plan], partitions=len(names))
    results: _Results = defaultdict(dict)
    for column, step in steps:
        if step == "|":
            made = flow.finish()
        elif step.endswith("-") and len(step) == 2:
            made = flow.quiet(names.index(step[0]), PartitionState.IDLE)
        else:
            made = flow.events(names.index(step[0]), [{"ts": float(step[1:]) * 1_000}])
        for record in made:
            for row in record.frame.iter_rows(named=True):
                start, end = (row[key] // 10**9 for key in ("start_ns", "time_ns"))
                mark = "=~"[row["revision"]]
                results[f"{start}..{end}"].setdefault(column, []).append(f"{mark}{row['n']}")
    return results


def check(
    drawing: str, *, size: int = 10, every: int | None = None, bound: int = 0, lateness: int = 0
) -> None:
    drawn = parse(drawing).results
    assert run(drawing, size=size, every=every, bound=bound, lateness=lateness) == drawn


def test_a_tumbling_window_closes_when_the_watermark_reaches_its_end() -> None:
    check(
        """
                  a1    a4    a9.9  a10   a12   a20   |
        0..10     +     +     +     =3
        10..20                      +     +     =2
        20..30                                  +     =1
        """
    )


def test_the_out_of_orderness_delays_the_close_and_lets_stragglers_in() -> None:
    check(
        """
                  a1    a9    a10.9 a9.5  a12   |
        0..10     +     +           +     =3
        10..20                +           +     =2
        """,
        bound=2,
    )


def test_windows_without_events_give_nothing() -> None:
    check(
        """
                  a1    a55   |
        0..10     +     =1
        50..60          +     =1
        """
    )


def test_windows_begin_at_multiples_of_their_step_also_before_the_epoch() -> None:
    check(
        """
                  a-25   a-20.1 a-20   a-1    a0     |
        -30..-20  +      +      =2
        -20..-10                +      =1
        -10..0                         +      =1
        0..10                                 +      =1
        """
    )


def test_late_events_correct_once_at_the_end_plus_the_lateness() -> None:
    check(
        """
                  a1    a12   a8    a5    a14.9 a17   |
        0..10     +     =1    c     c           ~3
        10..20          +                 +     +     =3
        """,
        lateness=7,
    )


def test_a_window_without_corrections_has_no_second_result() -> None:
    check(
        """
                  a1    a12   a11   a30   |
        0..10     +     =1
        10..20          +     c     =1~2
        30..40                      +     =1
        """,
        lateness=5,
    )


def test_a_late_event_of_a_window_that_is_still_open_is_a_correction_all_the_same() -> None:
    check(
        """
                  a6    a3    a10   a15   |
        0..10     +     c     =1    ~2
        10..20                +     +     =2
        """,
        lateness=5,
    )


def test_a_window_with_late_events_only_has_only_a_corrected_result() -> None:
    check(
        """
                  a21   a16   a26   |
        10..20          c     ~1
        20..30    +           +     =2
        """,
        lateness=6,
    )


def test_dead_events_are_in_no_result() -> None:
    check(
        """
                  a1    a12   a6    a15   a9    |
        0..10     +     =1
        10..20          +           +           =2
        """,
        lateness=5,
    )


def test_sliding_windows_overlap() -> None:
    check(
        """
                  a1    a6    a11   a16   |
        -5..5     +     =1
        0..10     +     +     =2
        5..15           +     +     =2
        10..20                +     +     =2
        15..25                      +     =1
        """,
        every=5,
    )


def test_sliding_windows_whose_step_does_not_divide_their_size() -> None:
    check(
        """
                  a1    a5    a8    a13   |
        -8..2     +     =1
        -4..6     +     +     =2
        0..10     +     +     +     =3
        4..14           +     +     +     =3
        8..18                 +     +     =2
        12..22                      +     =1
        """,
        every=4,
    )


def test_sliding_windows_with_gaps_between_them_leave_out_what_lies_there() -> None:
    check(
        """
                  a1    a6    a11   a22   |
        0..5      +     =1
        10..15                +     =1
        20..25                      +     =1
        """,
        size=5,
        every=10,
    )


def test_a_correction_corrects_every_window_it_is_in() -> None:
    check(
        """
                  a1    a11   a6    a14   a19   |
        -5..5     +     =1
        0..10     +     =1    c           ~2
        5..15           +     c     +     =2    ~3
        10..20          +           +     +     =3
        15..25                            +     =1
        """,
        every=5,
        lateness=5,
    )


def test_the_slowest_partition_decides() -> None:
    check(
        """
                  a1    b2    a15   b5    b9    b11   |
        0..10     +     +           +     +     =4
        10..20                +                 +     =2
        """
    )


def test_nothing_closes_before_every_partition_was_heard_of() -> None:
    check(
        """
                  a1    a15   a25   b12   |
        0..10     +                 =1
        10..20          +           +     =2
        20..30                +           =1
        """
    )


def test_an_idle_partition_holds_nothing_back() -> None:
    check(
        """
                  a1    b2    a15   b-    a25   |
        0..10     +     +           =2
        10..20                +           =1
        20..30                            +     =1
        """
    )


def test_a_partition_that_wakes_is_judged_by_what_passed_meanwhile() -> None:
    check(
        """
                  a1    b2    a15   b-    b9    b16   a25   b26   b30   a30   |
        0..10     +     +           =2    c                 ~3
        10..20                +                 +           =2
        20..30                                        +     +           =2
        30..40                                                    +     +     =2
        """,
        lateness=8,
    )


def test_while_all_are_idle_nothing_closes() -> None:
    check(
        """
                  a5    b2    a15   a-    b-    |
        0..10     +     +                       =2
        10..20                +                 =1
        """
    )
