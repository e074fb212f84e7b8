"""Cumulative windows, drawn as timelines (see `timelines`)."""

from typing import Any

from tests.operators.windows import timelines


def check(drawing: str, **given: Any) -> None:
    timelines.check(drawing, cumulative={"size": "10s", "every": "5s"}, **given)


def test_each_step_gives_the_period_so_far_also_when_nothing_new_came() -> None:
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
