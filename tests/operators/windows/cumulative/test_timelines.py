"""Cumulative windows, drawn as timelines (see `timelines`)."""

from typing import Any

from tests.operators.windows import timelines


def check(drawing: str, **given: Any) -> None:
    timelines.check(drawing, cumulative={"size": "10s", "every": "5s"}, **given)


def test_a_step_that_changes_the_period_so_far_gives_it_and_the_last_one_does_too() -> None:
    check(
        """
                  a1    a6    a7    a12   a31   |
        0..5      +     =1
        0..10     +     +     +     =3
        10..15                      +     =1
        10..20                      +     =1
        30..35                            +     =1
        30..40                            +     =1
        """
    )


def test_steps_that_change_nothing_give_no_result() -> None:
    timelines.check(
        """
                    a1k   a4k   a11m  a12k  a27m  |
        k:0..5      +     +     =2
        k:0..15     +     +           +     =3
        k:0..20     +     +           +     =3
        m:0..15                 +           =1
        m:0..20                 +           =1
        m:20..30                            +     =1
        m:20..40                            +     =1
        """,
        cumulative={"size": "20s", "every": "5s"},
        by=["k"],
    )


def test_a_correction_corrects_the_results_after_it_and_makes_one_in_its_own_step() -> None:
    timelines.check(
        """
                  a1    a12   a8    a31   |
        0..5      +     =1
        0..10     +           c     ~2
        0..15     +     +     c     =2~3
        0..20     +     +     c     =2~3
        20..35                      +     =1
        20..40                      +     =1
        """,
        cumulative={"size": "20s", "every": "5s"},
        lateness=5,
    )


def test_a_correction_corrects_every_step_after_it() -> None:
    check(
        """
                  a1    a6    a4    a12   a16   |
        0..5      +     =1    c     ~2
        0..10     +     +     c     =2    ~3
        10..15                      +     =1
        10..20                      +     +     =2
        """,
        lateness=5,
    )


def test_a_period_with_corrections_only_has_corrected_results_only() -> None:
    check(
        """
                  a21   a16   a26   |
        10..20          c     ~1
        20..25    +           =1
        20..30    +           +     =2
        """,
        lateness=6,
    )


def test_a_key_has_results_from_its_first_event_in_the_period_on() -> None:
    check(
        """
                    a1k   a6m   a11k  |
        k:0..5      +     =1
        k:0..10     +           =1
        m:0..10           +     =1
        k:10..15                +     =1
        k:10..20                +     =1
        """,
        by=["k"],
    )
