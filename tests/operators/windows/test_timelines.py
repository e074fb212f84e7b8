"""Tumbling and sliding windows, drawn as timelines (see `timelines`)."""

from typing import Any

from tests.operators.windows import timelines


def check(drawing: str, *, size: int = 10, every: int | None = None, **bounds: Any) -> None:
    shape: dict[str, Any] = {"tumbling": {"size": f"{size}s"}}
    if every is not None:
        shape = {"sliding": {"size": f"{size}s", "every": f"{every}s"}}
    timelines.check(drawing, **shape, **bounds)


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


def test_early_results_come_when_the_watermark_passes_their_moment() -> None:
    """Each counts what was before its moment, though more has come."""
    check(
        """
                  a1    a6    a7    a12   |
        0..10     +     +<1   +     =3
        10..20                      +     <1=1
        """,
        early="5s",
    )


def test_a_window_that_is_passed_at_once_has_all_its_early_results() -> None:
    check(
        """
                  a1    a30      |
        0..9      +     <1<1=1
        27..36          +        <1=1
        """,
        size=9,
        early="3s",
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
